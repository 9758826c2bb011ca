"""Pictures, boxes and faces as arrays. It needs no model and starts no process.

Process: engine, hub, command.
"""
