"""Decides who a face is, by its distances to the enrolled people and by votes over time.

With dlib's vectors, the Euclidean distance between two pictures of one person is mostly below 0.6
(Davis King, dlib_face_recognition_resnet_model_v1). The figures are in
docs/adr/0025-quality-and-votes.md.

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
"""The number of votes from which a face before a camera is decided."""
MARGIN = 0.05
"""By how much a person must be nearer than the runner-up to be known, or perhaps known from afar.
Strangers are about equally far from several people."""
HOLD = 0.05
"""By how much a distance may exceed a threshold before a decision is dropped."""
SAME_PERSON_BELOW = 0.6
"""Faces nearer than this may be the same person; used to delete all that may show a person."""
SAME_PICTURE_BELOW = 0.1
"""Nearer than this is the same picture, resized or compressed again, or the next frame."""
SAME_VIEW_BELOW = 0.3
"""Faces nearer than this are surely one person."""
AS_NEAR = 0.01
"""Two distances that differ by less count as equal: rounding gives a vector a distance of up to
0.002 to itself. A camera before a still picture gives the same vector again and again."""
FAR_AWAY = 0.7
"""Beyond this distance the smallest one is exact enough: usual thresholds are far below."""

_QUARTER_FROM = 5  # pictures; with fewer, the nearest quarter is one picture
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
    """Who a face is decided to be.

    Attributes:
        state: how sure the decision is.
        person_id: the person; None unless the state is known or perhaps.
        distance: to that person, else to the nearest one; None if nobody is enrolled.
    """

    state: IdentityState
    person_id: str | None = None
    distance: float | None = None


NOTHING_YET = Decision(UNDECIDED)


class _Groups(NamedTuple):
    """Vectors grouped by person: (n, 128), where each group begins, and whose it is."""

    vectors: Floats
    squares: Floats
    starts: NDArray[np.intp]
    people: NDArray[np.intp]


class Index:
    """The vectors of the enrolled people.

    Args:
        person_ids: the p people, each with at least one vector.
        rows: for each of n vectors, the index of its person in `person_ids`.
        vectors: (n, 128) float32.
        negative_rows, negatives: the same for vectors that are marked as not this person.
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
        """Return a person's column in the distances; None if the person is not in the index."""
        return None if person_id is None else self._rows.get(person_id)

    def nearest(self, vectors: Floats) -> tuple[Floats, Floats]:
        """Return (m, p) float32 distances of (m, 128) vectors to people, and to their negatives.

        The distance to a person is the mean over the nearest quarter of the pictures, rounded up,
        because with more pictures one of them is likelier to be near by chance. For a person who is
        far away anyway, and for negatives, it is the smallest distance. It is infinite if there
        are no vectors.
        """
        own = self._smallest(self._own, vectors, quarter=True)
        return own, self._smallest(self._not, vectors, quarter=False)

    def distances(self, vectors: Floats) -> Floats:
        """Return (m, p) float32 distances; infinite where a person's negative is as near."""
        own, other = self.nearest(vectors)
        return np.where(other <= own + AS_NEAR, np.float32(np.inf), own)

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
    """Return who a face is, by all votes of its track.

    An earlier decision stands until a distance exceeds its threshold by `HOLD`, or another person
    is nearer by `MARGIN`. So a name does not flicker.

    Args:
        votes: vectors of one track, with their qualities.
        index: the people.
        settings: the thresholds.
        before: the last decision; `NOTHING_YET` at first.
        still: a still picture: there will be no more votes, and one is enough.
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
    """Return (p,) float64 mean distances over all votes, weighted by quality.

    The distance is infinite if the mean distance to the person's negatives is as small.
    """
    own, other = index.nearest(np.stack([vector for vector, _ in votes]))
    weights = np.maximum([quality for _, quality in votes], 1e-3)
    to_own = np.average(own, axis=0, weights=weights)
    to_other = np.average(other, axis=0, weights=weights)
    return np.where(to_other <= to_own + AS_NEAR, np.inf, to_own)


def distances_between(ones: Floats, others: Floats) -> Floats:
    """Return (m, n) float32 Euclidean distances of (m, 128) and (n, 128) float32 vectors."""
    squared = _squared(ones, _squares(ones), others)
    apart: Floats = np.sqrt(np.maximum(squared, 0))
    return apart


def vector_of(content: bytes) -> Floats:
    """Return the (128,) float32 vector of 512 bytes, little-endian."""
    return np.frombuffer(content, "<f4").astype(np.float32, copy=False)


def vectors_of(contents: Sequence[bytes]) -> Floats:
    """Return (n, 128) float32 of n vectors' bytes."""
    return np.stack([vector_of(content) for content in contents]) if contents else _none()


def _candidate(distances: NDArray[np.float64], before: int | None) -> tuple[int, bool]:
    """Return the earlier person unless another is clearly nearer, and whether it is the same."""
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
    """Return (m, n) squared distances; rounding may make them slightly negative.

    The work is cut into pieces that OpenBLAS runs in one thread. Several threads would wait for
    each other while the engine keeps the processors busy.
    """
    factor = np.ascontiguousarray(-2 * others.T)
    pieces = [ones[at : at + _ROWS_AT_ONCE] @ factor for at in range(0, len(ones), _ROWS_AT_ONCE)]
    found: Floats = np.concatenate([np.empty((0, len(others)), np.float32), *pieces])
    found += squares[:, None]
    found += _squares(others)
    return found


def _raise_to_quarter(least: Floats, squared: Floats, groups: _Groups) -> None:
    """Replace the smallest distances (p, m) by the means of the nearest quarters, in place."""
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
