"""Loops compiled by numba, each with a NumPy version of the same. Process: engine, command."""
