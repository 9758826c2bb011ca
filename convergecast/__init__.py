"""ConvergeCast: cameras of many machines on one page.

From 1.29 on, ONNX Runtime's builds send trace events to their maker, unless a variable is set
before they are loaded (ADR 30). Every process imports this package before anything else.

Process: any.
"""

import os

__version__ = "0.1.0"

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
