"""Detectors of faces and objects, and the networks behind them. Importing it loads no model.

Process: engine, command.
"""
