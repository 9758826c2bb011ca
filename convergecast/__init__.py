"""ConvergeCast: cameras of many machines on one page. Process: any."""

__version__ = "0.1.0"
