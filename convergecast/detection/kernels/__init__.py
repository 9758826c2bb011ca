"""Compiled loops, each beside its NumPy twin. Process: engine, command."""
