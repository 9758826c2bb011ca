"""A package index without a network: a wheel whose files are a few bytes, and models made of it."""

from __future__ import annotations

import dataclasses
import hashlib
import time
import zipfile
from pathlib import Path

from convergecast.model_store.catalog import CENTERFACE, LANDMARKS_68, Carrier, Member, PictureSpec
from convergecast.model_store.lock import Progress

MODEL = b"a model" * 100
LANDMARKS = b"landmarks" * 100
PICTURE = b"a picture"


class FakeIndex:
    """Stands for pip: builds a wheel with all files, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.model = MODEL
        self.slow_s = 0.0

    def __call__(self, carrier: Carrier, folder: Path, progress: Progress) -> Path:
        self.asked.append(carrier.name)
        time.sleep(self.slow_s)
        wheel = folder / "carrier.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("models/model.onnx", self.model)
            archive.writestr("models/landmarks.dat", LANDMARKS)
            archive.writestr("data/picture.png", PICTURE)
        return wheel


def member(carrier: str, path: str, content: bytes) -> Member:
    """Return a file of a carrier, pinned by its content."""
    source = Carrier(name=carrier, version="1", wheel_sha256=None, size_mb=1)
    return Member(source, path, len(content), hashlib.sha256(content).hexdigest())


FACES = dataclasses.replace(
    CENTERFACE,
    member=member("models-wheel", "models/model.onnx", MODEL),
    kind="upper",
    quantization=0,
)
POINTS = dataclasses.replace(
    LANDMARKS_68, member=member("models-wheel", "models/landmarks.dat", LANDMARKS)
)
PHOTOGRAPH = PictureSpec("p.png", member("photos", "data/picture.png", PICTURE), "CC0")
