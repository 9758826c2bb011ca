"""Pictures and results on their way to browsers. Process: hub."""
