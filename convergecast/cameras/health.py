"""How a camera is doing, in numbers and words: state, rates, and the agent's clock. Camera worker.

Pure: time comes in as an argument.
"""

from __future__ import annotations

import threading
from collections import deque

from convergecast.models import State

_SYNC_SAMPLES = 8


class Health:
    """The state a user sees, and when to try again after a failure."""

    def __init__(self) -> None:
        self.state = State.CONNECTING
        self.reason = ""
        self._failures = 0
        self._failing_since: float | None = None

    def picture_came(self) -> None:
        """Note a good picture."""
        self.state, self.reason = State.ONLINE, ""
        self._failures, self._failing_since = 0, None

    def failed(self, reason: str, *, offline: bool, now: float) -> float:
        """Note a failure at monotonic time `now`; return the seconds to wait before the next try.

        `offline`: the camera is known to be away; else it is merely silent or unusable. The wait
        is 0.25 s at first, doubles to 1 s, and is 5 s after five minutes of failures.
        """
        self.state = State.OFFLINE if offline else State.STALLED
        self.reason = reason
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since > 300:
            return 5.0
        return (0.25, 0.5, 1.0)[min(self._failures, 3) - 1]

    def began_again(self) -> None:
        """Forget failures: the camera has moved, or given a sign of life."""
        self._failures, self._failing_since = 0, None


class Rate:
    """Events a second over the last few seconds; one thread adds, another reads."""

    def __init__(self, window_s: float = 3.0) -> None:
        self._window_s = window_s
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def add(self, now: float) -> None:
        """Note one event at monotonic time `now`."""
        with self._lock:
            self._times.append(now)
            self._trim(now)

    def per_second(self, now: float) -> float:
        """Return the rate; 0 when nothing happened within the window."""
        with self._lock:
            self._trim(now)
            return self._rate(now)

    def _rate(self, now: float) -> float:
        if len(self._times) < 2:
            return len(self._times) / self._window_s
        # Between the first and the last event lie one interval fewer than events; a source that
        # has just stopped must fall, so the time since the last one counts once it is longer.
        span = self._times[-1] - self._times[0]
        usual = span / (len(self._times) - 1)
        silence = now - self._times[-1]
        return (len(self._times) - 1) / max(span + max(0.0, silence - usual), 1e-6)

    def _trim(self, now: float) -> None:
        while self._times and self._times[0] < now - self._window_s:
            self._times.popleft()


class AgentRate:
    """The camera's own rate, from the numbers and times of the frames that were seen."""

    def __init__(self, window_s: float = 4.0) -> None:
        self._window_s = window_s
        self._seen: deque[tuple[int, float]] = deque()
        self._lock = threading.Lock()

    def add(self, seq: int, captured_at: float) -> None:
        """Note frame `seq`, captured at `captured_at`; a number that goes back begins again."""
        with self._lock:
            if self._seen and (seq <= self._seen[-1][0] or captured_at <= self._seen[-1][1]):
                self._seen.clear()
            self._seen.append((seq, captured_at))
            while captured_at - self._seen[0][1] > self._window_s and len(self._seen) > 2:
                self._seen.popleft()

    def per_second(self) -> float | None:
        """Return frames a second, or None before it is known."""
        with self._lock:
            if len(self._seen) < 2:
                return None
            (first, began), (last, ended) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began)

    def clear(self) -> None:
        """Forget what was seen."""
        with self._lock:
            self._seen.clear()


class ClockOffset:
    """How far an agent's clock is ahead of this machine's, in seconds.

    As in NTP (RFC 5905, section 8): the sample with the shortest round trip is the best, since
    its error is at most half of that. Clocks that agree within the error are taken to be the same.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=_SYNC_SAMPLES)

    def add(self, agent_time: float, local_time: float, round_trip_s: float) -> None:
        """Note that the agent's clock showed `agent_time` about `local_time`."""
        offset = agent_time - local_time
        if self._samples and abs(offset - self.seconds) > 0.5 + round_trip_s:
            self._samples.clear()  # one of the clocks was set
        self._samples.append((round_trip_s, offset))

    @property
    def known(self) -> bool:
        """Whether there is a sample."""
        return bool(self._samples)

    @property
    def seconds(self) -> float:
        """The offset; 0 while unknown."""
        if not self._samples:
            return 0.0
        round_trip_s, offset_s = min(self._samples)
        return 0.0 if abs(offset_s) <= round_trip_s / 2 else offset_s

    def clear(self) -> None:
        """Forget every sample."""
        self._samples.clear()
