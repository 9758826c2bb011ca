"""What is compared with, read from the database as arrays. Hub process; imported when needed."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from convergecast.faces.matching import (
    SAME_VIEW_BELOW,
    Floats,
    Index,
    distances_between,
    vectors_of,
)
from convergecast.faces.people import Face
from convergecast.storage.database import Database

MOST_DISTANCES = 5_000

_VECTORS = """
SELECT person_id, vector FROM face_pictures WHERE kind = ? AND vector IS NOT NULL
ORDER BY person_id
"""
_NEGATIVES = "SELECT person_id, vector FROM face_negatives WHERE kind = ?"


def read_index(database: Database, kind: str) -> Index:
    """Return the index of all people who have a vector of a kind."""
    own = database.read(_VECTORS, (kind,))
    rows = {
        person_id: at for at, person_id in enumerate(dict.fromkeys(r["person_id"] for r in own))
    }
    other = [row for row in database.read(_NEGATIVES, (kind,)) if row["person_id"] in rows]
    return Index(
        list(rows),
        [rows[row["person_id"]] for row in own],
        vectors_of([row["vector"] for row in own]),
        [rows[row["person_id"]] for row in other],
        vectors_of([row["vector"] for row in other]),
    )


def nearest_other(
    index: Index, person_id: str, vectors: Sequence[bytes]
) -> tuple[str, float] | None:
    """Return who else is nearest to a person's vectors, and how near; None where nobody is."""
    distances = index.nearest(vectors_of(vectors))[0].min(axis=0, initial=np.inf)
    row = index.row(person_id)
    if row is not None:
        distances[row] = np.inf
    if not len(distances) or not np.isfinite(distances.min()):
        return None
    best = int(distances.argmin())
    return index.person_ids[best], float(distances[best])


def near_rows(
    connection: sqlite3.Connection,
    table: str,
    person_id: str,
    *,
    below: float,
    of_person: str | None = None,
    if_unsure: bool = False,
) -> list[Any]:
    """Return the ids of rows of `table` whose vector is near one of a person's.

    Args:
        connection: the writer's.
        table: `unknown_faces` or `face_negatives`.
        person_id: who.
        below: how near.
        of_person: only rows of this person; None: of all.
        if_unsure: whether rows that cannot be compared, being of another kind, are among them.
    """
    where, values = ("", ()) if of_person is None else (" WHERE person_id = ?", (of_person,))
    query = f"SELECT id, vector, kind FROM {table}{where}"  # noqa: S608 - written in this package
    rows = connection.execute(query, values).fetchall()
    pictures = connection.execute(
        "SELECT vector, kind FROM face_pictures WHERE person_id = ? AND vector IS NOT NULL",
        (person_id,),
    ).fetchall()
    found = []
    for kind in {row["kind"] for row in rows}:
        alike = [row for row in rows if row["kind"] == kind]
        own = vectors_of([p["vector"] for p in pictures if p["kind"] == kind])
        apart = distances_between(vectors_of([row["vector"] for row in alike]), own)
        near = apart.min(axis=1) < below if len(own) else np.full(len(alike), if_unsure)
        found += [row["id"] for row, is_near in zip(alike, near, strict=True) if is_near]
    return found


def same_unknown(connection: sqlite3.Connection, face: Face) -> str | None:
    """Return the id of an unknown face that shows the same view of the same face; None if none."""
    query = "SELECT id, vector FROM unknown_faces WHERE kind = ?"
    rows = connection.execute(query, (face.kind,)).fetchall()
    if not rows:
        return None
    distances = distances_between(
        vectors_of([face.vector]), vectors_of([r["vector"] for r in rows])
    )
    best = int(distances.argmin())
    found: str = rows[best]["id"]
    return found if distances[0, best] < SAME_VIEW_BELOW else None


def sampled_distances(database: Database, kind: str | None) -> dict[str, list[float]]:
    """Return distances of pairs of pictures: `genuine` of one person, `impostor` of two.

    Rising, at most `MOST_DISTANCES` of each, drawn by chance where there are more.

    Args:
        database: the gallery's.
        kind: of the vectors; None: that of most of them.
    """
    kind = kind or most_common_kind(database)
    rows = database.read(_VECTORS, (kind,))
    vectors = vectors_of([row["vector"] for row in rows])
    people = np.unique([row["person_id"] for row in rows], return_inverse=True)[1]
    random = np.random.default_rng(0)
    pairs = {"genuine": _same(people, random), "impostor": _different(people, random)}
    return {name: _rounded(vectors, drawn) for name, drawn in pairs.items()}


def most_common_kind(database: Database) -> str | None:
    """Return the kind that most pictures are of; None without pictures."""
    rows = database.read(
        "SELECT kind FROM face_pictures GROUP BY kind ORDER BY count(*) DESC, kind LIMIT 1"
    )
    return rows[0]["kind"] if rows else None


def _same(people: Any, random: np.random.Generator) -> Any:
    """Return (k, 2) rows of one person each."""
    order = people.argsort(kind="stable")
    starts, counts = np.unique(people[order], return_index=True, return_counts=True)[1:]
    if (counts * (counts - 1)).sum() <= 8 * MOST_DISTANCES:
        groups = (order[start : start + count] for start, count in zip(starts, counts, strict=True))
        pairs = [pair for rows in groups for pair in itertools.combinations(rows, 2)]
        return random.permutation(np.array(pairs, np.intp).reshape(-1, 2))[:MOST_DISTANCES]
    places = np.flatnonzero(np.repeat(counts, counts) > 1)
    drawn = random.choice(places, MOST_DISTANCES)
    start, count = (np.repeat(each, counts)[drawn] for each in (starts, counts))
    further = 1 + random.integers(0, count - 1)
    return order[np.stack([drawn, start + (drawn - start + further) % count], axis=1)]


def _different(people: Any, random: np.random.Generator) -> Any:
    """Return (k, 2) rows of two people each."""
    count = len(people)
    if count * count <= 8 * MOST_DISTANCES:
        found = np.stack(np.triu_indices(count, 1), axis=1)
    else:
        found = random.integers(0, count, (4 * MOST_DISTANCES, 2))
    found = found[people[found[:, 0]] != people[found[:, 1]]]
    return random.permutation(found)[:MOST_DISTANCES]


def _rounded(vectors: Floats, pairs: Any) -> list[float]:
    if not len(pairs):
        return []
    apart = np.linalg.norm(vectors[pairs[:, 0]] - vectors[pairs[:, 1]], axis=1)
    return sorted(round(float(distance), 3) for distance in apart)
