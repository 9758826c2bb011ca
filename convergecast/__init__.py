"""ConvergeCast: cameras of many machines on one page."""

__version__ = "0.1.0"
