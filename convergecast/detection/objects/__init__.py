"""Detectors of objects. Process: engine, command."""
