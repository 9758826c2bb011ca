"""Who the faces belong to: the people who are known, and how they are told.

Process: hub, command.
"""
