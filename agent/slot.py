"""The slot: holds the newest frame, and the state of the camera.

The capture thread writes it; the server's threads, the link and the preview read it.

Process: agent.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from convergecast.protocol.masks import NO_MASKS, Masks

from .encode import Encoder, Frame, Picture
from .errors import CameraOffline
from .pace import Pace

_LEAST_STALE_S = 3.0
_RATE_WINDOW_S = 5.0
_BUFFERED_S = 1.0
_ASKED_OFTEN_S = 0.5
_FRESH_WITHIN_S = 0.5
_SOON_S = 0.25  # a slower camera's picture is always taken: who asks should not wait for the next


@dataclass(frozen=True, slots=True)
class CameraState:
    """The camera's current state.

    Attributes:
        online: whether there is a current frame.
        reason: why not, in words; empty while online.
        fps: published frames per second, measured over the last seconds; 0 while offline.
        width, height: in pixels as served, 0 before the first frame.
    """

    online: bool
    reason: str
    fps: float
    width: int
    height: int


class FrameSlot:
    """Holds one frame; a newer one replaces it, read or not.

    Every picture passes here before anybody gets it, and here the privacy masks are applied.
    """

    def __init__(self, *, encoder: Encoder) -> None:
        """Begin without a frame."""
        self._encoder = encoder
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._seq = 0
        self._failure = "the camera is being opened"
        self._pace = Pace()
        self._opened_at_s: float | None = None
        self._came: deque[float] = deque(maxlen=512)
        self._closed = False
        self._masks: Masks = NO_MASKS
        self._withheld = ""
        self._is_wanted = False
        self._asked_at = self._held_until = float("-inf")

    def expect(self, fps: float | None) -> None:
        """Begin with a source that was opened; its rate decides when the newest frame is too old.

        `fps` is what the source states; None if only its pictures tell.
        """
        with self._changed:
            self._pace = Pace(fps)
            self._opened_at_s = None
            self._came.clear()

    @property
    def masks(self) -> Masks:
        """The privacy masks under which pictures are black."""
        return self._masks

    def set_masks(self, masks: Masks) -> None:
        """Serve no picture any more but with these privacy masks."""
        with self._changed:
            if masks != self._masks:
                self._frame = None
            self._masks, self._withheld = masks, ""

    @property
    def is_withheld(self) -> bool:
        """Whether no picture is served because the masks are not known."""
        return bool(self._withheld)

    def withhold(self, reason: str) -> None:
        """Serve no picture until the privacy masks are known; `reason` says why they are not."""
        with self._changed:
            self._frame, self._withheld = None, reason

    def publish(
        self, picture: Picture, *, captured_at: float | None = None, scene: int = 0
    ) -> None:
        """Make `picture` the newest frame; `captured_at` in UNIX seconds, default now.

        Raises:
            DamagedPicture: it cannot be decoded, which the privacy masks need.
        """
        captured_at = time.time() if captured_at is None else captured_at
        while not self._try_to_publish(picture, captured_at, scene):
            pass

    def _try_to_publish(self, picture: Picture, captured_at: float, scene: int) -> bool:
        """Publish a picture; return False if the masks have changed meanwhile."""
        masks = self._masks
        if masks.polygons:
            picture = self._encoder.masked(picture, masks)
        with self._changed:
            if masks is not self._masks:
                return False
            self._note(time.perf_counter())
            if not self._withheld:
                self._frame = Frame(
                    picture,
                    seq=self._seq,
                    captured_at=captured_at,
                    encoder=self._encoder,
                    scene=scene,
                    masks=masks.hash,
                )
            self._is_wanted = False
            self._changed.notify_all()
        return True

    def wants(self) -> bool:
        """Return whether the camera's next picture is to be published, or only noted.

        It is while somebody waits for it or asks often, while little is known of the camera, and
        where the one after it would not come soon.
        """
        with self._changed:
            held = self._is_wanted or time.perf_counter() < self._held_until
            return held or self._frame is None or not self._pace.is_under(_SOON_S)

    def note(self) -> None:
        """Count a picture that nobody wants; it need not be decoded."""
        with self._changed:
            self._note(time.perf_counter())

    def _note(self, now: float) -> None:
        self._seq += 1
        self._failure = ""
        self._pace.came(now)
        if self._opened_at_s is None:
            self._opened_at_s = now
        if now - self._opened_at_s < _BUFFERED_S:
            # A camera's buffer may come at once: the rate counts from its last picture.
            self._came.clear()
        self._came.append(now)
        while len(self._came) > 2 and now - self._came[0] > _RATE_WINDOW_S:
            self._came.popleft()

    def fail(self, reason: str) -> None:
        """Set the reason why the camera gives no picture, and wake all waiting threads."""
        with self._changed:
            self._failure = reason
            self._came.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Wake all waiting threads: the agent stops."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def newer_than(self, seq: int, *, timeout_s: float = 0.0) -> Frame | None:
        """Return a frame newer than `seq`; None if none came within `timeout_s`.

        Where newer pictures were only noted, the next one is waited for, for a moment at most.

        Raises:
            CameraOffline: the camera gives no picture, or stopped meanwhile.
        """
        with self._changed:
            return self._newer_than(seq, timeout_s)

    def _newer_than(self, seq: int, timeout_s: float) -> Frame | None:
        now, newest = time.perf_counter(), self._seq
        deadline, fresh_by = now + timeout_s, now + _FRESH_WITHIN_S
        if now - self._asked_at < _ASKED_OFTEN_S:
            self._held_until = now + _ASKED_OFTEN_S
        self._asked_at = now
        while True:
            reason = self._reason(now)
            if reason:
                raise CameraOffline(reason)
            frame = self._frame if self._frame is not None and self._frame.seq > seq else None
            if frame is not None and frame.seq >= newest:
                return frame
            until = max(deadline, fresh_by) if newest > seq else deadline
            if now >= (fresh_by if frame is not None else until):
                return frame
            self._is_wanted = True
            stale_in_s = self._came[-1] + self._patience_s(now) - now
            self._changed.wait(max(0.0, min(until - now, stale_in_s)) + 0.001)
            now = time.perf_counter()

    def state(self) -> CameraState:
        """Return the camera's current state."""
        with self._changed:
            reason = self._reason(time.perf_counter())
            frame = self._frame
            return CameraState(
                online=not reason,
                reason=reason,
                fps=0.0 if reason else self._rate(),
                width=frame.width if frame else 0,
                height=frame.height if frame else 0,
            )

    def _reason(self, now: float) -> str:
        if self._closed:
            return "the agent is stopping"
        if self._withheld or self._failure:
            return self._withheld or self._failure
        # The capture thread may hang in a driver, so the age of the newest frame decides.
        age_s = now - self._came[-1]
        return f"no picture for {age_s:.0f} s" if age_s > self._patience_s(now) else ""

    def _patience_s(self, now: float) -> float:
        return self._pace.patience_s(now, least_s=_LEAST_STALE_S)

    def _rate(self) -> float:
        if len(self._came) < 2:
            return 0.0
        span_s = self._came[-1] - self._came[0]
        return (len(self._came) - 1) / span_s if span_s > 0 else 0.0
