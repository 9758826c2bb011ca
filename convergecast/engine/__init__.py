"""The engine: one process per device that holds the models and serves every camera.

Process: engine, hub, worker.
"""
