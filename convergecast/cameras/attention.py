"""Decides how closely a camera's next frame is looked at: all of it, or what is known of it.

A full look at every frame finds the same faces and things again and again. In between it is enough
to look where faces are, and to look fully when something enters, is missed, or a second has passed
([ADR 43](../../docs/adr/0043-adaptive-resolution.md)).

Process: worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from convergecast.labels import PERSON
from convergecast.messages.engine import Findings, Focus
from convergecast.messages.results import DetectedObject, Face, Result

FULL_EVERY_S = 1.0
"""So often everything is looked at in full. Nothing that a full look finds is lost for longer."""
AGAIN_S = 0.3
"""The least time from one full look to the next that a missed face or a new person asks for."""
DOUBT_S = 2.0
"""So long after a closer look that was needed, the next one comes as soon."""
MOST_FACES = 8
"""With more faces a full look costs less than a look at each of them."""
_CLEAR_SCORE = 0.5
"""A thing of this score that is not followed yet is looked at closely until it is."""
_NEVER = float("-inf")


class Attention:
    """What is known of one camera's scene, as far as the next look depends on it.

    All times are those of frames, in seconds of one clock.
    """

    def __init__(self) -> None:
        """Begin without a scene: the first look is a full one."""
        self._newest_person = 0
        self.cut()

    def cut(self) -> None:
        """Forget the scene: the next frame shows another one."""
        self._faces: Sequence[Face] = ()
        self._confirmed: dict[int | None, float] = {}
        self._faces_s = self._whole_s = self._closer_s = self._needed_s = _NEVER
        self._needed = self._face_missed = self._person_entered = False

    @property
    def in_doubt(self) -> bool:
        """Whether a full look is to come soon: a face may be there that the last one missed.

        Where the closer look is needed, the last one was closer: it has shown what is there.
        """
        return self._face_missed or self._person_entered

    def focus(self, at_s: float, shown_from: float = 1.0) -> Focus:
        """Return how closely to look at the frame of a time; `shown_from` as in `Focus`."""
        full_s = AGAIN_S if self.in_doubt else FULL_EVERY_S
        closer_s = AGAIN_S if abs(at_s - self._needed_s) < DOUBT_S else FULL_EVERY_S
        many = len(self._faces) > MOST_FACES
        faces = () if many else self._faces
        return Focus(
            whole=many or abs(at_s - self._whole_s) >= full_s,
            closer=self._needed or abs(at_s - self._closer_s) >= closer_s,
            faces=tuple(_expected(face, at_s - self._faces_s) for face in faces),
            shown_from=shown_from,
        )

    def confirmed(self, focus: Focus, result: Result) -> Result:
        """Return a result in which what a closer look has confirmed keeps its score.

        Otherwise a thing that a closer look lifts above the score from which things are shown
        would come and go with it. The result has the ids of tracks.
        """
        if focus.closer or not result.objects:
            return result
        objects = [
            replace(one, score=max(one.score, self._confirmed.get(one.track_id, 0.0)))
            for one in result.objects
        ]
        return replace(result, objects=objects)

    def take(self, focus: Focus, findings: Findings, result: Result, at_s: float) -> None:
        """Note what a look found.

        Args:
            focus: how closely it was to look.
            findings: what the engine says, also how closely it looked.
            result: made of it, with the ids of tracks.
            at_s: when the frame was taken.
        """
        faces, things = result.faces or (), result.objects or ()
        if result.faces is None:  # nobody looked, as while the model is loading
            self._whole_s, self._face_missed, self._person_entered = _NEVER, False, False
        elif findings.whole:
            self._whole_s, self._face_missed, self._person_entered = at_s, False, False
        else:
            lost = _tracks(self._faces) - _tracks(faces)
            self._face_missed |= bool(lost) or len(faces) < len(self._faces)
        self._faces, self._faces_s = faces, at_s
        people = (one for one in things if one.label_id == PERSON)
        newest = max(_tracks(people), default=0)
        if newest > self._newest_person:  # numbers of tracks only grow
            self._newest_person = newest
            self._person_entered |= result.faces is not None and not findings.whole
        if focus.closer and result.objects is not None:
            self._closer_s, self._needed = at_s, findings.closer_needed
            self._confirmed = {
                one.track_id: one.score for one in things if one.track_id is not None
            }
            if self._needed:
                self._needed_s = at_s
            # A track begins with several looks that see it: the first look alone may be too faint.
            self._needed |= any(
                one.track_id is None and one.score >= _CLEAR_SCORE for one in things
            )


def _tracks(found: Iterable[Face | DetectedObject]) -> set[int]:
    return {one.track_id for one in found if one.track_id is not None}


def _expected(face: Face, passed_s: float) -> tuple[float, float, float, float]:
    """Return where a face is expected some seconds after it was seen."""
    passed_s = min(max(passed_s, 0.0), FULL_EVERY_S)
    across, down = (speed * passed_s for speed in face.velocity or (0.0, 0.0))
    x1, y1, x2, y2 = face.box
    return x1 + across, y1 + down, x2 + across, y2 + down
