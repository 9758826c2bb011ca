"""Clips of events: recorded by the workers, shown and deleted by the hub. Process: worker, hub."""
