"""What is in a picture: the model store and its carriers, and the detectors. Loads nothing.

Process: engine, command.
"""
