"""Passwords that cameras have refused: none is shown again for some minutes.

A camera may lock its user out after a few wrong passwords, for all programs. A recorder has one
password for many cameras, so what counts is place and password, not the camera.

Process: hub.
"""

from __future__ import annotations

import hashlib
import threading

from convergecast.protocol.urls import read_address

AGAIN_S = 300.0
_MOST = 4096


def credential_of(source: str) -> str:
    """Return a word for the place and the password of an address; nothing can be read from it."""
    address = read_address(source)
    rest = "" if address.user else address.url
    parts = (address.host, str(address.port), address.user, address.password, rest)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


class Refusals:
    """When passwords were refused and accepted, by `credential_of`. Any thread may call it."""

    def __init__(self) -> None:
        """Begin knowing of none."""
        self._lock = threading.Lock()
        self._refused_at: dict[str, float] = {}
        self._accepted: dict[str, None] = {}

    def refuse(self, credential: str, at: float) -> None:
        """Note that a password was refused at a UNIX time."""
        with self._lock:
            self._accepted.pop(credential, None)
            self._refused_at[credential] = at
            _shorten(self._refused_at)

    def accept(self, credential: str) -> None:
        """Note that a password was accepted."""
        with self._lock:
            self._refused_at.pop(credential, None)
            self._accepted[credential] = None
            _shorten(self._accepted)

    def is_accepted(self, credential: str) -> bool:
        """Whether a password is known to be right."""
        return credential in self._accepted

    def left_s(self, credential: str, now: float) -> float:
        """Return for how many seconds from the UNIX time `now` it may not be shown; 0: it may."""
        with self._lock:
            at = self._refused_at.get(credential)
            if at is not None and at > now:  # the clock was set back, which must not lengthen it
                at = self._refused_at[credential] = now
        return 0.0 if at is None else max(0.0, at + AGAIN_S - now)


def _shorten(known: dict[str, float] | dict[str, None]) -> None:
    while len(known) > _MOST:
        known.pop(next(iter(known)))
