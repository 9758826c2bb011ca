"""Cameras: who they are, the process that pulls each one, and what comes out of it.

Process: hub, worker.
"""
