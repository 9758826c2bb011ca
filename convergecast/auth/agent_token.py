"""The agents' token: one per hub, shown on its page, kept in its database.

It is read for each registration, so that a new one counts as soon as a command has made it.

Process: hub, command.
"""

from __future__ import annotations

import hmac
import secrets
import sqlite3

from convergecast.clock import Clock
from convergecast.storage import audit
from convergecast.storage.audit import Actor, AuditKind, Change
from convergecast.storage.database import Database
from convergecast.storage.hub_values import add_value, set_value, stored_value

_STORED_AS = "agent_token"


def agent_token(database: Database) -> str:
    """Return the hub's agent token, made at first use."""
    if stored := stored_value(database, _STORED_AS):
        return stored
    token = _new_token()
    database.write(lambda connection: add_value(connection, _STORED_AS, token))
    return stored_value(database, _STORED_AS) or token


def rotate_agent_token(database: Database, clock: Clock, by: Actor) -> str:
    """Replace the hub's agent token, and return the new one."""
    token = _new_token()

    def write(connection: sqlite3.Connection) -> None:
        set_value(connection, _STORED_AS, token)
        change = Change(by=by, at=clock.now(), action="replaced", kind=AuditKind.AGENT_TOKEN)
        audit.note(connection, change)

    database.write(write)
    return token


def _new_token() -> str:
    return secrets.token_hex(20)  # begins with no dash, so it can follow an option


def is_agent_token(database: Database, token: str | None) -> bool:
    """Whether an agent presented the hub's agent token."""
    if token is None:
        return False
    return hmac.compare_digest(token.encode(), agent_token(database).encode())
