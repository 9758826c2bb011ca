"""Guessing is slow: so many wrong secrets per address, and each check in turn.

An address that has used up its wrong ones is refused before anything is compared, so that even the
right one is not found. Nobody else is kept out by it, and no account is locked. IPv6 addresses are
counted by their /64, which one host may hold. Who has signed in is counted by its account instead.

Process: hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Callable

from convergecast.errors import TooMany
from convergecast.protocol.places import network_of

_CHECKED_AT_ONCE = 2
_MOST_IN_LINE = 256
_MOST_REMEMBERED = 10_000
_LOG_AGAIN_S = 60.0

log = logging.getLogger("sign-in")


class Throttle:
    """Counts wrong secrets of one kind. `check` and `failed` may be called from any thread.

    Args:
        what: names the kind in messages and in the log, such as `token`.
        burst: so many wrong ones an address may send in a row,
        every_s: and then one every so many seconds.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        what: str,
        *,
        burst: int,
        every_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without a failure."""
        self._what = what
        self._every_s = every_s
        self._allowed_s = (burst - 1) * every_s
        self._clock = clock
        self._lock = threading.Lock()
        # Until when an address has to pay for what it sent; oldest failure first.
        self._paid_at: dict[str, float] = {}
        self._logged_at: dict[str, float] = {}
        self._in_line: set[str] = set()
        self._turns = asyncio.Semaphore(_CHECKED_AT_ONCE)

    def check(self, address: str) -> None:
        """Raise TooMany when an address has sent too many wrong secrets; nothing is compared then.

        It says when to try again.
        """
        now = self._clock()
        with self._lock:
            wait_s = self._paid_at.get(network_of(address), now) - now - self._allowed_s
        if wait_s > 0:
            raise self._too_many(wait_s)

    def failed(self, address: str) -> None:
        """Note that an address has sent a wrong secret; some of them are logged."""
        network, now = network_of(address), self._clock()
        with self._lock:
            paid_at = max(now, self._paid_at.pop(network, now)) + self._every_s
            self._paid_at[network] = paid_at
            if len(self._paid_at) > _MOST_REMEMBERED:
                del self._paid_at[next(iter(self._paid_at))]
            used_up = paid_at - now > self._allowed_s
            tell = used_up and now - self._logged_at.get(network, -math.inf) >= _LOG_AGAIN_S
            if tell:
                self._logged_at[network] = now
                self._logged_at = {
                    other: at for other, at in self._logged_at.items() if now - at < _LOG_AGAIN_S
                }
        if tell:
            log.warning(
                "too many wrong %ss from %s: they are checked slowly now", self._what, network
            )
        elif not used_up:
            log.warning("a wrong %s from %s", self._what, network)

    @contextlib.asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait until a secret of this address may be checked; event loop only.

        Two are checked at once, the others in the order they came; of each address one may wait or
        be checked.

        Raises:
            TooMany: another of this address waits or is checked, the address has sent too many
                wrong ones, or too many addresses wait. It says when to try again.
        """
        self.check(address)
        network = network_of(address)
        if network in self._in_line or len(self._in_line) >= _MOST_IN_LINE:
            raise TooMany("Another of your requests is being checked: try again.", retry_after_s=1)
        self._in_line.add(network)
        try:
            async with self._turns:
                self.check(address)
                yield
        finally:
            self._in_line.discard(network)

    def _too_many(self, wait_s: float) -> TooMany:
        seconds = max(1, math.ceil(wait_s))
        return TooMany(
            f"There were too many wrong {self._what}s: try again in {seconds} s.",
            retry_after_s=seconds,
        )
