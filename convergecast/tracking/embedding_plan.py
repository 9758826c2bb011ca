"""Which faces of a camera are to be embedded now, so that few are and none is missed.

Camera worker, and `analyze` for videos; imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
        pause_s = FIRST_PAUSE_S if self.vectors < FIRST_VECTORS else PAUSE_S
        return not self.vectors or abs(at_s - self.embedded_s) >= pause_s


class EmbeddingPlan:
    """Keeps count of the vectors of one camera's tracks."""

    def __init__(self) -> None:
        self._faces: dict[int, _Face] = {}
        self._unnamed: list[Sequence[float]] = []
        self._embedding: object = None
        self._taken_s = 0.0

    def settled(self, at_s: float) -> list[list[float]]:
        """Return where in a frame no vector is wanted, unless it is of better quality than known.

        That is with the faces that have one, and those that were found just now but have no track
        yet: it would be nobody's. One that nobody expected is embedded.

        Args:
            at_s: when the frame was taken, in seconds of the clock that `take` is told.

        Returns:
            `x1, y1, x2, y2, quality` of each, in pixels of the frame.
        """
        places = [
            [*face.box, face.best]
            for face in self._faces.values()
            if abs(at_s - face.seen_s) < _MISSED_S and not face.wants_one(at_s)
        ]
        if abs(at_s - self._taken_s) < FIRST_PAUSE_S:
            places += [[*box, _PERFECT] for box in self._unnamed]
        return places

    def take(
        self, result: Mapping[str, Any], found: Mapping[str, Any], at_s: float
    ) -> dict[str, Any]:
        """Note what came of a frame; return the vectors of its tracks as the hub is told them.

        Args:
            result: with the ids of tracks.
            found: the engine's answer that it was made of.
            at_s: when the frame was taken, in seconds of a clock that is not set.

        Returns:
            `{"embedding": {"model", "precision", "alignment"}, "faces": {"TRACK_ID": {"vector",
            "quality", "flaws", "crop"}}}`, or nothing where nothing was embedded.
        """
        if "embedding" not in found:
            return {}
        if found["embedding"] != self._embedding:
            self._faces.clear()  # what they have cannot be compared with what comes now
            self._embedding = found["embedding"]
        self._taken_s, self._unnamed = at_s, []
        seen = {}
        for shown, told in zip(result["faces"], found["faces"], strict=True):
            if shown["track_id"] is None:
                self._unnamed.append(shown["box"])
            elif self._note(shown, told, at_s):
                kept = ("vector", "quality", "flaws", "crop")
                seen[str(shown["track_id"])] = {name: told[name] for name in kept}
        self._faces = {
            track_id: face
            for track_id, face in self._faces.items()
            if abs(at_s - face.seen_s) < _FORGET_S
        }
        return {"embedding": self._embedding, "faces": seen} if seen else {}

    def in_hurry(self) -> bool:
        """Whether a face of the last frame waits for its first vectors, whether it moves or not."""
        return any(
            face.seen_s == self._taken_s
            and face.usable
            and face.vectors < FIRST_VECTORS
            and face.seen_s - face.born_s < _HURRY_S
            for face in self._faces.values()
        )

    def _note(self, shown: Mapping[str, Any], told: Mapping[str, Any], at_s: float) -> bool:
        """Note one face; whether it was embedded."""
        usable, box = told.get("usable", False), shown["box"]
        face = self._faces.setdefault(shown["track_id"], _Face(at_s, at_s, box, usable))
        face.seen_s, face.box, face.usable = at_s, box, usable
        if told.get("vector") is None:
            return False
        face.vectors += 1
        face.embedded_s = at_s
        face.best = max(face.best, told["quality"])
        return True
