"""Encrypts what must not be readable in the database; the key is in a file beside it.

Process: hub.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import threading
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from convergecast.errors import Unavailable, not_written

KEY_NAME = "camera-sources.key"
"""The key's file, in the hub's data folder; without it what is encrypted is lost."""

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """AES-256-GCM (NIST SP 800-38D) under the key of a file, which is made when first needed.

    A text is bound to what it is for, so that it cannot be moved to another row.
    """

    def __init__(self, folder: Path) -> None:
        """Name the file; it is neither read nor made yet."""
        self._path = folder / KEY_NAME
        self._lock = threading.Lock()

    def seal(self, text: str, purpose: str) -> bytes:
        """Return a text encrypted. Raises Unavailable: the key cannot be read or made."""
        with self._lock:
            key = self._key() if self._path.exists() else self._new_key()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, text.encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        """Return what was encrypted. Raises Unavailable: the key is not there, or another."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._key()).decrypt(nonce, rest, purpose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unavailable(
                f"The key in {self._path.name} is not the one that this address was stored with: "
                "put that file back into the hub's data folder, or set the camera's address again."
            ) from error

    def _key(self) -> bytes:
        try:
            text = self._path.read_bytes()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            why = "is missing" if missing else f"cannot be read ({error.strerror})"
            raise Unavailable(
                f"The file {self._path.name} {why}: put it back into the hub's data folder, or set "
                "the camera's address again."
            ) from error
        with contextlib.suppress(ValueError):
            key = base64.b64decode(text, validate=True)
            if len(key) == _KEY_BYTES:
                return key
        raise Unavailable(
            f"The file {self._path.name} is damaged: put the right one into the hub's data folder, "
            "or remove it and set the address of each camera again."
        )

    def _new_key(self) -> bytes:
        """Make the file, which only this user may read, and return its key."""
        key = secrets.token_bytes(_KEY_BYTES)
        half = self._path.with_suffix(".new")
        try:
            half.unlink(missing_ok=True)
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(key))
                file.flush()
                os.fsync(file.fileno())
            half.replace(self._path)
        except OSError as error:
            raise not_written(
                error,
                f"The file {self._path.name} cannot be written into the hub's data folder: "
                f"{error.strerror}.",
            ) from error
        return key
