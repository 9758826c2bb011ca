"""What outlives the hub: one SQLite file with one writer. Process: hub, command."""
