"""What happened before the cameras, kept over time. Process: hub."""
