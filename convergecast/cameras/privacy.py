"""Blackens a camera's privacy masks in pictures whose agent has not done it.

An older agent cannot, and another one needs a moment to hear of masks that are new. So nothing in
the hub ever has a picture without them. Process: worker.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from convergecast.messages.worker import MaskedBy
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import WireFrame
from convergecast.protocol.masks import Masks, pixels_of

if TYPE_CHECKING:
    from PIL import ImageDraw as Drawings

_QUALITY_PERCENT = 85
_PEN = 5  # pixels: Pillow's line of 3 misses some at steep corners
_ORIENTATION = 274
_TURNS: dict[object, str] = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""How a picture is turned upright, by the orientation in its Exif 2.32 header."""


class PrivacyMask:
    """The masks of one camera. Give it every frame before anybody gets it.

    Attributes:
        applied_by: who has blackened the newest frame; None: it needed nobody.
        hash: of the masks.
    """

    def __init__(self, masks: Masks) -> None:
        """Begin without a frame."""
        self._masks, self.hash = masks, masks.hash
        self._came = self._made = b""
        self.applied_by: MaskedBy | None = None

    def apply(self, frame: WireFrame) -> WireFrame:
        """Return a frame with all masks: itself, where its agent has applied the same ones.

        The same object comes out where the same came in, so that a still scene is known as one.

        Raises:
            ProtocolError: the picture cannot be decoded, so nobody may have it.
        """
        if not self._masks.polygons:
            return frame
        if frame.masks == self._masks.hash:
            self.applied_by = "agent"
            return frame
        if frame.jpeg is not self._came:
            self._made, self._came = blackened(frame.jpeg, self._masks), frame.jpeg
        self.applied_by = "hub"
        return frame._replace(jpeg=self._made)


def blackened(jpeg: bytes, masks: Masks) -> bytes:
    """Return a JPEG made of the pixels of another, upright, black under the masks.

    Nothing else of it is kept: a header may have a preview of the whole picture.

    Raises:
        ProtocolError: it cannot be decoded.
    """
    # Few cameras need it, and a worker without an option does without Image.
    from PIL import Image, ImageDraw

    try:
        picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        picture.info.pop("xmp", None)  # which browsers do not turn by
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
        pixels = picture.convert("RGB")
        if turn is not None:
            pixels = pixels.transpose(Image.Transpose[turn])
    except (
        *(OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError),
        *(struct.error, Image.DecompressionBombError),
    ) as error:
        raise ProtocolError(
            "the picture cannot be decoded, which its privacy mask needs"
        ) from error
    blacken(ImageDraw.Draw(pixels), pixels.size, masks)
    file = io.BytesIO()
    pixels.info.clear()
    pixels.save(file, "JPEG", quality=_QUALITY_PERCENT)
    return file.getvalue()


def blacken(drawing: Drawings.ImageDraw, size: tuple[int, int], masks: Masks) -> None:
    """Make every pixel of a picture of a width and height black that a mask touches."""
    for polygon in masks.polygons:
        corners = pixels_of(polygon, *size)
        drawing.polygon(corners, fill=0)
        drawing.line([*corners, corners[0]], fill=0, width=_PEN, joint="curve")
        for x, y in corners:  # where a line begins, it may miss its own end
            drawing.rectangle((x - 2, y - 2, x + 2, y + 2), fill=0)
