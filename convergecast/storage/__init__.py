"""What is kept on disk: SQLite files with one writer each. Process: hub, command."""
