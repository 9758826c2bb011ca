"""WebSockets that go on reading while few messages wait.

uvicorn stops reading at every message until it is taken, and starts again: two system calls and a
turn of the loop for each acknowledgement of a picture. Process: hub.
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from convergecast.protocol.places import Place

_MAY_WAIT = 16


class PromptProtocol(WebSocketsSansIOProtocol):
    """Stops reading only when more than a few messages wait."""

    def send_receive_event_to_app(self) -> None:
        """Queue a message; uvicorn does not stop reading where it takes that for done."""
        few = self.queue.qsize() < _MAY_WAIT
        self.read_paused |= few
        super().send_receive_event_to_app()
        self.read_paused &= not few

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the connection's place back, which came with its scope."""
        super().connection_lost(exc)
        place: Place | None = self.app_state.get("place")
        if place is not None:
            place.leave()
