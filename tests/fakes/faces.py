"""People made of numbers, and an engine that finds them in pictures made of words."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from convergecast.errors import InvalidInput
from convergecast.faces.matching import NUMBERS, Floats

EMBEDDING = {"model": "dlib-resnet-b223d73c", "precision": "fp32", "alignment": "landmarks-68"}
KIND = " ".join(EMBEDDING.values())


class Crowd:
    """People whose vectors lie as dlib's do: 0.35 apart for one person, 0.9 for two."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._faces: dict[str, Floats] = {}

    def vector(self, name: str, apart: float = 0.35) -> Floats:
        """Return another vector of somebody, `apart` from most others of the same."""
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


def told(vector: Floats | None, quality: float = 0.8, **more: Any) -> dict[str, Any]:
    """Return what the engine tells of a face."""
    text = None if vector is None else base64.b64encode(vector.tobytes()).decode()
    crop = None if vector is None else base64.b64encode(crop_of(vector)).decode()
    face = {"box": [10.0, 10.0, 90.0, 90.0], "score": 0.9, "landmarks": None}
    return {**face, "quality": quality, "flaws": [], "vector": text, "crop": crop, **more}


class FakeEngine:
    """Finds in a picture what was put under its content; counts the questions."""

    def __init__(self) -> None:
        self.pictures: dict[bytes, list[dict[str, Any]]] = {}
        self.embedding = EMBEDDING
        self.problems: dict[str, str] = {}
        self.asked = 0

    def show(self, content: bytes, *faces: dict[str, Any]) -> bytes:
        """Put faces into a picture."""
        self.pictures[content] = list(faces)
        return content

    def find(self, picture: bytes) -> dict[str, Any]:
        """Answer as `EngineClient.analyze` does."""
        self.asked += 1
        if picture not in self.pictures:
            raise InvalidInput("This is not a picture that can be read.")
        found = {"width": 100, "height": 100, "problems": self.problems, "loading": False}
        return {**found, "faces": self.pictures[picture], "embedding": self.embedding}
