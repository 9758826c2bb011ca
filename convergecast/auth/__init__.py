"""Who may do what: tokens, sessions, and the rule that every route declares. Process: hub."""
