"""Face recognition: the enrolled people, and how a face is matched with them.

Process: hub, command.
"""
