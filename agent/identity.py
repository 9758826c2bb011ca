"""The agent's identity: an id per host and source, and what it knows of each hub.

Each identity is a small file, which a running agent holds with a lock.

Process: agent.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import filelock

from convergecast.protocol.folders import agent_folder

from .devices import PI_CAMERA_TEXT
from .errors import SetupError
from .files import write_private
from .masks import KeptMasks

_log = logging.getLogger(__name__)

_MOST_SLOTS = 64
_MASKS = ".masks"
_CLOCK_MOVED_S = 1.0


class KnownHub(NamedTuple):
    """What an agent knows of a hub.

    Attributes:
        camera_key: the key of this agent and the hub; None before they have paired.
        protocol: 2 once the hub has proven that it knows the key, 1 if it answered without proofs;
            0 while that is not known.
        clock_s: how far the hub's clock is ahead of this host's, in seconds.
    """

    camera_key: str | None = None
    protocol: int = 0
    clock_s: float = 0.0


class Identity:
    """An agent's id and its keys; `slot` counts the agents of this host with the same source.

    `is_fixed` is whether a person has chosen the id. `masks` are the camera's privacy masks.
    """

    def __init__(
        self,
        agent_id: str,
        *,
        slot: int = 1,
        path: Path | None = None,
        lock: filelock.BaseFileLock | None = None,
        hubs: dict[str, KnownHub] | None = None,
        is_fixed: bool = False,
        masks: KeptMasks | None = None,
    ) -> None:
        """Keep the stored values and the lock."""
        self.masks = masks or KeptMasks(None, lasts=False)
        self.agent_id = agent_id
        self.slot = slot
        self.is_fixed = is_fixed
        self._path = path
        self._lock = lock
        self._hubs = dict(hubs or {})

    @classmethod
    def temporary(cls, agent_id: str | None = None, masks: KeptMasks | None = None) -> Identity:
        """Return an identity that is not stored."""
        return cls(agent_id or _new_id(), is_fixed=agent_id is not None, masks=masks)

    def hub(self, hub_url: str) -> KnownHub:
        """Return what is known of the hub at this address."""
        return self._hubs.get(hub_url, KnownHub())

    def remember(self, hub_url: str, known: KnownHub) -> None:
        """Keep what is known of a hub, also on disk if possible."""
        before, self._hubs[hub_url] = self.hub(hub_url), known
        moved = abs(known.clock_s - before.clock_s) > _CLOCK_MOVED_S
        if moved or known[:2] != before[:2]:
            self._try_to_save()

    def become(self, agent_id: str, hub_url: str, known: KnownHub) -> None:
        """Take another id, which only this hub knows; the keys of others were those of the copy."""
        self.agent_id = agent_id
        self._hubs = {hub_url: known}
        self._try_to_save()

    def _try_to_save(self) -> None:
        try:
            self.save()
        except OSError as error:
            _log.warning("the hub's key cannot be stored in %s: %s", self._path, error.strerror)

    def save(self) -> None:
        """Write the file atomically, readable by this user only. Raises `OSError`."""
        if self._path is None:
            return
        fields = {
            "agent_id": self.agent_id,
            "camera_keys": {u: hub.camera_key for u, hub in self._hubs.items() if hub.camera_key},
            "hubs": {u: [hub.protocol, hub.clock_s] for u, hub in self._hubs.items()},
        }
        write_private(self._path, fields)

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
        name = f"{_source_key(source)}-1" if fixed_id is None else f"id-{_digest(fixed_id)}"
        return Identity.temporary(fixed_id, KeptMasks(folder / f"{name}{_MASKS}", lasts=False))


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
    known_id = fields.get("agent_id")
    identity = Identity(
        fixed_id or (known_id if isinstance(known_id, str) and known_id else _new_id()),
        slot=slot,
        path=path,
        lock=lock,
        hubs=_hubs(fields),
        is_fixed=fixed_id is not None,
        masks=KeptMasks(path.with_suffix(_MASKS)),
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


def _hubs(fields: dict[str, Any]) -> dict[str, KnownHub]:
    """Return what a file says of hubs; an earlier version of the agent wrote their keys only."""
    keys, more = fields.get("camera_keys"), fields.get("hubs")
    keys, more = (value if isinstance(value, dict) else {} for value in (keys, more))
    found = {}
    for url in keys.keys() | more.keys():
        key = keys.get(url)
        match more.get(url):
            case [int(protocol), int() | float() as clock_s]:
                found[url] = KnownHub(key if isinstance(key, str) else None, protocol, clock_s)
            case _ if isinstance(key, str):
                found[url] = KnownHub(key)
    return found


def _source_key(source: str) -> str:
    """Return a file name for a source; it does not depend on the working folder."""
    if "://" in source:
        parts = urlsplit(source)
        place = parts.netloc.rpartition("@")[2]
        source = urlunsplit((parts.scheme, place, parts.path, parts.query, ""))
    elif source != "demo" and not source.isdigit() and not PI_CAMERA_TEXT.fullmatch(source):
        source = str(Path(source).expanduser().resolve())
    return _digest(source)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _new_id() -> str:
    return secrets.token_hex(16)
