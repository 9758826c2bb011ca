"""One captured picture and its JPEG, which is made at most once and only when requested.

The capture thread makes the frame; the thread of its first request encodes it.

Process: agent.
"""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from convergecast.protocol.frames import Deflater
from convergecast.protocol.masks import Masks

if TYPE_CHECKING:
    from .pixels import Pixels


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture that is a JPEG already and is served unchanged.

    `width` and `height` are in pixels.
    """

    jpeg: bytes
    width: int
    height: int


Picture: TypeAlias = "Pixels | Encoded"


def fit_within(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return `size` (width, height) shrunk in proportion to fit `box`; it is never enlarged."""
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def decode(jpeg: bytes) -> Pixels:
    """Return a camera's JPEG as pixels, as `pixels.decode` does; raises DamagedPicture."""
    pixels: Pixels = _with_pixels().decode(jpeg)
    return pixels


def _jpeg(picture: Picture) -> bytes:
    return picture.jpeg if isinstance(picture, Encoded) else b""


class Encoder:
    """Turns pixels into JPEG (4:2:0) within `box`, a width and height in pixels."""

    def __init__(self, *, box: tuple[int, int] = (640, 480), quality_percent: int = 85) -> None:
        """Set size and quality."""
        self._box = box
        self._quality_percent = quality_percent
        # Two threads may deflate at the same moment; the counters are only a heuristic.
        self.deflate = Deflater()

    def size_of(self, picture: Picture) -> tuple[int, int]:
        """Return the width and height in pixels at which the picture is served."""
        if isinstance(picture, Encoded):
            return picture.width, picture.height
        height, width = picture.shape[:2]
        return fit_within((width, height), self._box)

    def fitted(self, pixels: Pixels) -> Pixels:
        """Return the pixels scaled into the box; the same array if they fit already."""
        fitted: Pixels = _with_pixels().fitted(pixels, self.size_of(pixels))
        return fitted

    def masked(self, picture: Picture, masks: Masks) -> Pixels:
        """Return the picture as it is served, black under the masks. Raises DamagedPicture."""
        pixels = decode(picture.jpeg) if isinstance(picture, Encoded) else picture
        black: Pixels = _with_pixels().blackened(self.fitted(pixels), masks.polygons)
        return black

    def jpeg(self, picture: Picture) -> bytes:
        """Return the picture as a JPEG."""
        if isinstance(picture, Encoded):
            return picture.jpeg
        jpeg: bytes = _with_pixels().encode(self.fitted(picture), self._quality_percent)
        return jpeg


def _with_pixels() -> ModuleType:
    # OpenCV and NumPy: most of the memory of an agent whose camera gives JPEGs.
    from . import pixels

    return pixels


class Frame:
    """One published picture.

    Attributes:
        seq: counts the frames published since the agent started, from 1.
        captured_at: UNIX seconds by this machine's clock.
        scene: the source's scene number when the picture was taken.
        width, height: in pixels, as served.
        picture: as it came from the source, or black under the privacy masks.
        masks: the hash of these masks; empty if there are none.
    """

    __slots__ = (
        "_deflated",
        "_encoder",
        "_jpeg",
        "_lock",
        "_shrunk",
        "_small",
        "_tried",
        "captured_at",
        "height",
        "masks",
        "picture",
        "scene",
        "seq",
        "width",
    )

    def __init__(
        self,
        picture: Picture,
        *,
        seq: int,
        captured_at: float,
        encoder: Encoder,
        scene: int = 0,
        masks: str = "",
    ) -> None:
        """Keep a picture; it is encoded at the first request."""
        self.picture = picture
        self.seq = seq
        self.captured_at = captured_at
        self.scene = scene
        self.masks = masks
        self.width, self.height = encoder.size_of(picture)
        self._encoder = encoder
        self._lock = threading.Lock()
        self._jpeg: bytes | None = None
        self._deflated: bytes | None = None
        self._shrunk: bytes | None = None
        self._tried = False
        self._small: Pixels | None = None

    def jpeg(self) -> bytes:
        """Return the JPEG; the first caller makes it, the others get the same bytes."""
        with self._lock:
            return self._jpeg_locked()

    def deflated(self) -> bytes:
        """Return the JPEG in the zlib format, made once like the JPEG."""
        with self._lock:
            if self._deflated is None:
                self._deflated = self._shrunk_locked() or zlib.compress(self._jpeg_locked(), 0)
            return self._deflated

    def shrunk(self) -> bytes | None:
        """Return the JPEG in the zlib format if that is smaller, else None."""
        with self._lock:
            return self._shrunk_locked()

    def shows_the_same_as(self, other: Frame) -> bool:
        """Return whether both show the same scene, apart from the noise of the camera's sensor.

        The means of 8×8 pixels are compared: noise nearly vanishes in them, but a new spot of two
        by two pixels does not.
        """
        mine, others = self.picture, other.picture
        if self.masks != other.masks:
            return False
        if isinstance(mine, Encoded) or isinstance(others, Encoded):
            return mine is others or _jpeg(mine) == _jpeg(others) != b""
        if mine.shape != others.shape:
            return False
        return not _with_pixels().differ(self._means(mine), other._means(others))

    def _means(self, pixels: Pixels) -> Pixels:
        with self._lock:
            if self._small is None:
                self._small = _with_pixels().eighth(pixels)
            return self._small

    def pixels(self) -> Pixels | None:
        """Return the served picture as pixels, or None if the source gave a JPEG."""
        if isinstance(self.picture, Encoded):
            return None
        return self._encoder.fitted(self.picture)

    def _shrunk_locked(self) -> bytes | None:
        if not self._tried:
            self._shrunk = self._encoder.deflate.shrunk(self._jpeg_locked())
            self._tried = True
        return self._shrunk

    def _jpeg_locked(self) -> bytes:
        if self._jpeg is None:
            self._jpeg = self._encoder.jpeg(self.picture)
        return self._jpeg
