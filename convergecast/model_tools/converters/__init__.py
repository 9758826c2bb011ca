"""Converts published model files into the files of the model store. Process: command."""
