"""Detections of one camera in, tracks with ids out.

What was found for sure chooses its track first, then what is weak, which may go on with a track
but begins none: Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection
Box", 2022. All is counted in seconds, so that frames may be dropped, skipped or late.

Process: worker, `analyze`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from convergecast.tracking.association import assign, overlap, overlaps
from convergecast.tracking.motion import Motion
from convergecast.tracking.track import Detection, Seen, Track

WEAK_SCORE, SURE_SCORE = 0.2, 0.35
"""From these scores up a detection may go on with a track; may begin one and chooses first."""
MIN_OVERLAP = 0.1
"""What a detection shares at least with the place where its track was expected. Low, because the
best pairs are chosen anyway; what is close to nothing begins a track of its own."""
TWIN_OVERLAP = 0.3
"""A detection that shares so much with one that goes on with a track is the same thing twice,
or someone half hidden, whom no detector tells from it."""
LONGEST_STEP_S = 1.0
"""A longer time without a look counts as this: while nothing moves, frames are not looked at."""
_LONGEST_TRAIL = 32
FORGET_S = 15.0
"""After so long without a look everything is new; longer than a scene at rest goes without."""


class Tracker:
    """Follows what one camera sees; things of different labels never meet.

    Args:
        ids: where ids come from, 1 or more, none twice; trackers of one camera share it.
    """

    def __init__(self, ids: Iterator[int] | None = None) -> None:
        """Begin without tracks."""
        self._ids = ids or itertools.count(1)
        self._tracks: list[Track] = []
        self._looked_s: float | None = None

    def update(
        self, detections: Sequence[Detection], at_s: float, size: tuple[int, int] | None = None
    ) -> list[Track]:
        """Take in what was found in a frame; return the confirmed tracks, oldest first.

        They stay the tracker's own: the next update changes them.

        Args:
            detections: all from `WEAK_SCORE` up are of use.
            at_s: when the frame was taken. A clock that goes back counts as one that stands.
            size: width and height of the picture, in pixels; what has left it is not waited for.
        """
        step_s = self._step(at_s)
        for track in self._tracks:
            track.advance(step_s)
        usable = [at for at, one in enumerate(detections) if _is_usable(one)]
        sure = [at for at in usable if detections[at].score >= SURE_SCORE]
        weak = [at for at in usable if WEAK_SCORE <= detections[at].score < SURE_SCORE]
        for confirmed in (True, False):
            tracks = [track for track in self._tracks if track.confirmed == confirmed]
            sure = _continue(tracks, detections, sure)
            weak = _continue(_unseen(tracks), detections, weak)
        self._end(step_s, size)
        self._begin(detections, sure)
        for track in self._tracks:
            _note(track, at_s)
        return [track for track in self._tracks if track.confirmed]

    def cut(self) -> None:
        """End all tracks: the next look is at another scene."""
        self._tracks.clear()
        self._looked_s = None

    def _step(self, at_s: float) -> float:
        """Return the seconds since the last look, as far as they count."""
        passed_s = 0.0 if self._looked_s is None else at_s - self._looked_s
        self._looked_s = at_s
        if passed_s > FORGET_S:
            self._tracks.clear()
        return min(max(passed_s, 0.0), LONGEST_STEP_S)

    def _end(self, step_s: float, size: tuple[int, int] | None) -> None:
        """Confirm the tracks that deserve it and drop those that are lost."""
        for track in self._tracks:
            track.weigh(step_s)
            if track.present and not track.confirmed:
                track.id = next(self._ids)
        self._tracks = [track for track in self._tracks if not track.is_lost(size)]

    def _begin(self, detections: Sequence[Detection], free: Sequence[int]) -> None:
        """Begin a track with each sure detection that is left and nobody's twin, best first."""
        for at in sorted(free, key=lambda at: -detections[at].score):
            one = detections[at]
            if not any(_are_twins(one, track, detections) for track in self._tracks):
                self._tracks.append(Track(Motion(one.box), one.label_id, one.score, at))


def _note(track: Track, at_s: float) -> None:
    """Note where a track was seen, until the look after the one that confirmed it."""
    if track.confirmed and track.trail and track.trail[-1].confirmed:
        track.trail = []
    elif (not track.confirmed or track.trail) and track.detection is not None:
        track.trail = [*track.trail, Seen(at_s, track.motion.box, track.confirmed)][
            -_LONGEST_TRAIL:
        ]


def _continue(
    tracks: Sequence[Track], detections: Sequence[Detection], free: list[int]
) -> list[int]:
    """Give tracks their detections, of those whose indices are given; return what is left."""
    taken: set[int] = set()
    for label_id in {track.label_id for track in tracks}:
        rows = [track for track in tracks if track.label_id == label_id]
        columns = [at for at in free if detections[at].label_id == label_id]
        shared = overlaps(
            [track.motion.box for track in rows],
            [track.motion.doubt_px for track in rows],
            [detections[at].box for at in columns],
            MIN_OVERLAP,
        )
        for row, column in assign(shared).items():
            at = columns[column]
            rows[row].see(detections[at], at)
            taken.add(at)
    return [at for at in free if at not in taken]


def _unseen(tracks: Sequence[Track]) -> list[Track]:
    return [track for track in tracks if track.detection is None]


def _are_twins(one: Detection, track: Track, detections: Sequence[Detection]) -> bool:
    if track.detection is None or track.label_id != one.label_id:
        return False
    return overlap(one.box, detections[track.detection].box) >= TWIN_OVERLAP


def _is_usable(one: Detection) -> bool:
    """Whether it is a box at all: a camera's odd picture must not spoil the tracks."""
    x1, y1, x2, y2 = one.box
    return math.isfinite(x1 + y1 + x2 + y2 + one.score) and x1 < x2 and y1 < y2
