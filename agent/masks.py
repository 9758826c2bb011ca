"""The privacy masks that the hub has told, kept on this host's disk.

So an agent that starts applies them to its first picture, before it has reached the hub.

Process: agent.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from convergecast.protocol import ProtocolError
from convergecast.protocol.masks import NO_MASKS, Masks, read_masks

from .errors import MasksLost
from .files import write_private

_UNKNOWN = Masks("unknown")

_log = logging.getLogger(__name__)


class KeptMasks:
    """The masks of one camera in a file.

    Attributes:
        camera_id: the camera whose masks they are; empty while that is not known.
        lasts: whether masks are still known after a restart. An agent that cannot promise that
            does not offer to apply any, so that the hub does it.
    """

    def __init__(self, path: Path | None, *, given: Masks = NO_MASKS, lasts: bool = True) -> None:
        """Name the file; with None, `given` is what is known."""
        self._path = path
        self._kept = given
        self.camera_id = ""
        self.lasts = lasts

    def read(self) -> Masks:
        """Return the masks that are known.

        Raises:
            MasksLost: there is a file, but it cannot be read.
        """
        if self._path is None:
            return self._kept
        try:
            fields = json.loads(self._path.read_text(encoding="utf-8"))
            self._kept = read_masks(fields)
            self.camera_id = str(fields.get("camera_id", ""))
        except FileNotFoundError:
            self._kept = NO_MASKS
        except OSError as error:
            self._kept = _UNKNOWN
            raise MasksLost(self._words(error.strerror or "it cannot be read")) from error
        except (ProtocolError, ValueError, RecursionError) as error:
            self._kept = _UNKNOWN
            raise MasksLost(self._words("it is damaged")) from error
        return self._kept

    def are_of_another(self, camera_id: str) -> bool:
        """Whether masks are kept, but of a camera other than the one that an answer names."""
        return bool(self._kept.polygons) and self.camera_id not in ("", camera_id)

    def keep(self, masks: Masks, camera_id: str) -> None:
        """Write a camera's masks, unless they are what is kept."""
        if self._path is None or (masks, camera_id) == (self._kept, self.camera_id):
            return
        fields = {"hash": masks.hash, "polygons": masks.polygons, "camera_id": camera_id}
        try:
            write_private(self._path, fields)
        except OSError as error:
            if self.lasts:
                _log.error("the privacy masks cannot be stored: %s", error.strerror)
            self.lasts = False
        else:
            self._kept, self.camera_id, self.lasts = masks, camera_id, True

    def words_of_another(self) -> str:
        """Return why masks go on though the hub tells none, and how a person removes them."""
        file = f", or delete {self._path} and start the agent again" if self._path else ""
        return (
            "the hub shows this agent as a new camera, which has no privacy masks: those known "
            "before go on. To remove them, draw a privacy mask for the new camera on the hub's "
            f"page and remove it again{file}."
        )

    def _words(self, why: str) -> str:
        return (
            f"the privacy masks in {self._path} are not known ({why}): no picture is given before "
            "the hub tells them. If the camera has none, delete the file."
        )
