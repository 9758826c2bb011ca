"""The agents' token: one per hub, shown on its page, kept in its database.

It is read for each registration, so that a new one counts as soon as a command has made it.

Process: hub, command.
"""

from __future__ import annotations

import hmac
import secrets

from convergecast.storage.database import Database
from convergecast.storage.hub_values import add_value, set_value, stored_value

_STORED_AS = "agent_token"


def agent_token(database: Database, *, rotate: bool = False) -> str:
    """Return the hub's agent token, made at first use; with `rotate`, a new one."""
    if not rotate and (stored := stored_value(database, _STORED_AS)):
        return stored
    token = secrets.token_hex(20)  # begins with no dash, so it can follow an option
    store = set_value if rotate else add_value
    database.write(lambda connection: store(connection, _STORED_AS, token))
    return stored_value(database, _STORED_AS) or token


def is_agent_token(database: Database, token: str | None) -> bool:
    """Whether an agent presented the hub's agent token."""
    if token is None:
        return False
    return hmac.compare_digest(token.encode(), agent_token(database).encode())
