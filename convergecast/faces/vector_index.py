"""Makes the arrays that faces are compared with. Imported when needed. Process: hub, command."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convergecast.faces.face import Id, StoredVector
from convergecast.faces.matching import (
    SAME_VIEW_BELOW,
    Floats,
    Index,
    distances_between,
    vectors_of,
)

MOST_DISTANCES = 5_000

Rows = NDArray[np.intp]


def make_index(own: Sequence[tuple[str, bytes]], other: Sequence[tuple[str, bytes]]) -> Index:
    """Return the index of people.

    Args:
        own: each vector's person id and 512 bytes, grouped by person.
        other: the same for negatives; those of people without a vector are ignored.
    """
    rows = {person_id: row for row, person_id in enumerate(dict.fromkeys(p for p, _ in own))}
    other = [(person_id, vector) for person_id, vector in other if person_id in rows]
    return Index(
        list(rows),
        [rows[person_id] for person_id, _ in own],
        vectors_of([vector for _, vector in own]),
        [rows[person_id] for person_id, _ in other],
        vectors_of([vector for _, vector in other]),
    )


def nearest_other(
    index: Index, person_id: str, vectors: Sequence[bytes]
) -> tuple[str, float] | None:
    """Return the other person nearest to these vectors, and the distance; None if nobody is."""
    distances = index.nearest(vectors_of(vectors))[0].min(axis=0, initial=np.inf)
    row = index.row(person_id)
    if row is not None:
        distances[row] = np.inf
    if not len(distances) or not np.isfinite(distances.min()):
        return None
    best = int(distances.argmin())
    return index.person_ids[best], float(distances[best])


def near(
    rows: Sequence[StoredVector[Id]],
    own: Sequence[StoredVector[str]],
    *,
    below: float,
    if_unsure: bool = False,
) -> list[Id]:
    """Return the ids of rows whose vector is near one of a person's.

    Args:
        rows: faces of anyone.
        own: the person's faces.
        below: the largest distance.
        if_unsure: whether to return rows of another kind too, which cannot be compared.
    """
    found = []
    for kind in {row.kind for row in rows}:
        alike = [row for row in rows if row.kind == kind]
        vectors = vectors_of([row.vector for row in own if row.kind == kind])
        apart = distances_between(vectors_of([row.vector for row in alike]), vectors)
        is_near = apart.min(axis=1) < below if len(vectors) else np.full(len(alike), if_unsure)
        found += [row.id for row, one in zip(alike, is_near, strict=True) if one]
    return found


def same_face(rows: Sequence[StoredVector[Id]], vector: bytes) -> Id | None:
    """Return the id of the row that shows the same view of the same face; None if none does.

    Args:
        rows: faces of the vector's kind.
        vector: 512 bytes.
    """
    if not rows:
        return None
    distances = distances_between(vectors_of([vector]), vectors_of([row.vector for row in rows]))
    best = int(distances.argmin())
    return rows[best].id if distances[0, best] < SAME_VIEW_BELOW else None


def sampled_distances(pictures: Sequence[tuple[str, bytes]]) -> dict[str, list[float]]:
    """Return distances of pairs of pictures: `genuine` of one person, `impostor` of two.

    They are ascending, at most `MOST_DISTANCES` of each, sampled at random if there are more.

    Args:
        pictures: each picture's person id and vector, 512 bytes; all of one kind.
    """
    vectors = vectors_of([vector for _, vector in pictures])
    people = np.unique([person_id for person_id, _ in pictures], return_inverse=True)[1]
    random = np.random.default_rng(0)
    pairs = {"genuine": _same(people, random), "impostor": _different(people, random)}
    return {name: _rounded(vectors, drawn) for name, drawn in pairs.items()}


def _same(people: Rows, random: np.random.Generator) -> Rows:
    """Return (k, 2) rows, each of one person."""
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
    found: Rows = order[np.stack([drawn, start + (drawn - start + further) % count], axis=1)]
    return found


def _different(people: Rows, random: np.random.Generator) -> Rows:
    """Return (k, 2) rows, each of two people."""
    count = len(people)
    if count * count <= 8 * MOST_DISTANCES:
        found = np.stack(np.triu_indices(count, 1), axis=1)
    else:
        found = random.integers(0, count, (4 * MOST_DISTANCES, 2))
    found = found[people[found[:, 0]] != people[found[:, 1]]]
    return random.permutation(found)[:MOST_DISTANCES]


def _rounded(vectors: Floats, pairs: Rows) -> list[float]:
    if not len(pairs):
        return []
    apart = np.linalg.norm(vectors[pairs[:, 0]] - vectors[pairs[:, 1]], axis=1)
    return sorted(round(float(distance), 3) for distance in apart)
