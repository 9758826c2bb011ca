"""The table of single values of a hub, by name. Process: hub, command."""

from __future__ import annotations

import sqlite3

from convergecast.storage.database import Database

_ADD = "INSERT INTO hub_values (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
_SET = "INSERT OR REPLACE INTO hub_values (name, value) VALUES (?, ?)"


def stored_value(database: Database, name: str) -> str | None:
    """Return a value; None if it was never set."""
    rows = database.read("SELECT value FROM hub_values WHERE name = ?", (name,))
    return rows[0]["value"] if rows else None


def add_value(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Write a value unless there is one; of two processes that try, the first one wins."""
    connection.execute(_ADD, (name, value))


def set_value(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Write a value."""
    connection.execute(_SET, (name, value))
