"""What outlives the hub: one SQLite file with one writer. Hub process only."""
