"""Gives what is found in one camera's frames its ids, and counts the people.

Process: worker, `analyze`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from convergecast.messages.results import AnyResult, DetectedObject, Face
from convergecast.options import brought_by
from convergecast.tracking.people import PeopleCount
from convergecast.tracking.track import Detection, Track
from convergecast.tracking.tracker import WEAK_SCORE, Tracker

Thing = TypeVar("Thing", Face, DetectedObject)


class Follower:
    """The tracks of one camera, for as long as what is asked of it stays the same.

    Attributes:
        objects, faces: the confirmed tracks after the last look; the next look changes them.
    """

    def __init__(self) -> None:
        """Begin with nothing followed; faces and objects share their numbers."""
        ids = itertools.count(1)
        self._objects = Tracker(ids)
        self._faces = Tracker(ids)
        self._people = PeopleCount()
        self.objects: list[Track] = []
        self.faces: list[Track] = []

    @property
    def settled(self) -> bool:
        """Whether another look at the same scene would count the same people."""
        return self._people.settled

    def cut(self) -> None:
        """End all tracks: what comes next is of another scene. Their numbers are not used again."""
        self._objects.cut()
        self._faces.cut()
        self._people = PeopleCount()

    def follow(self, result: AnyResult, at_s: float) -> AnyResult:
        """Return a result with the ids and velocities of its tracks, and people where asked for.

        Args:
            result: with all objects from `WEAK_SCORE` up.
            at_s: when the frame was taken, in seconds of a clock that is not set.
        """
        size = result.width, result.height
        self.faces = self.objects = []
        faces, objects, people = result.faces, result.objects, result.people
        if faces is not None:
            seen = [Detection(face.box, face.score) for face in faces]
            self.faces = self._faces.update(seen, at_s, size)
            faces = _with_tracks(faces, self.faces)
        if objects is not None:
            seen = [Detection(one.box, one.score, one.label_id) for one in objects]
            tracks = self.objects = self._objects.update(seen, at_s, size)
            objects = _with_tracks(objects, tracks)
            if "people" in brought_by(result.options):
                people = self._people.update(tracks, seen, at_s, size)
        return replace(result, faces=faces, objects=objects, people=people)


def _with_tracks(things: Sequence[Thing], tracks: Sequence[Track]) -> list[Thing]:
    """Return what was found in a frame with the numbers and velocities of those tracks."""
    followed = list(things)
    for track in tracks:
        at = track.detection
        if at is not None:
            velocity = [round(speed, 1) for speed in track.motion.velocity]
            followed[at] = replace(things[at], track_id=track.id, velocity=velocity)
    return followed


def asked_objects(
    options: Sequence[str], min_score: float, labels: Sequence[str] | None
) -> tuple[float, tuple[str, ...] | None]:
    """Return from which score up, and of which labels, objects are to be found to be followed.

    That is the weak ones too, and people where they are counted.

    Args:
        options: what is asked for.
        min_score, labels: the objects that are shown; None for all labels.
    """
    brought = brought_by(options)
    if "objects" not in brought:
        return WEAK_SCORE, ("person",)
    if labels is not None and "people" in brought:
        labels = sorted({*labels, "person"})
    return min(min_score, WEAK_SCORE), None if labels is None else tuple(labels)
