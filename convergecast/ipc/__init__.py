"""How the hub's processes are started and speak with each other. Process: hub, worker, engine."""
