"""The agents' token: one per hub, shown on its page, kept in its database. Process: hub, command.

It is read for each registration, so that a new one counts as soon as a command has made it.
"""

from __future__ import annotations

import hmac
import secrets

from convergecast.storage.database import Database


def agent_token(database: Database, *, rotate: bool = False) -> str:
    """Return the hub's agent token, made at first use; with `rotate`, a new one."""
    if not rotate:
        rows = database.read("SELECT value FROM hub_values WHERE name = 'agent_token'")
        if rows:
            return str(rows[0]["value"])
    token = secrets.token_hex(20)  # begins with no dash, so it can follow an option
    conflict = "UPDATE SET value = excluded.value" if rotate else "NOTHING"
    database.execute(
        "INSERT INTO hub_values VALUES ('agent_token', ?) "  # noqa: S608 - one of two literals
        f"ON CONFLICT (name) DO {conflict}",
        (token,),
    )
    rows = database.read("SELECT value FROM hub_values WHERE name = 'agent_token'")
    return str(rows[0]["value"])


def is_agent_token(database: Database, token: str | None) -> bool:
    """Whether an agent presented the hub's agent token."""
    if token is None:
        return False
    return hmac.compare_digest(token.encode(), agent_token(database).encode())
