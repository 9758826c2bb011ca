"""Passwords: which ones are refused, and their hashes (argon2id, RFC 9106).

At most two are hashed at a time, because each takes memory and a processor for a while.

Process: hub, command.
"""

from __future__ import annotations

import base64
import secrets
import threading
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING

from convergecast.auth.trivial import is_trivial
from convergecast.errors import InvalidInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_PASSWORD, MAX_PASSWORD = 8, 200
"""Characters."""
_AT_ONCE = 2
_SALT_BYTES, _HASH_BYTES = 16, 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What a hash takes; the default is RFC 9106's second choice, for little memory."""

    passes: int = 3
    memory_kib: int = 65_536
    threads: int = 4


class Passwords:
    """Hashes and compares passwords; methods may be called from any thread."""

    def __init__(self, cost: Cost | None = None) -> None:
        """Take what a hash costs."""
        self._cost = cost or Cost()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._nobodys = self._hash_of_nothing()

    def hash(self, password: str) -> str:
        """Return what is stored of a password: argon2's text with its cost and salt."""
        with self._turns:
            return self._hasher.hash(password)

    def is_right(self, password: str, stored: str | None) -> bool:
        """Whether a password is the one of a hash; None takes as long, and is never right."""
        wrong = self._argon2.exceptions
        with self._turns:
            try:
                self._hasher.verify(stored or self._nobodys, password)
            except (wrong.InvalidHashError, wrong.VerificationError):
                return False
        return stored is not None

    @cached_property
    def _hasher(self) -> PasswordHasher:
        hasher: PasswordHasher = self._argon2.PasswordHasher(
            time_cost=self._cost.passes,
            memory_cost=self._cost.memory_kib,
            parallelism=self._cost.threads,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        return hasher

    @cached_property
    def _argon2(self) -> ModuleType:
        # argon2's library, which takes a while to load and is needed only at a sign-in.
        import argon2

        return argon2

    def _hash_of_nothing(self) -> str:
        """Return a hash that no password has, and that costs as much to compare."""
        cost = f"m={self._cost.memory_kib},t={self._cost.passes},p={self._cost.threads}"
        salt, value = (_text(secrets.token_bytes(size)) for size in (_SALT_BYTES, _HASH_BYTES))
        return f"$argon2id$v=19${cost}${salt}${value}"


def check_password(password: str, name: str) -> None:
    """Raise InvalidInput for a password that is too short, too long, or among the first guesses."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidInput(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if is_trivial(password) or _is_name(password, name):
        raise InvalidInput(
            "This password is among the first that anybody would try: choose another, such as "
            "four words that do not belong together."
        )


def _is_name(password: str, name: str) -> bool:
    """Whether a password is little more than the account's name."""
    rest = password.casefold().replace(name.casefold(), "")
    return rest != password.casefold() and len(rest) < MIN_PASSWORD // 2


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")
