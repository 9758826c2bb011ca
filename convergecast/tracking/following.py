"""Gives what is found in one camera's frames its ids, and counts the people. Worker, `analyze`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from convergecast.options import brought_by
from convergecast.tracking.people import count_people
from convergecast.tracking.tracker import WEAK_SCORE, Tracker


class Follower:
    """The tracks of one camera, for as long as what is asked of it stays the same."""

    def __init__(self) -> None:
        ids = itertools.count(1)
        self._objects = Tracker(ids)
        self._faces = Tracker(ids)

    def follow(self, result: dict[str, Any], at_s: float) -> None:
        """Fill in `track_id` and `velocity` of faces and objects, and `people` where asked for.

        Args:
            result: as in docs/api.md, with all objects from `WEAK_SCORE` up; changed in place.
            at_s: when the frame was taken, in seconds of a clock that is not set.
        """
        size = result["width"], result["height"]
        counted = "people" in brought_by(result["options"])
        for tracker, things in (
            (self._faces, result["faces"]),
            (self._objects, result["objects"]),
        ):
            if things is None:
                continue
            tracks = tracker.update(things, at_s, size)
            for track in tracks:
                if track.detection is not None:
                    thing = things[track.detection]
                    thing["track_id"] = track.id
                    thing["velocity"] = [round(speed, 1) for speed in track.motion.velocity]
            if counted and tracker is self._objects:
                result["people"] = count_people(tracks)


def asked_objects(
    options: Sequence[str], min_score: float, labels: Sequence[str] | None
) -> tuple[float, list[str] | None]:
    """Return from which score up, and of which labels, objects are to be found to be followed.

    That is the weak ones too, and people where they are counted.

    Args:
        options: what is asked for.
        min_score, labels: the objects that are shown; None for all labels.
    """
    brought = brought_by(options)
    if "objects" not in brought:
        return WEAK_SCORE, ["person"]
    if labels is not None and "people" in brought:
        labels = sorted({*labels, "person"})
    return min(min_score, WEAK_SCORE), None if labels is None else list(labels)
