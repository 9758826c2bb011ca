"""Which faces of a camera are to be embedded now, so that few are and none is missed.

For a camera, and `analyze` for videos; imports nothing heavy. Process: worker, `analyze`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convergecast.messages.engine import Findings, Look, SettledBox, VectorKind
from convergecast.messages.results import Face, PictureResult, Result
from convergecast.messages.worker import Seen

FIRST_VECTORS = 3
"""So many a face gets as soon as may be, to be decided."""
FIRST_PAUSE_S, PAUSE_S = 0.25, 2.0
"""Between two vectors of a face: of its first, which are to differ, and of later ones."""

_MISSED_S = 2.0  # a face that the detector missed is expected where it was
_HURRY_S = 3.0
_FORGET_S = 15.0
_PERFECT = 1.0


@dataclass(slots=True)
class _Face:
    """What is known of a track; times are those of its frames, in seconds."""

    born_s: float
    seen_s: float
    box: Sequence[float]
    usable: bool
    vectors: int = 0
    embedded_s: float = 0.0
    best: float = 0.0

    def wants_one(self, at_s: float) -> bool:
        """Whether a vector is due at a time in seconds."""
        pause_s = FIRST_PAUSE_S if self.vectors < FIRST_VECTORS else PAUSE_S
        return not self.vectors or abs(at_s - self.embedded_s) >= pause_s


class EmbeddingPlan:
    """Keeps count of the vectors of one camera's tracks."""

    def __init__(self) -> None:
        """Begin without faces."""
        self._faces: dict[int, _Face] = {}
        self._unnamed: list[Sequence[float]] = []
        self._kind: VectorKind | None = None
        self._taken_s = 0.0

    def settled(self, at_s: float) -> tuple[SettledBox, ...]:
        """Return where in a frame no vector is wanted, unless it is of better quality than known.

        That is with the faces that have one, and those that were found just now but have no track
        yet: it would be nobody's. One that nobody expected is embedded.

        Args:
            at_s: when the frame was taken, in seconds of the clock that `take` is told.
        """
        places = [
            _settled(face.box, face.best)
            for face in self._faces.values()
            if abs(at_s - face.seen_s) < _MISSED_S and not face.wants_one(at_s)
        ]
        if abs(at_s - self._taken_s) < FIRST_PAUSE_S:
            places += [_settled(box, _PERFECT) for box in self._unnamed]
        return tuple(places)

    def take(self, result: Result | PictureResult, findings: Findings, at_s: float) -> Seen | None:
        """Note what came of a frame; return the vectors of its tracks as the hub is told them.

        Args:
            result: with the ids of tracks.
            findings: the engine's, that it was made of.
            at_s: when the frame was taken, in seconds of a clock that is not set.

        Returns:
            None where nothing was embedded.
        """
        if findings.kind is None:
            return None
        if findings.kind != self._kind:
            self._faces.clear()  # what they have cannot be compared with what comes now
            self._kind = findings.kind
        self._taken_s, self._unnamed = at_s, []
        seen = {}
        for shown, found in zip(result.faces or (), findings.faces or (), strict=True):
            if shown.track_id is None:
                self._unnamed.append(shown.box)
            elif found.look is not None and self._note(shown, shown.track_id, found.look, at_s):
                seen[shown.track_id] = found.look
        self._faces = {
            track_id: face
            for track_id, face in self._faces.items()
            if abs(at_s - face.seen_s) < _FORGET_S
        }
        return Seen(kind=self._kind, faces=seen) if seen else None

    def in_hurry(self) -> bool:
        """Whether a face of the last frame waits for its first vectors, whether it moves or not."""
        return any(
            face.seen_s == self._taken_s
            and face.usable
            and face.vectors < FIRST_VECTORS
            and face.seen_s - face.born_s < _HURRY_S
            for face in self._faces.values()
        )

    def _note(self, shown: Face, track_id: int, look: Look, at_s: float) -> bool:
        """Note one face; whether it was embedded."""
        box = shown.box
        face = self._faces.setdefault(track_id, _Face(at_s, at_s, box, look.usable))
        face.seen_s, face.box, face.usable = at_s, box, look.usable
        if look.vector is None:
            return False
        face.vectors += 1
        face.embedded_s = at_s
        face.best = max(face.best, look.quality)
        return True


def _settled(box: Sequence[float], quality: float) -> SettledBox:
    x1, y1, x2, y2 = box
    return x1, y1, x2, y2, quality
