"""Pictures, boxes and faces as plain arrays: no model, no file, no process of its own.

Process: engine, hub, command.
"""
