"""The model store: the known models, their files on the disk, and the checks of these files.

Process: hub, engine, command.
"""
