"""Blackens a camera's privacy masks in pictures whose agent has not done it.

An older agent cannot, and another one needs a moment to hear of masks that are new. So nothing in
the hub ever has a picture without them. Process: worker.
"""

from __future__ import annotations

import io
import struct

from convergecast.messages.worker import MaskedBy
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import WireFrame
from convergecast.protocol.masks import Masks, pixels_of

_QUALITY_PERCENT = 85


class PrivacyMask:
    """The masks of one camera. Give it every frame before anybody gets it.

    Attributes:
        applied_by: who has blackened the newest frame; None: it needed nobody.
    """

    def __init__(self, masks: Masks) -> None:
        """Begin without a frame."""
        self._masks = masks
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
    # Few cameras need it, and a worker without an option does without Pillow.
    from PIL import Image, ImageDraw, ImageOps

    try:
        picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        pixels = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        raise ProtocolError(
            "the picture cannot be decoded, which its privacy mask needs"
        ) from error
    drawing = ImageDraw.Draw(pixels)
    for polygon in masks.polygons:
        corners = pixels_of(polygon, *pixels.size)
        drawing.polygon(corners, fill=0)
        drawing.line([*corners, corners[0]], fill=0, width=3, joint="curve")
    file = io.BytesIO()
    pixels.info.clear()
    pixels.save(file, "JPEG", quality=_QUALITY_PERCENT)
    return file.getvalue()
