"""Measures the system as a whole, each figure beside its baseline: `convergecast bench`."""
