"""The agent's identity: an id per host and source, and the keys from hubs.

Each identity is a small file, which a running agent holds with a lock.

Process: agent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import filelock

from convergecast.protocol.folders import agent_folder

from .errors import SetupError

_log = logging.getLogger(__name__)

_MOST_SLOTS = 64


class Identity:
    """An agent's id and its keys; `slot` counts the agents of this host with the same source."""

    def __init__(
        self,
        agent_id: str,
        *,
        slot: int = 1,
        path: Path | None = None,
        lock: filelock.BaseFileLock | None = None,
        camera_keys: dict[str, str] | None = None,
    ) -> None:
        """Keep the stored values and the lock."""
        self.agent_id = agent_id
        self.slot = slot
        self._path = path
        self._lock = lock
        self._camera_keys = dict(camera_keys or {})

    @classmethod
    def temporary(cls, agent_id: str | None = None) -> Identity:
        """Return an identity that is not stored."""
        return cls(agent_id or _new_id())

    def camera_key(self, hub_url: str) -> str | None:
        """Return the key from the hub at this address, if there is one."""
        return self._camera_keys.get(hub_url)

    def remember_camera_key(self, hub_url: str, key: str) -> None:
        """Keep a hub's key, also on disk if possible."""
        self._camera_keys[hub_url] = key
        if self._path is None:
            return
        try:
            self.save()
        except OSError as error:
            _log.warning("the hub's key cannot be stored in %s: %s", self._path, error.strerror)

    def save(self) -> None:
        """Write the file atomically, readable by this user only. Raises `OSError`."""
        if self._path is None:
            return
        fields = {"agent_id": self.agent_id, "camera_keys": self._camera_keys}
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".identity-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(fields, file)
            Path(name).replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise

    def release(self) -> None:
        """Release the identity for other agents; the end of the process does so too."""
        if self._lock is not None:
            self._lock.release()


def claim_identity(source: str, *, fixed_id: str | None = None) -> Identity:
    """Return the first identity of this host and source that no running agent holds.

    Args:
        source: the value of `--source`.
        fixed_id: the value of `--id`: this id and no other.

    Raises:
        SetupError: `fixed_id` is held by another agent of this user.
    """
    folder = agent_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if fixed_id is not None:
            return _claim_fixed(folder, fixed_id)
        return _claim_free(folder, _source_key(source))
    except OSError as error:
        _log.warning(
            "%s cannot be written (%s): the hub will see a new camera after a restart",
            folder,
            error.strerror or error,
        )
        return Identity.temporary(fixed_id)


def _claim_fixed(folder: Path, fixed_id: str) -> Identity:
    path = folder / f"id-{_digest(fixed_id)}.json"
    lock = _try_lock(path)
    if lock is None:
        raise SetupError(f"another agent on this machine already runs with --id {fixed_id}")
    return _load(path, lock, slot=1, fixed_id=fixed_id)


def _claim_free(folder: Path, key: str) -> Identity:
    for slot in range(1, _MOST_SLOTS + 1):
        path = folder / f"{key}-{slot}.json"
        lock = _try_lock(path)
        if lock is not None:
            return _load(path, lock, slot=slot, fixed_id=None)
    raise SetupError(f"{_MOST_SLOTS} agents with this source already run on this machine")


def _try_lock(path: Path) -> filelock.BaseFileLock | None:
    # Not bound to a thread: another one may stop the agent.
    lock = filelock.FileLock(path.with_suffix(".lock"), timeout=0, thread_local=False, mode=0o600)
    try:
        lock.acquire()
    except filelock.Timeout:
        return None
    return lock


def _load(path: Path, lock: filelock.BaseFileLock, *, slot: int, fixed_id: str | None) -> Identity:
    fields = _read(path)
    known_id, keys = fields.get("agent_id"), fields.get("camera_keys")
    identity = Identity(
        fixed_id or (known_id if isinstance(known_id, str) and known_id else _new_id()),
        slot=slot,
        path=path,
        lock=lock,
        camera_keys={
            url: key
            for url, key in (keys.items() if isinstance(keys, dict) else ())
            if isinstance(key, str)
        },
    )
    try:
        identity.save()
    except OSError:
        lock.release()
        raise
    return identity


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        _log.warning("%s is damaged: the hub will see a new camera", path)
        return {}
    return fields if isinstance(fields, dict) else {}


def _source_key(source: str) -> str:
    """Return a file name for a source; it does not depend on the working folder."""
    if "://" in source:
        parts = urlsplit(source)
        place = parts.netloc.rpartition("@")[2]
        source = urlunsplit((parts.scheme, place, parts.path, parts.query, ""))
    elif source != "demo" and not source.isdigit():
        source = str(Path(source).expanduser().resolve())
    return _digest(source)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _new_id() -> str:
    return secrets.token_hex(16)
