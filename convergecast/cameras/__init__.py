"""Cameras: their identity and settings, the worker process of each, and the messages from it.

Process: hub, worker.
"""
