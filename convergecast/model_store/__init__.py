"""Which models there are, where they lie, and that they are whole.

Process: hub, engine, command.
"""
