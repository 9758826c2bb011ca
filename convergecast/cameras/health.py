"""How a camera is doing, in numbers and words: state, rates, and the agent's clock.

Pure: time comes in as an argument.

Process: worker.
"""

from __future__ import annotations

from collections import deque

from convergecast.messages.worker import State

_SYNC_SAMPLES = 8
_MOST_EVENTS = 1024


class Health:
    """The state a user sees, and when to try again after a failure."""

    def __init__(self) -> None:
        """Begin as a camera that has not answered yet."""
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
    """Events a second over the last few seconds; one thread adds, another reads.

    Adding is for every frame, so it is no more than the deque's own append.
    """

    def __init__(self, window_s: float = 3.0) -> None:
        """Begin without events."""
        self._window_s = window_s
        self._times: deque[float] = deque(maxlen=_MOST_EVENTS)

    def add(self, now: float) -> None:
        """Note one event at monotonic time `now`."""
        self._times.append(now)

    def per_second(self, now: float) -> float:
        """Return the rate; 0 when nothing happened within the window."""
        times = [time for time in list(self._times) if time >= now - self._window_s]
        if len(times) < 2:
            return len(times) / self._window_s
        # Between the first and the last event lie one interval fewer than events; a source that
        # has just stopped must fall, so the time since the last one counts once it is longer.
        span = times[-1] - times[0]
        usual = span / (len(times) - 1)
        silence = now - times[-1]
        return (len(times) - 1) / max(span + max(0.0, silence - usual), 1e-6)


class AgentRate:
    """The camera's own rate, from the numbers and times of the frames that were seen.

    One thread adds, another reads.
    """

    def __init__(self, window_s: float = 4.0) -> None:
        """Begin without frames."""
        self._window_s = window_s
        self._seen: deque[tuple[int, float]] = deque(maxlen=_MOST_EVENTS)

    def add(self, seq: int, captured_at: float) -> None:
        """Note frame `seq`, captured at `captured_at`; a number that goes back begins again."""
        self._seen.append((seq, captured_at))

    def per_second(self) -> float | None:
        """Return frames a second, or None before it is known."""
        seen = list(self._seen)
        if not seen:
            return None
        last = first = seen.pop()
        for seq, captured_at in reversed(seen):
            began_again = seq >= first[0] or captured_at >= first[1]
            too_old = last[1] - captured_at > self._window_s and first is not last
            if began_again or too_old:
                break
            first = (seq, captured_at)
        if first is last:
            return None
        return (last[0] - first[0]) / (last[1] - first[1])

    def clear(self) -> None:
        """Forget what was seen."""
        self._seen.clear()


class ClockOffset:
    """How far an agent's clock is ahead of this machine's.

    As in NTP (RFC 5905, section 8): the sample with the shortest round trip is the best, since
    its error is at most half of that. Clocks that agree within the error are taken to be the same.

    Attributes:
        known: whether there is a sample.
        seconds: the offset; 0 while unknown.
    """

    def __init__(self) -> None:
        """Begin without a sample: the offset is not known."""
        self._samples: deque[tuple[float, float]] = deque(maxlen=_SYNC_SAMPLES)
        self.known = False
        self.seconds = 0.0

    def add(self, agent_time: float, local_time: float, round_trip_s: float) -> None:
        """Note that the agent's clock showed `agent_time` about `local_time`."""
        offset = agent_time - local_time
        if self.known and abs(offset - self.seconds) > 0.5 + round_trip_s:
            self._samples.clear()  # one of the clocks was set
        self._samples.append((round_trip_s, offset))
        best_round_trip_s, offset_s = min(self._samples)
        self.seconds = 0.0 if abs(offset_s) <= best_round_trip_s / 2 else offset_s
        self.known = True

    def clear(self) -> None:
        """Forget every sample."""
        self._samples.clear()
        self.known, self.seconds = False, 0.0
