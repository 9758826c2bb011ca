"""Tells whose face it is: distances to the people who are known, and votes over time.

dlib's vectors: two pictures of one person are mostly nearer than 0.6, Euclidean (Davis King,
dlib_face_recognition_resnet_model_v1). docs/adr/0025-quality-and-votes.md has the figures.

Process: hub, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convergecast.messages.people import FaceSettings
from convergecast.messages.results import IdentityState

NUMBERS = 128
FEWEST_VOTES = 2
"""From so many on a face before a camera is decided."""
MARGIN = 0.05
"""By how much a person must be nearer than the runner-up to be known, or perhaps known from afar:
strangers are about as far from several people."""
HOLD = 0.05
"""By how much a distance may pass a threshold before what was decided is given up."""
SAME_PERSON_BELOW = 0.6
"""What is nearer may be the same person; for what is to be forgotten with somebody."""
SAME_PICTURE_BELOW = 0.1
"""Nearer is the same picture, smaller or compressed anew, or the next frame: nothing new."""
SAME_VIEW_BELOW = 0.3
"""Faces this near are one person's beyond doubt."""
FAR_AWAY = 0.7
"""From here the smallest distance will do: with usual thresholds nobody is taken for somebody."""

_QUARTER_FROM = 5  # pictures; the quarter of fewer is the nearest one
_ROWS_AT_ONCE = 256

KNOWN: Final = "known"
PERHAPS: Final = "perhaps"
UNKNOWN: Final = "unknown"
UNDECIDED: Final = "undecided"

Floats = NDArray[np.float32]
Vote = tuple[Floats, float]
"""A (128,) vector and its quality, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who a face is taken for.

    Attributes:
        state: how sure that is.
        person_id: who; None unless known or perhaps.
        distance: to that person, or to the nearest; None where there is nobody to compare with.
    """

    state: IdentityState
    person_id: str | None = None
    distance: float | None = None


NOTHING_YET = Decision(UNDECIDED)


class _Groups(NamedTuple):
    """Vectors of one person beside each other: (n, 128), where each begins, whose each is."""

    vectors: Floats
    squares: Floats
    starts: NDArray[np.intp]
    people: NDArray[np.intp]


class Index:
    """The vectors of the people who are known.

    Args:
        person_ids: the people, p of them, each with a vector at least.
        rows: of each of n vectors, the number of its person in `person_ids`.
        vectors: (n, 128) float32.
        negative_rows, negatives: the same of vectors that are not this person's.
    """

    def __init__(
        self,
        person_ids: Sequence[str],
        rows: Sequence[int],
        vectors: Floats,
        negative_rows: Sequence[int] = (),
        negatives: Floats | None = None,
    ) -> None:
        """Group the vectors by person."""
        self.person_ids = tuple(person_ids)
        self._rows = {person_id: row for row, person_id in enumerate(self.person_ids)}
        self._own = _grouped(rows, vectors)
        self._not = _grouped(negative_rows, _none() if negatives is None else negatives)

    def __len__(self) -> int:
        """How many people there are."""
        return len(self.person_ids)

    def row(self, person_id: str | None) -> int | None:
        """Return a person's column in the distances; None for somebody who is not there."""
        return None if person_id is None else self._rows.get(person_id)

    def nearest(self, vectors: Floats) -> tuple[Floats, Floats]:
        """Return (m, p) float32 distances of (m, 128) vectors: to people, and to what they are not.

        To a person it is the mean over the nearest quarter of the pictures, rounded up: the more
        pictures there are, the likelier one of them is near by chance. To somebody who is far away
        anyway, and to what a person is not, it is the smallest. Infinite where there are none.
        """
        own = self._smallest(self._own, vectors, quarter=True)
        return own, self._smallest(self._not, vectors, quarter=False)

    def distances(self, vectors: Floats) -> Floats:
        """Return (m, p) float32 distances; infinite to a person that a vector is told not to be."""
        own, other = self.nearest(vectors)
        return np.where(other < own, np.float32(np.inf), own)

    def _smallest(self, groups: _Groups, vectors: Floats, *, quarter: bool) -> Floats:
        smallest = np.full((len(vectors), len(self)), np.inf, np.float32)
        if len(groups.vectors):
            squared = _squared(groups.vectors, groups.squares, vectors)
            least = np.sqrt(np.maximum(np.minimum.reduceat(squared, groups.starts, axis=0), 0))
            if quarter:
                _raise_to_quarter(least, squared, groups)
            smallest[:, groups.people] = least.T
        return smallest


def decide(
    votes: Sequence[Vote],
    index: Index,
    settings: FaceSettings,
    before: Decision,
    *,
    still: bool = False,
) -> Decision:
    """Return who a face is, by all that was seen of it.

    What was decided before stands until a distance passes its threshold by `HOLD`, or somebody
    else is nearer by `MARGIN`, so that a name does not come and go.

    Args:
        votes: vectors of one track, with their qualities.
        index: the people.
        settings: the thresholds.
        before: what was decided last; `NOTHING_YET` at first.
        still: there will be no more votes: one is enough.
    """
    if not votes:
        return NOTHING_YET
    enough = still or len(votes) >= FEWEST_VOTES
    otherwise: IdentityState = UNKNOWN if enough else UNDECIDED
    if not len(index):
        return Decision(otherwise)
    distances = mean_distances(votes, index)
    row, held = _candidate(distances, index.row(before.person_id))
    distance, hold = float(distances[row]), HOLD if held else 0.0
    if not np.isfinite(distance):
        return Decision(otherwise)
    ahead = float(np.delete(distances, row).min(initial=np.inf)) - distance >= MARGIN
    if held and before.state == KNOWN:
        known = distance <= settings.known_below + hold
    else:
        known = enough and distance <= settings.known_below and ahead
    if known:
        return Decision(KNOWN, index.person_ids[row], distance)
    near = settings.perhaps_below if ahead or held else settings.known_below
    if distance <= near + hold:
        return Decision(PERHAPS, index.person_ids[row], distance)
    return Decision(otherwise, None, distance)


def mean_distances(votes: Sequence[Vote], index: Index) -> NDArray[np.float64]:
    """Return (p,) float64 distances of all votes together, each counting by its quality.

    Infinite to a person whose "not this person" is nearer, by the same mean.
    """
    own, other = index.nearest(np.stack([vector for vector, _ in votes]))
    weights = np.maximum([quality for _, quality in votes], 1e-3)
    to_own = np.average(own, axis=0, weights=weights)
    to_other = np.average(other, axis=0, weights=weights)
    return np.where(to_other < to_own, np.inf, to_own)


def distances_between(ones: Floats, others: Floats) -> Floats:
    """Return (m, n) float32 Euclidean distances of (m, 128) and (n, 128) float32 vectors."""
    squared = _squared(ones, _squares(ones), others)
    apart: Floats = np.sqrt(np.maximum(squared, 0))
    return apart


def vector_of(content: bytes) -> Floats:
    """Return the (128,) float32 vector of 512 bytes, lowest byte first."""
    return np.frombuffer(content, "<f4").astype(np.float32, copy=False)


def vectors_of(contents: Sequence[bytes]) -> Floats:
    """Return (n, 128) float32 of n vectors' bytes."""
    return np.stack([vector_of(content) for content in contents]) if contents else _none()


def _candidate(distances: NDArray[np.float64], before: int | None) -> tuple[int, bool]:
    """Return whom a face may be, and whether it was that before: nobody else is clearly nearer."""
    best = int(distances.argmin())
    if before is None or not distances[before] < distances[best] + MARGIN:
        return best, before == best
    return before, True


def _grouped(rows: Sequence[int], vectors: Floats) -> _Groups:
    people = np.asarray(rows, np.intp)
    order = people.argsort(kind="stable")
    unique, starts = np.unique(people[order], return_index=True)
    own = np.ascontiguousarray(vectors[order], np.float32)
    return _Groups(own, _squares(own), starts, unique)


def _squared(ones: Floats, squares: Floats, others: Floats) -> Floats:
    """Return (m, n) squared distances, a trifle below 0 for what is the same.

    In pieces that OpenBLAS gives to one thread: several would wait for each other, for as long as
    the engine keeps the processors busy.
    """
    factor = np.ascontiguousarray(-2 * others.T)
    pieces = [ones[at : at + _ROWS_AT_ONCE] @ factor for at in range(0, len(ones), _ROWS_AT_ONCE)]
    found: Floats = np.concatenate([np.empty((0, len(others)), np.float32), *pieces])
    found += squares[:, None]
    found += _squares(others)
    return found


def _raise_to_quarter(least: Floats, squared: Floats, groups: _Groups) -> None:
    """Make the smallest distances (p, m) the means of the nearest quarters, in place."""
    ends = np.append(groups.starts[1:], len(squared))
    counts = ends - groups.starts
    near = (counts >= _QUARTER_FROM) & (least.min(axis=1, initial=np.inf) <= FAR_AWAY)
    for row in np.flatnonzero(near):
        few = -(-int(counts[row]) // 4)
        own = squared[groups.starts[row] : ends[row]]
        nearest = np.partition(own, few - 1, axis=0)[:few]
        least[row] = np.sqrt(np.maximum(nearest, 0)).mean(axis=0)


def _squares(vectors: Floats) -> Floats:
    squares: Floats = np.einsum("ij,ij->i", vectors, vectors)
    return squares


def _none() -> Floats:
    return np.empty((0, NUMBERS), np.float32)
