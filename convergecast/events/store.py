"""Events in SQLite: rows to values and back. Process: hub."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from convergecast.messages.events import Crossed, Event, EventKind, EventPicture, Visit
from convergecast.storage.database import Database, SqlValue

KEPT_S = 90 * 86_400
MOST_EVENTS = 1_000_000
MOST_PLACES = 8
"""So many zones, and so many lines, may be asked for at once."""
STALE_S = 300.0
"""An event that lasts and was not told of for so long is over."""

_INSERT = """
INSERT INTO events (camera_id, epoch, number, kind, subkind, severity, started_at, ended_at, reason,
key, label, track_id, score, peak_at, seen_at, zones, crossings, places, picture)
VALUES (:camera_id, :epoch, :number, :kind, :subkind, :severity, :started_at, :ended_at, :reason,
:key, :label, :track_id, :score, :peak_at, :seen_at, :zones, :crossings, :places, :picture)
ON CONFLICT (camera_id, key) WHERE key IS NOT NULL DO UPDATE SET
severity = excluded.severity, ended_at = excluded.ended_at, reason = excluded.reason,
track_id = excluded.track_id, score = excluded.score, peak_at = excluded.peak_at,
seen_at = excluded.seen_at, zones = excluded.zones, crossings = excluded.crossings,
places = excluded.places,
picture = CASE WHEN picture_gone THEN NULL ELSE excluded.picture END
ON CONFLICT DO NOTHING
"""
_STORED = "SELECT number FROM journals WHERE camera_id = ? AND epoch = ?"
_NOTE = "INSERT OR REPLACE INTO journals (camera_id, epoch, number) VALUES (?, ?, ?)"
_NEW = "SELECT * FROM events WHERE camera_id = ? AND (key = ? OR (epoch = ? AND number = ?))"
_ADD_CROSSING = """
INSERT INTO crossings (camera_id, line_id, at, ins, outs) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (camera_id, line_id, at)
DO UPDATE SET ins = ins + excluded.ins, outs = outs + excluded.outs
"""
_CROSSINGS = """
SELECT camera_id, line_id, at, ins, outs FROM crossings
WHERE at >= :since AND at < :until
AND (:cameras = '' OR instr(:cameras, ' ' || camera_id || ' '))
ORDER BY at, camera_id, line_id LIMIT :most
"""
_LIST = f"""
SELECT * FROM events WHERE deleted = 0 AND id < :before
AND (:cameras = '' OR instr(:cameras, ' ' || camera_id || ' '))
AND (:kinds = '' OR instr(:kinds, ' ' || kind || ' '))
AND (:subkinds = '' OR instr(:subkinds, ' ' || subkind || ' '))
AND (:labels = '' OR instr(:labels, '|' || label || '|'))
AND (:people = '' OR instr(:people, ' ' || person_id || ' '))
AND (:any_zone OR ({" OR ".join(f"instr(places, :zone{n})" for n in range(MOST_PLACES))}))
AND (:any_line OR ({" OR ".join(f"instr(places, :line{n})" for n in range(MOST_PLACES))}))
AND (:kept IS NULL OR kept = :kept)
AND started_at < :until
AND (:since <= 0 OR started_at >= :since OR ended_at >= :since
    OR (ended_at IS NULL AND key IS NOT NULL))
ORDER BY id DESC LIMIT :most
"""  # noqa: S608 - numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it is stored.

    Attributes:
        id: rises in the order of storing.
        camera_id: of the camera.
        event: what the worker told; its `subkind` may be the hub's.
        person_id, distance: who the face is; None: nobody known.
        kept: whether no budget deletes it.
    """

    id: int
    camera_id: str
    event: Event
    person_id: str | None
    distance: float | None
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which events are asked for; an empty list means all.

    Attributes:
        cameras: None: all; an empty one: none.
        since, until: it began before `until`, and was not over before `since`; UNIX seconds.
    """

    cameras: frozenset[str] | None = None
    kinds: Sequence[str] = ()
    subkinds: Sequence[str] = ()
    labels: Sequence[str] = ()
    people: Sequence[str] = ()
    zones: Sequence[str] = ()
    lines: Sequence[str] = ()
    since: float = 0.0
    until: float = 1e11
    kept: bool | None = None
    before: int | None = None
    most: int = 100


@dataclass(frozen=True, slots=True)
class Identified:
    """Who a face that is followed was taken for: a state of `Identity`, a person, a distance."""

    state: str
    person_id: str | None
    distance: float | None


@dataclass(frozen=True, slots=True)
class CrossedMinute:
    """How often a line was crossed in the minute that began at `at`, UNIX seconds."""

    camera_id: str
    line_id: str
    at: int
    ins: int
    outs: int


def highest_stored(connection: sqlite3.Connection, camera_id: str, epoch: str) -> int:
    """Return the number up to which a journal is stored."""
    row = connection.execute(_STORED, (camera_id, epoch)).fetchone()
    return int(row["number"]) if row else 0


def note_stored(connection: sqlite3.Connection, camera_id: str, epoch: str, number: int) -> None:
    """Note up to which number a journal is stored."""
    connection.execute(_NOTE, (camera_id, epoch, number))


def put(
    connection: sqlite3.Connection, camera_id: str, epoch: str, number: int, event: Event
) -> tuple[StoredEvent | None, bool, list[tuple[str, str]]]:
    """Store a record of an event.

    Return the event, or None if it was deleted while it lasted; whether it is new; and camera and
    key of a picture that was deleted before and that the worker may have written again.
    """
    before = _find(connection, camera_id, event.key)
    connection.execute(_INSERT, _values(camera_id, epoch, number, event))
    for crossed in event.crossings if event.kind is EventKind.CROSSING and before is None else ():
        minute = int(crossed.at // 60) * 60
        counts = (1, 0) if crossed.direction == "in" else (0, 1)
        connection.execute(_ADD_CROSSING, (camera_id, crossed.line, minute, *counts))
    if event.kind is EventKind.CAMERA and event.subkind == "back":
        connection.execute(
            "UPDATE events SET ended_at = max(started_at, ?) WHERE camera_id = ? "
            "AND kind = 'camera' AND subkind = 'offline' AND ended_at IS NULL AND key IS NULL",
            (event.started_at, camera_id),
        )
    row = connection.execute(_NEW, (camera_id, event.key, epoch, number)).fetchone()
    if row is None or row["deleted"]:
        if row is not None and event.ended_at is not None:
            connection.execute("DELETE FROM events WHERE id = ?", (row["id"],))
        return None, False, [] if row is None else [(camera_id, row["key"])]
    gone = [(camera_id, row["key"])] if row["picture_gone"] else []
    return _stored(row), before is None, gone


def end_tracks(connection: sqlite3.Connection, camera_id: str) -> None:
    """Take their tracks from the faces that last: another worker gives the numbers again."""
    connection.execute(
        "UPDATE events SET track_id = NULL WHERE camera_id = ? AND kind = 'face' "
        "AND key IS NOT NULL AND ended_at IS NULL",
        (camera_id,),
    )


def identify(
    connection: sqlite3.Connection, camera_id: str, track_id: int, who: Identified
) -> list[StoredEvent]:
    """Note who a face before a camera is; return the events that tell of it."""
    rows = connection.execute(
        "SELECT * FROM events WHERE camera_id = ? AND track_id = ? AND kind = 'face' "
        "AND key IS NOT NULL AND ended_at IS NULL AND deleted = 0",
        (camera_id, track_id),
    ).fetchall()
    changed = []
    for row in rows:
        values = (who.state, who.person_id, who.distance)
        if (row["subkind"], row["person_id"], row["distance"]) != values:
            connection.execute(
                "UPDATE events SET subkind = ?, person_id = ?, distance = ? WHERE id = ?",
                (*values, row["id"]),
            )
            found = connection.execute("SELECT * FROM events WHERE id = ?", (row["id"],))
            changed.append(_stored(found.fetchone()))
    return changed


def end_stale(connection: sqlite3.Connection, before_s: float) -> list[tuple[str, str]]:
    """End the events that last, and of which nothing was told since a time in UNIX seconds.

    Return cameras and keys of the pictures of those that were deleted while they lasted.
    """
    connection.execute(
        "UPDATE events SET ended_at = seen_at "
        "WHERE key IS NOT NULL AND ended_at IS NULL AND seen_at < ?",
        (before_s,),
    )
    rows = connection.execute(
        "SELECT id, camera_id, key FROM events WHERE deleted = 1 AND ended_at IS NOT NULL"
    ).fetchall()
    return _delete(connection, rows)


def expire(connection: sqlite3.Connection, now_s: float) -> list[tuple[str, str]]:
    """Delete events that are too old or too many; return cameras and keys of their pictures."""
    rows = connection.execute(
        "SELECT id, camera_id, key FROM events WHERE kept = 0 AND (started_at < ? "
        "OR id <= (SELECT max(id) FROM events) - ?)",
        (now_s - KEPT_S, MOST_EVENTS),
    ).fetchall()
    return _delete(connection, rows)


def oldest_pictures(connection: sqlite3.Connection, most_bytes: int) -> list[tuple[str, str]]:
    """Forget the pictures of the oldest events that are not kept, beyond so many bytes in all."""
    total = picture_bytes(connection)
    gone: list[tuple[str, str]] = []
    rows = connection.execute(
        "SELECT id, camera_id, key, json_extract(picture, '$.bytes') AS bytes FROM events "
        "WHERE picture IS NOT NULL AND kept = 0 ORDER BY id LIMIT 1000"  # the rest a second later
    )
    for row in rows.fetchall() if total > most_bytes else ():
        if total <= most_bytes:
            break
        total -= row["bytes"]
        connection.execute(
            "UPDATE events SET picture = NULL, picture_gone = 1 WHERE id = ?", (row["id"],)
        )
        gone.append((row["camera_id"], row["key"]))
    return gone


def picture_bytes(source: Database | sqlite3.Connection) -> int:
    """Return how many bytes all pictures have."""
    sql = "SELECT bytes FROM picture_total"  # triggers of the table keep it right
    rows = source.read(sql) if isinstance(source, Database) else source.execute(sql).fetchall()
    return int(rows[0]["bytes"])


def keep(connection: sqlite3.Connection, number: int, *, kept: bool) -> StoredEvent | None:
    """Keep an event, or keep it no longer; return it."""
    connection.execute("UPDATE events SET kept = ? WHERE id = ?", (int(kept), number))
    row = connection.execute("SELECT * FROM events WHERE id = ?", (number,)).fetchone()
    return None if row is None else _stored(row)


def delete(connection: sqlite3.Connection, number: int) -> list[tuple[str, str]]:
    """Delete an event; return camera and key of its picture.

    One that lasts is only hidden, so that its next record does not bring it back.
    """
    rows = connection.execute(
        "SELECT id, camera_id, key, ended_at FROM events WHERE id = ?", (number,)
    ).fetchall()
    if rows and rows[0]["key"] is not None and rows[0]["ended_at"] is None:
        connection.execute(
            "UPDATE events SET deleted = 1, person_id = NULL, picture = NULL, picture_gone = 1 "
            "WHERE id = ?",
            (number,),
        )
        return [(row["camera_id"], row["key"]) for row in rows]
    return _delete(connection, rows)


def delete_camera(connection: sqlite3.Connection, camera_id: str) -> None:
    """Delete everything about a camera."""
    for statement in (
        "DELETE FROM events WHERE camera_id = ?",
        "DELETE FROM journals WHERE camera_id = ?",
        "DELETE FROM crossings WHERE camera_id = ?",
    ):
        connection.execute(statement, (camera_id,))


def forget_person(connection: sqlite3.Connection, person_id: str) -> list[tuple[str, str]]:
    """Take a person out of all events; return cameras and keys of the pictures of the face."""
    rows = connection.execute(
        "SELECT id, camera_id, key FROM events WHERE person_id = ?", (person_id,)
    ).fetchall()
    connection.execute(
        "UPDATE events SET person_id = NULL, distance = NULL, subkind = 'unknown', picture = NULL, "
        "picture_gone = 1 WHERE person_id = ?",
        (person_id,),
    )
    return [(row["camera_id"], row["key"]) for row in rows if row["key"] is not None]


def looks_at(database: Database, person_id: str) -> list[tuple[str, float, float]]:
    """Return cameras, and from when to when they knew a person's face, in UNIX seconds.

    A face that is only perhaps this person's may be another's.
    """
    rows = database.read(
        "SELECT camera_id, started_at, coalesce(ended_at, seen_at, started_at) AS ended_at "
        "FROM events WHERE person_id = ? AND subkind = 'known'",
        (person_id,),
    )
    return [(row["camera_id"], row["started_at"], row["ended_at"]) for row in rows]


def keep_none_of(connection: sqlite3.Connection, person_id: str) -> None:
    """Keep no event of a face that is known to be a person's."""
    connection.execute(
        "UPDATE events SET kept = 0 WHERE person_id = ? AND subkind = 'known'", (person_id,)
    )


def hide_people(
    connection: sqlite3.Connection, camera_id: str, since_s: float, until_s: float
) -> list[tuple[str, str]]:
    """Have events of people and faces in a time show no picture; return cameras and keys.

    Those that are kept show theirs.
    """
    where = (
        "WHERE camera_id = ? AND kept = 0 AND picture IS NOT NULL "
        "AND (kind = 'face' OR label = 'person') "
        "AND started_at <= ? AND coalesce(ended_at, seen_at, started_at) >= ?"
    )
    values = camera_id, until_s, since_s
    rows = connection.execute(f"SELECT key FROM events {where}", values).fetchall()  # noqa: S608
    connection.execute(
        f"UPDATE events SET picture = NULL, picture_gone = 1 {where}",  # noqa: S608 - no value
        values,
    )
    return [(camera_id, row["key"]) for row in rows if row["key"] is not None]


def people_in(database: Database) -> set[str]:
    """Return the ids of all people in events."""
    sql = "SELECT DISTINCT person_id FROM events WHERE person_id IS NOT NULL"
    return {row["person_id"] for row in database.read(sql)}


def move_person(connection: sqlite3.Connection, person_id: str, into: str) -> None:
    """Have the events of a person be those of another."""
    connection.execute("UPDATE events SET person_id = ? WHERE person_id = ?", (into, person_id))


def kept_spans(database: Database) -> dict[str, list[tuple[float, float]]]:
    """Return when the events began and ended that are kept, by camera, in UNIX seconds."""
    found: dict[str, list[tuple[float, float]]] = {}
    rows = database.read(
        "SELECT camera_id, started_at, coalesce(ended_at, seen_at, started_at) AS ended_at "
        "FROM events WHERE kept = 1"
    )
    for row in rows:
        found.setdefault(row["camera_id"], []).append((row["started_at"], row["ended_at"]))
    return found


def spans(
    database: Database, camera_id: str, since_s: float, until_s: float
) -> list[tuple[float, float]]:
    """Return when a camera's events of things began and ended that reach into a time."""
    ended = "coalesce(ended_at, CASE WHEN key IS NULL THEN started_at ELSE 1e11 END)"
    rows = database.read(
        f"SELECT started_at, {ended} AS ended_at FROM events "  # noqa: S608 - no value
        "WHERE camera_id = ? AND deleted = 0 AND kind IN ('seen', 'face', 'crossing') "
        f"AND started_at <= ? AND {ended} >= ?",
        (camera_id, until_s, since_s),
    )
    return [(row["started_at"], row["ended_at"]) for row in rows]


def find(database: Database, number: int) -> StoredEvent | None:
    """Return an event; None: there is none."""
    rows = database.read("SELECT * FROM events WHERE id = ? AND deleted = 0", (number,))
    return _stored(rows[0]) if rows else None


def search(database: Database, asked: Search) -> list[StoredEvent]:
    """Return events, newest first."""
    if asked.cameras is not None and not asked.cameras:
        return []
    values: dict[str, SqlValue] = {
        "before": 1 << 62 if asked.before is None else asked.before,
        "cameras": _words(sorted(asked.cameras or ())),
        "kinds": _words(asked.kinds),
        "subkinds": _words(asked.subkinds),
        "labels": f"|{'|'.join(asked.labels)}|" if asked.labels else "",
        "people": _words(asked.people),
        "any_zone": not asked.zones,
        "any_line": not asked.lines,
        **{f"zone{n}": f" z:{each} " for n, each in enumerate(_filled(asked.zones))},
        **{f"line{n}": f" l:{each} " for n, each in enumerate(_filled(asked.lines))},
        "kept": None if asked.kept is None else int(asked.kept),
        "since": asked.since,
        "until": asked.until,
        "most": asked.most,
    }
    return [_stored(row) for row in database.read(_LIST, values)]


def crossed_minutes(
    database: Database, since_s: float, until_s: float, cameras: Collection[str] | None, most: int
) -> list[CrossedMinute]:
    """Return how often lines of some cameras, None: all, were crossed, oldest minute first."""
    if cameras is not None and not cameras:
        return []
    values: dict[str, SqlValue] = {
        "since": since_s,
        "until": until_s,
        "cameras": _words(sorted(cameras or ())),
        "most": most,
    }
    rows = database.read(_CROSSINGS, values)
    return [CrossedMinute(*row) for row in rows]


def _find(connection: sqlite3.Connection, camera_id: str, key: str | None) -> sqlite3.Row | None:
    if key is None:
        return None
    sql = "SELECT id FROM events WHERE camera_id = ? AND key = ?"
    row: sqlite3.Row | None = connection.execute(sql, (camera_id, key)).fetchone()
    return row


def _delete(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[tuple[str, str]]:
    for row in rows:
        connection.execute("DELETE FROM events WHERE id = ?", (row["id"],))
    return [(row["camera_id"], row["key"]) for row in rows if row["key"] is not None]


def _values(camera_id: str, epoch: str, number: int, event: Event) -> dict[str, SqlValue]:
    places = [f"z:{visit.id}" for visit in event.zones]
    places += [f"l:{each.line}" for each in event.crossings]
    return {
        "camera_id": camera_id,
        "epoch": epoch,
        "number": number,
        "kind": str(event.kind),
        "subkind": event.subkind,
        "severity": str(event.severity),
        "started_at": event.started_at,
        "ended_at": event.ended_at,
        "reason": event.reason,
        "key": event.key,
        "label": event.label,
        "track_id": event.track_id,
        "score": event.score,
        "peak_at": event.peak_at,
        "seen_at": event.seen_at,
        "zones": _json(event.zones),
        "crossings": _json(event.crossings),
        "places": _words(sorted(set(places))) or " ",
        "picture": None if event.picture is None else _json(event.picture),
    }


def _stored(row: sqlite3.Row) -> StoredEvent:
    event = msgspec.convert(
        {
            **{name: row[name] for name in _PLAIN},
            "zones": msgspec.json.decode(row["zones"], type=tuple[Visit, ...]),
            "crossings": msgspec.json.decode(row["crossings"], type=tuple[Crossed, ...]),
            "picture": row["picture"] and msgspec.json.decode(row["picture"], type=EventPicture),
        },
        Event,
    )
    return StoredEvent(
        id=row["id"],
        camera_id=row["camera_id"],
        event=event,
        person_id=row["person_id"],
        distance=row["distance"],
        kept=bool(row["kept"]),
    )


def _filled(places: Sequence[str]) -> list[str]:
    """Return places and empty ones, `MOST_PLACES` in all."""
    return [*places[:MOST_PLACES], *[""] * MOST_PLACES][:MOST_PLACES]


def _words(words: Sequence[str]) -> str:
    return f" {' '.join(words)} " if words else ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_PLAIN = (
    *("kind", "subkind", "severity", "started_at", "ended_at", "reason", "key", "label"),
    *("track_id", "score", "peak_at", "seen_at"),
)
