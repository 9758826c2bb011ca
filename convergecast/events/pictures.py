"""The pictures of events: files that the workers write and the hub shows and deletes.

Process: hub.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Container, Sequence
from pathlib import Path

from PIL import Image

from convergecast.errors import NotFound
from convergecast.events.writer import picture_path

PICTURES = "event-pictures"
"""The folder of all cameras' pictures, in the hub's data folder."""
THUMBNAIL_HEIGHT = 180
_WIDER = 0.25
"""How much of a box's size is shown around it, on each side."""
_SHAPE = 16 / 9
_NO_PICTURE = "This event has no picture: it was deleted, or the disk was full."


class EventPictures:
    """The folder of all events' pictures. Any thread may call it."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it need not be there."""
        self._folder = folder

    def read(self, camera_id: str, key: str) -> bytes:
        """Return a picture as the camera sent it. Raises NotFound."""
        try:
            return picture_path(self._folder / camera_id, key).read_bytes()
        except OSError as error:
            raise NotFound(_NO_PICTURE) from error

    def thumbnail(self, camera_id: str, key: str, box: Sequence[float]) -> bytes:
        """Return a small JPEG of what an event is about. Raises NotFound.

        Args:
            camera_id, key: of the event.
            box: of the thing, in shares of the picture.
        """
        return make_thumbnail(self.read(camera_id, key), box)

    def remove(self, camera_id: str, keys: Sequence[str]) -> None:
        """Delete pictures; those that are not there are passed over."""
        for key in keys:
            with contextlib.suppress(OSError):
                picture_path(self._folder / camera_id, key).unlink(missing_ok=True)

    def remove_camera(self, camera_id: str) -> None:
        """Delete all pictures of a camera."""
        shutil.rmtree(self._folder / camera_id, ignore_errors=True)


def remove_pictures(folder: Path, *, but: Container[str]) -> None:
    """Remove the pictures of all cameras, except those in `but`."""
    if folder.is_dir():
        for of_camera in folder.iterdir():
            if of_camera.name not in but:
                shutil.rmtree(of_camera, ignore_errors=True)


def make_thumbnail(jpeg: bytes, box: Sequence[float]) -> bytes:
    """Return the part of a picture around a box as a JPEG of `THUMBNAIL_HEIGHT`, 16:9.

    Raises NotFound for a picture that cannot be decoded.
    """
    try:
        picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        full_width, full_height = picture.size
        x1, y1, x2, y2 = _around(box, full_width / full_height)
        share = max(y2 - y1, 1e-3)
        draft = THUMBNAIL_HEIGHT / share
        picture.draft("RGB", (round(draft * full_width / full_height), round(draft)))
        width, height = picture.size
        part = picture.convert("RGB").crop(
            (round(x1 * width), round(y1 * height), round(x2 * width), round(y2 * height))
        )
        small = part.resize((round(THUMBNAIL_HEIGHT * _SHAPE), THUMBNAIL_HEIGHT))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotFound("The picture of this event cannot be decoded.") from error
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return out.getvalue()


def _around(box: Sequence[float], picture_shape: float) -> tuple[float, float, float, float]:
    """Return a part of the picture, in shares of it, that has the thumbnail's shape and the box."""
    x1, y1, x2, y2 = box
    shape = _SHAPE / picture_shape  # of the part, in shares
    height = (y2 - y1) * (1 + 2 * _WIDER)
    width = (x2 - x1) * (1 + 2 * _WIDER)
    height = max(height, width / shape, 0.2)
    height = min(height, 1.0, 1 / shape)
    width = height * shape
    left = min(max((x1 + x2) / 2 - width / 2, 0.0), 1 - width)
    top = min(max((y1 + y2) / 2 - height / 2, 0.0), 1 - height)
    return left, top, left + width, top + height
