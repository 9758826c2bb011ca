"""The parts of one `/stream`: new pictures, and from time to time a part without a picture.

One object for each stream, in a thread of the server.

Process: agent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

from convergecast.protocol.frames import frame_headers
from convergecast.protocol.stream import encode_part

from .encode import Encoded, Frame
from .errors import CameraOffline
from .slot import FrameSlot

_LOOK_UP_S = 1.0
# Under six packets per second in all for a still scene, and no picture older than 1 s.
_WORD_EVERY_S = 0.45
_PICTURE_EVERY_S = 0.9
_MOVES = 3  # so many in a row that differ are no mere change of a still scene
_COMPARED_EVERY_S = 0.19  # five times a second, and every frame of a camera that gives no more


class Channel(Protocol):
    """A connection that knows when the next part can be sent."""

    def wait_until_sent(self) -> bool:
        """Wait until everything is sent; return False if the client has gone."""


class StreamParts:
    """Chooses and writes the parts.

    Args:
        slot: holds the newest frame.
        channel: the client's connection; None if it is unknown.
        epoch: identifies this run of the agent.
        plain: whether the client wants plain JPEG instead of the zlib format.
    """

    def __init__(
        self, *, slot: FrameSlot, channel: Channel | None, epoch: str, plain: bool
    ) -> None:
        """Begin with no picture sent."""
        self._slot = slot
        self._channel = channel
        self._epoch = epoch
        self._plain = plain
        self._shown: Frame | None = None
        self._picture_at_s = self._part_at_s = self._moves_until_s = 0.0
        self._unchanged = self._differed = 0

    def write(self, frame: Frame | None) -> Iterator[bytes]:
        """Yield parts, beginning with `frame`, until the camera or the client is gone."""
        seq = 0
        try:
            while True:
                if frame is not None:
                    seq = frame.seq
                    part = self.part(frame, time.perf_counter())
                    if part:
                        yield part
                if self._channel is not None and not self._channel.wait_until_sent():
                    return
                frame = self._slot.newer_than(seq, timeout_s=_LOOK_UP_S)
        except CameraOffline:
            return  # the end of the stream tells the hub; its next request gets the reason

    def part(self, frame: Frame, now_s: float) -> bytes:
        """Return the part for a frame; empty if nothing has to be sent.

        A frame that shows the same as the last picture is sent without a picture, and mostly not
        at all.
        """
        same = self._shows_the_same(frame, now_s)
        if same and now_s - self._part_at_s < _WORD_EVERY_S:
            self._unchanged += 1
            return b""
        self._part_at_s = now_s
        if same and now_s - self._picture_at_s < _PICTURE_EVERY_S:
            packed: tuple[dict[str, str], bytes] = {}, b""
        else:
            self._picture_at_s, self._shown = now_s, frame
            packed = self._packed(frame)
        headers = packed[0] | frame_headers(
            seq=frame.seq,
            captured_at=frame.captured_at,
            epoch=self._epoch,
            unchanged=self._unchanged,
            scene=frame.scene,
            masks=frame.masks,
        )
        self._unchanged = 0
        return encode_part(headers, packed[1])

    def _shows_the_same(self, frame: Frame, now_s: float) -> bool:
        """Whether a frame shows the last picture sent, as far as it was looked at.

        To compare pixels costs a third of encoding them. While they move, most are sent unseen.
        """
        if self._shown is None or now_s < self._moves_until_s:
            return False
        same = frame.shows_the_same_as(self._shown)
        self._differed = 0 if same else self._differed + 1
        if self._differed >= _MOVES and not isinstance(frame.picture, Encoded):
            self._moves_until_s = now_s + _COMPARED_EVERY_S
        return same

    def _packed(self, frame: Frame) -> tuple[dict[str, str], bytes]:
        headers = {"Content-Type": "image/jpeg"}
        shrunk = None if self._plain else frame.shrunk()
        if shrunk is None:
            return headers, frame.jpeg()
        return headers | {"Content-Encoding": "deflate"}, shrunk
