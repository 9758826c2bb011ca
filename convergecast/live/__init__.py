"""Pictures and results on their way to browsers. Hub process."""
