"""Cameras in SQLite: rows to values and back. Process: hub."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Sequence

import msgspec

from convergecast.cameras.camera import Approval, Camera, Waits
from convergecast.faces import sightings, unknown_faces
from convergecast.messages.recording import Recording
from convergecast.messages.worker import State
from convergecast.messages.zones import CameraZones
from convergecast.options import OPTIONS
from convergecast.storage import audit
from convergecast.storage.audit import Change
from convergecast.storage.database import Database

# A field that is not compared is not stored: the next heartbeat tells it again.
_COLUMNS = [field.name for field in dataclasses.fields(Camera) if field.compare]
_OPTIONS = frozenset(option.name for option in OPTIONS)
_MOST_FORMER_KEYS = 1024


def load_cameras(database: Database) -> list[Camera]:
    """Return every stored camera."""
    return [_camera(row) for row in database.read("SELECT * FROM cameras")]


def camera_names(database: Database) -> dict[str, str]:
    """Return the names of the stored cameras by id, oldest first."""
    rows = database.read("SELECT id, name FROM cameras ORDER BY registered_at")
    return {row["id"]: row["name"] for row in rows}


def save_cameras(
    database: Database,
    cameras: Sequence[Camera],
    change: Change | None = None,
    sealed: bytes | None = None,
) -> None:
    """Write cameras, new or changed, and note what was done to them; all or nothing.

    `sealed` is the encrypted address of the only one, if that is new.
    """

    def write(connection: sqlite3.Connection) -> None:
        for camera in cameras:
            _write(connection, camera)
            if sealed is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO camera_sources VALUES (?, ?, NULL)",
                    (camera.id, sealed),
                )
        if change is not None:
            audit.note(connection, change)

    database.write(write)


def submit_camera(database: Database, camera: Camera) -> None:
    """Have a camera written, without waiting for it."""
    database.submit(lambda connection: _write(connection, camera))


def _write(connection: sqlite3.Connection, camera: Camera) -> None:
    values = dataclasses.asdict(camera)
    values["capabilities"] = json.dumps(camera.capabilities)
    values["options"] = json.dumps(camera.options)
    labels = camera.object_labels
    values["object_labels"] = None if labels is None else json.dumps(labels)
    values["zones"] = msgspec.json.encode(camera.zones).decode()
    values["recording"] = msgspec.json.encode(camera.recording).decode()
    values["named_by_user"] = int(camera.named_by_user)
    values["key_used"] = int(camera.key_used)
    values["token_shown"] = int(camera.token_shown)
    values["by_hub"] = int(camera.by_hub)
    values["approval"] = str(camera.approval)
    values["waits"] = None if camera.waits is None else str(camera.waits)
    names, marks = ", ".join(_COLUMNS), ", ".join("?" for _ in _COLUMNS)
    connection.execute(
        f"INSERT OR REPLACE INTO cameras ({names}) VALUES ({marks})",  # noqa: S608 - field names
        [values[name] for name in _COLUMNS],
    )


def load_source(database: Database, camera_id: str) -> bytes | None:
    """Return the encrypted address of a camera; None if it has none."""
    rows = database.read("SELECT sealed FROM camera_sources WHERE camera_id = ?", (camera_id,))
    return bytes(rows[0]["sealed"]) if rows else None


def load_refused_at(database: Database) -> dict[str, float]:
    """Return when cameras refused their password, in UNIX seconds."""
    rows = database.read("SELECT camera_id, refused_at FROM camera_sources WHERE refused_at > 0")
    return {row["camera_id"]: row["refused_at"] for row in rows}


def submit_refused(database: Database, camera_id: str, at: float) -> None:
    """Note that a camera refused its password, without waiting for it."""
    database.submit(
        lambda connection: connection.execute(
            "UPDATE camera_sources SET refused_at = ? WHERE camera_id = ?", (at, camera_id)
        )
    )


def delete_pending(database: Database, camera_id: str, at: float) -> None:
    """Remove a camera that was never approved; it may come back as if it were new."""
    database.write(lambda connection: _delete(connection, camera_id, at))


def former_keys(database: Database, agent_id: str) -> list[str]:
    """Return the hashes of the keys by which an agent knows this hub, of cameras that are gone."""
    rows = database.read("SELECT key_hash FROM former_keys WHERE agent_id = ?", (agent_id,))
    return [row["key_hash"] for row in rows]


def _delete(connection: sqlite3.Connection, camera_id: str, at: float) -> None:
    """Remove a camera, but keep the key by which its agent would know this hub again."""
    connection.execute(
        "INSERT OR REPLACE INTO former_keys SELECT key_hash, agent_id, ? FROM cameras "
        "WHERE id = ? AND key_hash IS NOT NULL AND agent_id IS NOT NULL AND NOT by_hub",
        (at, camera_id),
    )
    connection.execute(
        "DELETE FROM former_keys WHERE key_hash NOT IN "
        "(SELECT key_hash FROM former_keys ORDER BY at DESC LIMIT ?)",
        (_MOST_FORMER_KEYS,),
    )
    connection.execute("DELETE FROM cameras WHERE id = ?", (camera_id,))
    connection.execute("DELETE FROM camera_sources WHERE camera_id = ?", (camera_id,))


def delete_camera(database: Database, camera_id: str, identity: str | None, change: Change) -> None:
    """Remove a camera with its sightings and unknown faces, and store that it was forgotten.

    `identity` is None where nobody can come back under it.
    """

    def write(connection: sqlite3.Connection) -> None:
        _delete(connection, camera_id, change.at)
        connection.execute("DELETE FROM camera_states WHERE camera_id = ?", (camera_id,))
        if identity is not None:
            connection.execute(
                "INSERT OR REPLACE INTO forgotten VALUES (?, ?)", (identity, change.at)
            )
        sightings.erase_camera(connection, camera_id)
        unknown_faces.erase_camera(connection, camera_id)
        audit.note(connection, change)

    database.write(write)


def load_states(database: Database) -> dict[str, tuple[State, float]]:
    """Return what each camera was doing last, and since when in UNIX seconds."""
    rows = database.read("SELECT camera_id, state, since FROM camera_states")
    return {row["camera_id"]: (State(row["state"]), row["since"]) for row in rows}


def submit_state(database: Database, camera_id: str, state: State, since_s: float) -> None:
    """Note what a camera is doing, without waiting for it; nothing where it was forgotten."""

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO camera_states SELECT id, ?, ? FROM cameras WHERE id = ?",
            (str(state), since_s, camera_id),
        )

    database.submit(write)


def is_forgotten(database: Database, identity: str) -> bool:
    """Tell whether a user has forgotten this identity and has not approved it since."""
    return bool(database.read("SELECT 1 FROM forgotten WHERE identity = ?", (identity,)))


def remember(database: Database, identity: str) -> None:
    """Remove an identity from the forgotten ones."""
    database.execute("DELETE FROM forgotten WHERE identity = ?", (identity,))


def _camera(row: sqlite3.Row) -> Camera:
    values = dict(row)
    values["capabilities"] = tuple(json.loads(values["capabilities"]))
    options = json.loads(values["options"])  # a later version may have written options of its own
    values["options"] = tuple(name for name in options if name in _OPTIONS)
    if values["object_labels"] is not None:
        values["object_labels"] = tuple(json.loads(values["object_labels"]))
    values["zones"] = msgspec.json.decode(values["zones"], type=CameraZones)
    values["recording"] = msgspec.json.decode(values["recording"], type=Recording)
    values["named_by_user"] = bool(values["named_by_user"])
    values["key_used"] = bool(values["key_used"])
    values["token_shown"] = bool(values["token_shown"])
    values["by_hub"] = bool(values["by_hub"])
    values["approval"] = Approval(values["approval"])
    values["waits"] = None if values["waits"] is None else Waits(values["waits"])
    return Camera(**values)
