"""Addresses of cameras: what may be shown of one, and its user and password.

Passwords stand in many places of an address, so only what is known to be harmless is shown.
Process: agent, hub, worker.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

UNREADABLE = "(an address that cannot be read)"
ESCAPE = (
    "the address of the camera cannot be read: percent-encode what its user, password and path "
    "have of these characters: @ as %40, # as %23, / as %2F, ? as %3F, [ as %5B, ] as %5D"
)
_HIDDEN = "…"

_WORDS = "user|usr|pass|pwd|psw|login|account|admin|root|token|key|auth|secret|sign|cred"
_NAMING = re.compile(_WORDS, re.IGNORECASE)
# A part of a path that names a user or a password, holds key and value, or is as long and mixed as
# a secret. What follows it may be the value.
_SUSPICIOUS = re.compile(
    rf"{_WORDS}|[=&;:,@%\\]|(?=[A-Z]*[0-9])[A-Z0-9]{{16,}}|[A-Z0-9_.-]{{33,}}", re.IGNORECASE
)


class Address(NamedTuple):
    """An address without user and password, and these two, decoded; "" if there are none."""

    url: str
    host: str
    port: int | None
    user: str
    password: str


def read_address(text: str) -> Address:
    """Return the parts of a camera's address.

    Raises:
        ValueError: it cannot be read, or could be read in two ways. The text says what to do, and
            has nothing of the address.
    """
    parts = _split(text)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    place = parts.netloc.rpartition("@")[2]
    url = urlunsplit((parts.scheme, place, parts.path, parts.query, ""))
    return Address(url, parts.hostname or "", parts.port, unquote(user), unquote(password))


def has_credentials(source: str) -> bool:
    """Whether a source is an address that seems to have a user or a password in it."""
    shown = without_credentials(source)
    if "://" not in source or shown == source:
        return False
    return "@" in source or _HIDDEN in shown or bool(_NAMING.search(source.partition("?")[2]))


def without_credentials(source: str) -> str:
    """Return what of a source may be shown: of an address no user, password, query or fragment.

    A path ends where it may name a user or a password. Other text stays as it is.
    """
    if "://" not in source:
        return source
    try:
        parts = _split(source)
    except ValueError:
        return UNREADABLE
    shown: list[str] = []
    for part in parts.path.split("/"):
        if _SUSPICIOUS.search(part):
            shown.append(_HIDDEN)
            break
        shown.append(part)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, "/".join(shown), "", ""))


def _split(text: str) -> SplitResult:
    """Split an address in which an @ stands once at most, before the host.

    Without an escape, a password with an @, # or / would end the host's part within itself, and
    its rest would be taken for the path.
    """
    try:
        parts = urlsplit(text)
        readable = bool(parts.netloc) and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port that is no number
        readable = False
    if not readable or text.count("@") > 1 or ("@" in text and "@" not in parts.netloc):
        raise ValueError(ESCAPE)
    return parts
