"""Real hubs, agents and viewers that tests and benches start."""
