"""`python -m convergecast analyze`: the hub's pipeline on files, without a hub.

Process: command.
"""
