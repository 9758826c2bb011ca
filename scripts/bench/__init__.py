"""What `python -m convergecast bench` measures. Process: command, in a checkout."""
