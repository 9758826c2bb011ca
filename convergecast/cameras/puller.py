"""Pulls a camera's frames from its agent, and retries without end.

It pulls every frame while a viewer watches or an AI option is on, otherwise one frame a second.

Process: worker.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from convergecast.cameras.health import AgentRate, ClockOffset, Health, Rate
from convergecast.cameras.privacy import PrivacyMask
from convergecast.cameras.source import FrameSource, SourceError
from convergecast.messages.worker import Orders, State
from convergecast.protocol import ProtocolError
from convergecast.protocol.frames import WireFrame
from convergecast.protocol.jpeg import SizeReader

if TYPE_CHECKING:
    from PIL.Image import Image

_IDLE_INTERVAL_S = 1.0
_LEAST_PAUSE_S = 0.05
_NOTHING_CAME_S = 0.25
_PLAIN_INTERVAL_S = 1 / 30  # for agents that answer at once, even without a new frame
_SYNC_ROUNDS = 3
_AGENT_S = 60.0  # new orders end the wait
# An agent that begins with larger pictures tells so with its next registration, a few seconds
# later; up to a usual camera's size it need not.
_USUAL_PIXELS = 3840 * 2160
_FAR_LARGER = 4
_LATEST_TIME_S = 1e15  # as for the times of frames; this also refuses infinity and NaN

log = logging.getLogger("camera")


class Frame(NamedTuple):
    """A checked frame.

    Attributes:
        captured_at: UNIX seconds by this machine's clock.
        mark: epoch and scene of the agent. It changes when the agent restarts or its source jumps.
        scene: the number of the scene, as in `results.Result`; None while no option is on.
        small: the frame small and gray, from `scenes.Scenes`; None while no option is on, or if it
            cannot be decoded.
    """

    jpeg: bytes
    seq: int
    captured_at: float
    width: int
    height: int
    mark: tuple[str, int] = ("", 0)
    scene: int | None = None
    small: Image | None = None


class Puller:
    """Pulls frames, passes each to `deliver`, and keeps the camera's health.

    Args:
        orders: the current orders.
        deliver: called with every good frame, in the pulling thread.
        on_state: called after the state or its reason has changed.

    Attributes:
        still: whether the agent skips frames because they show nothing new.
        privacy: the masks that each frame has before it is passed on. A worker keeps those that it
            began with: for others the hub starts another worker.
    """

    def __init__(
        self, *, orders: Orders, deliver: Callable[[Frame], None], on_state: Callable[[], None]
    ) -> None:
        """Start without a connection; no thread runs yet."""
        self._orders = orders
        self._deliver = deliver
        self._on_state = on_state
        self._woken = threading.Event()
        self.health = Health()
        self.received = Rate()
        self.agent_rate = AgentRate()
        self.size: tuple[int, int] | None = None
        self.agent_dropped = 0
        self.still = False
        self.came_online = threading.Event()
        self.privacy = PrivacyMask(orders.zones.privacy)
        self._clock = ClockOffset()
        self._read_size = SizeReader()
        self._last: tuple[int, str] | None = None
        self._was_streaming = False
        self._tried_at = self._picture_at = 0.0
        self._place: tuple[object, ...] = ()
        self._source = FrameSource(orders)
        self._clock_source: FrameSource | None = None

    def set_orders(self, orders: Orders) -> None:
        """Set new orders. If they change the pulling, a waiting puller acts at once."""
        before, self._orders = self._orders, orders
        moved = orders.wakes != before.wakes or orders.place != before.place
        moved = moved or orders.agent_problem != before.agent_problem
        if moved:
            self.health.began_again()
        else:
            self._source.renew(orders)  # an open stream waits by the rate that was told last
        if moved or orders.full_rate != before.full_rate:
            self._woken.set()

    def run(self) -> None:
        """Pull without end."""
        while True:
            self._woken.clear()
            pause_s = self.run_once()
            self._woken.wait(pause_s)

    def run_once(self) -> float:
        """Pull until something fails or changes. Return how long to wait until the next call."""
        orders = self._orders
        if orders.agent_problem is not None:
            return self._wait_for_agent(orders.agent_problem)
        if orders.place != self._place:
            self._place = orders.place
            self._source.close()
            self._source = FrameSource(orders)
            self._clock.clear()
        self._source.renew(orders)
        self._tried_at = time.monotonic()
        try:
            return self._pull(orders)
        except (SourceError, ProtocolError) as error:
            self._was_streaming = False
            self._source.close()
            # Counted from the last sign of life, because a timeout was a pause already.
            return max(_LEAST_PAUSE_S, self._tried_at + self._failed(error) - time.monotonic())

    def _wait_for_agent(self, problem: str) -> float:
        """Return how long to wait for an agent that the hub has to start; say why, if known."""
        self._was_streaming = False
        self._source.close()
        if problem:
            self._failed(SourceError(problem, offline=True))
        return _AGENT_S

    def _pull(self, orders: Orders) -> float:
        if not self._clock.known:
            self._synchronise(self._source)
        if orders.full_rate and self._source.can_stream:
            self._stream()
            return 0.0
        self._was_streaming = False
        began = time.monotonic()
        came = self._poll()
        if not orders.full_rate:
            return _IDLE_INTERVAL_S
        if self._source.can_wait:
            return 0.0 if came else _NOTHING_CAME_S
        return max(0.0, began + _PLAIN_INTERVAL_S - time.monotonic())

    def _stream(self) -> None:
        for frame in self._source.stream():
            self._take(frame, in_sequence=self._was_streaming)
            self._was_streaming = True
            if self._woken.is_set() and not self._stream_fits_orders():
                break

    def _stream_fits_orders(self) -> bool:
        """Tell whether the stream still fits the new orders."""
        self._woken.clear()
        orders = self._orders
        return orders.place == self._place and orders.full_rate and orders.agent_problem is None

    def _poll(self) -> bool:
        patience_s = self._source.patience_s
        frame = self._source.frame(self._last, patience_s)
        if frame is not None:
            self._take(frame, in_sequence=False)
        elif time.monotonic() - self._picture_at >= patience_s:
            raise SourceError(f"no new picture for {patience_s:g} s", offline=False)
        return frame is not None

    def _take(self, frame: WireFrame, *, in_sequence: bool) -> None:
        now = captured_at = time.time()
        width, height = self._read_size(frame.jpeg)
        _check_announced(width, height, self._orders.agent_size)
        masked = self.privacy.apply(frame)
        if masked is not frame:
            frame, (width, height) = masked, self._read_size(masked.jpeg)
        self.size = width, height
        if frame.captured_at is not None and self._clock.known:
            captured_at = min(now, frame.captured_at - self._clock.seconds)
        self._count(frame, in_sequence=in_sequence)
        self._tried_at = self._picture_at = time.monotonic()
        self.received.add(self._tried_at)
        came_back = self.health.state is not State.ONLINE
        if came_back:
            self.health.picture_came()
        mark = frame.epoch, frame.scene
        self._deliver(Frame(frame.jpeg, frame.seq, captured_at, width, height, mark))
        if came_back:
            log.info("online: %d×%d", width, height)
            self.came_online.set()
            self._on_state()

    def _count(self, frame: WireFrame, *, in_sequence: bool) -> None:
        if frame.seq < 0 or frame.captured_at is None:
            return
        if self._last is not None and self._last[1] == frame.epoch:
            gap = frame.seq - self._last[0] - 1 - frame.unchanged
            if in_sequence and gap > 0:
                self.agent_dropped += gap
        else:
            self.agent_rate.clear()
        self.still = frame.unchanged > 0
        self._last = (frame.seq, frame.epoch)
        self.agent_rate.add(frame.seq, frame.captured_at)

    def check(self) -> None:
        """Abort a read that takes too long. Another thread must call it every second."""
        for source in (self._source, self._clock_source):
            if source is not None:
                source.check(time.monotonic())

    def refresh_clock(self) -> None:
        """Measure the offset of the agent's clock again, over a second connection."""
        source = self._clock_source = FrameSource(self._orders)
        try:
            if self.health.state is State.ONLINE:
                self._synchronise(source)
        except SourceError:
            pass  # the pulling thread gets the same error and reports it
        finally:
            self._clock_source = None
            source.close()

    def _synchronise(self, source: FrameSource) -> None:
        if not self._orders.capabilities:
            return
        for _ in range(_SYNC_ROUNDS):
            health, local_time, round_trip_s = source.health()
            agent_time = health.get("time")
            if isinstance(agent_time, int | float) and abs(agent_time) < _LATEST_TIME_S:
                self._clock.add(float(agent_time), local_time, round_trip_s)

    def _failed(self, error: SourceError | ProtocolError) -> float:
        offline = isinstance(error, SourceError) and error.offline
        before = (self.health.state, self.health.reason)
        pause_s = self.health.failed(str(error), offline=offline, now=time.monotonic())
        if before != (self.health.state, self.health.reason):
            log.info("%s: %s", self.health.state, self.health.reason)
            self._on_state()
        return pause_s


def _check_announced(width: int, height: int, announced: tuple[int, int] | None) -> None:
    """Raise ProtocolError for a picture far larger than what the agent has announced."""
    if announced is None or width * height <= _USUAL_PIXELS:
        return
    if width * height > _FAR_LARGER * announced[0] * announced[1]:
        raise ProtocolError(
            f"the picture is {width}×{height}, far larger than the {announced[0]}×{announced[1]} "
            "that its agent announced"
        )
