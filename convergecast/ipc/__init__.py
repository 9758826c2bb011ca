"""Starts the hub's processes and carries their messages. Process: hub, worker, engine."""
