"""People made of numbers, and an engine that finds them in pictures made of words."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from convergecast.errors import InvalidInput
from convergecast.faces.face import Face
from convergecast.faces.gallery import Gallery
from convergecast.faces.matching import NUMBERS, Floats
from convergecast.messages.engine import Findings, FoundFace, VectorKind

EMBEDDING = VectorKind(model="dlib-resnet-b223d73c", precision="fp32", alignment="landmarks-68")
KIND = "dlib-resnet-b223d73c fp32 landmarks-68"


class Crowd:
    """People whose vectors lie as dlib's do: 0.35 apart for one person, 0.9 for two."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._faces: dict[str, Floats] = {}

    def vector(self, name: str, apart: float = 0.35) -> Floats:
        """Return another vector of a person, `apart` from most others of the same person."""
        if name not in self._faces:
            self._faces[name] = self._noise(0.9)
        return self._faces[name] + self._noise(apart)

    def between(self, one: str, other: str, part: float) -> Floats:
        """Return a vector on the way from one person to another."""
        a, b = self.vector(one, 0), self.vector(other, 0)
        return np.asarray(a + part * (b - a), np.float32)

    def _noise(self, apart: float) -> Floats:
        noise = self._random.normal(0, 1, NUMBERS)
        return np.asarray(noise * apart / np.sqrt(2 * NUMBERS), np.float32)


def crop_of(vector: Floats) -> bytes:
    """Return what stands for the picture of a face: found again in files by its bytes."""
    return b"\xff\xd8 crop " + vector.tobytes()[::-1] * 9


def told(
    vector: Floats | None,
    quality: float = 0.8,
    *,
    flaws: tuple[str, ...] = (),
    box: tuple[float, ...] = (10.0, 10.0, 90.0, 90.0),
) -> FoundFace:
    """Return a face as the engine reports it."""
    look: dict[str, Any] = {"quality": quality, "flaws": flaws, "usable": vector is not None}
    if vector is not None:
        look |= {"vector": vector.tobytes(), "crop": crop_of(vector)}
    face = {"box": box, "score": 0.9, "landmarks": None, "look": look}
    return msgspec.convert(face, FoundFace)


class FakeEngine:
    """Finds the faces that were registered for a picture's content; counts the requests."""

    def __init__(self) -> None:
        self.pictures: dict[bytes, list[FoundFace]] = {}
        self.embedding = EMBEDDING
        self.problems: dict[str, str] = {}
        self.asked = 0

    def show(self, content: bytes, *faces: FoundFace) -> bytes:
        """Put faces into a picture."""
        self.pictures[content] = list(faces)
        return content

    def find(self, picture: bytes) -> Findings:
        """Answer as `EngineClient.analyze` does."""
        self.asked += 1
        if picture not in self.pictures:
            raise InvalidInput("This is not a picture that can be read.")
        return Findings(
            width=100,
            height=100,
            problems=self.problems,
            loading=False,
            faces=self.pictures[picture],
            kind=self.embedding,
        )


def settle(gallery: Gallery) -> None:
    """Wait until everything is stored that was submitted."""
    gallery._database.write(lambda _: None)


def keep_unknown(
    gallery: Gallery, unknown_id: str | None, camera_id: str, at_s: float, face: Face
) -> str:
    """Have an unknown face kept; return its id once it is."""
    kept: list[str | None] = []
    gallery.keep_unknown(
        unknown_id, camera_id, at_s, face, is_wanted=lambda: True, done=kept.append
    )
    settle(gallery)
    (found,) = kept
    assert found is not None
    return found


def note_sighting(
    gallery: Gallery, person_id: str, camera_id: str, at_s: float, distance: float
) -> None:
    """Note a sighting of a person; return once it is stored."""
    gallery.note_sighting(person_id, camera_id, at_s, distance)
    settle(gallery)
