"""Connections of the hub: how long each may keep it waiting, and how many there may be.

A connection must bring the head of every request, and take the answer, within a time; until then
it costs a socket and a few bytes, and no thread. Process: hub, in its event loop.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from convergecast.protocol.places import Limits, Place, Places
from convergecast.web.asgi_types import Scope

HEAD_WITHIN_S = 15.0
KEPT_ALIVE_S = 30.0
_ANSWER_TAKEN_WITHIN_S = 60.0
_LOOK_EVERY_S = 5.0

ACCEPTED_AT_ONCE = 64
"""New connections that the event loop takes before it looks at those that it has."""
QUEUED = 1024
"""New connections that the system keeps until then."""

_MOST = 1024
_FEWEST = 128
_FILES_OF_OTHERS = 128


def connection_limits() -> Limits:
    """Return how many connections there may be, by how many files this process may open.

    Half of the files are left to cameras: their processes, and the database.
    """
    most = max(_FEWEST, min(_MOST, (_most_files() - _FILES_OF_OTHERS) // 2))
    return Limits(most=most, strangers=most // 2, per_address=64, per_credential=most // 4)


def place_of(scope: Scope) -> Place | None:
    """Return the place of a request's or socket's connection; None where there is no server."""
    return scope.get("state", {}).get("place")


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with a place for each connection, which is dropped where it takes too long.

    Its place is found in a scope's `state`. A socket takes place and transport over.
    """

    def __init__(
        self,
        *arguments: Any,
        places: Places,
        is_proxy: Callable[[str], bool] = lambda _: False,
        **options: Any,
    ) -> None:
        """Begin without a connection; one of a trusted proxy may be anybody's."""
        super().__init__(*arguments, **options)
        self._places = places
        self._is_proxy = is_proxy
        self._due = 0.0
        self._reads_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place and start the clock."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._place = self._places.take(address, self._end)
        if self._is_proxy(address):
            self._place.is_known(f"proxy {address}")
        self.app_state = {**self.app_state, "place": self._place}
        self._due = self.loop.time() + HEAD_WITHIN_S
        self._timer = self.loop.call_at(self._due, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._timer.cancel()
        self._place.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note when a head begins, and when it is whole."""
        before, answering = self.cycle, self._is_answering()
        super().data_received(data)
        if self.cycle is not before:
            self._reads_head = False
            self._due = self.loop.time() + _ANSWER_TAKEN_WITHIN_S
        elif not answering and not self._reads_head:
            self._reads_head = True
            self._due = self.loop.time() + HEAD_WITHIN_S

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        before = self.cycle
        self._reads_head = False
        # uvicorn closes it in time; this is for one that does not take what it was sent.
        self._due = self.loop.time() + KEPT_ALIVE_S + 1
        super().on_response_complete()
        if self.cycle is not before:  # it was there already
            self._due = self.loop.time() + _ANSWER_TAKEN_WITHIN_S

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _look(self) -> None:
        """Drop the connection where its time is up, or look again."""
        if self.transport.get_protocol() is not self:
            return  # a socket has taken it over
        now = self.loop.time()
        if now >= self._due and not (self._is_answering() and self._place.known):
            self.transport.abort()
            return
        at = self._due if self._due > now else now + _LOOK_EVERY_S
        self._timer = self.loop.call_at(min(at, now + _LOOK_EVERY_S), self._look)

    def _end(self) -> None:
        """Drop the connection, from any thread: its place is another's now."""
        self.loop.call_soon_threadsafe(self.transport.abort)


def _most_files() -> int:
    if sys.platform == "win32":
        return 8192  # sockets are no files there
    import resource  # there is none on Windows

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
