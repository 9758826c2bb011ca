"""Delivers pictures and results to viewers. Process: hub."""
