"""Commands that fetch, convert, inspect and add models. Process: command."""
