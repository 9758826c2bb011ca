"""What a worker has for the hub: one slot of each kind, newest wins, one message unacknowledged.

Camera worker; used by its pulling, analysing and sending threads.
"""

from __future__ import annotations

import threading
from typing import Any

from convergecast.packing import pack

Message = dict[str, Any]


class Outbox:
    """Slots for a frame, a result and a report."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: tuple[Message, bytes] | None = None
        self._result: tuple[Message, bytes] | None = None
        self._report: Message | None = None
        self._credit = True
        self._closed = False
        self.frames_replaced = 0

    def put_frame(self, header: Message, jpeg: bytes) -> None:
        """Offer a frame; one that still waits is given up and counted."""
        with self._changed:
            if self._frame is not None:
                self.frames_replaced += 1
            self._frame = ({"kind": "frame", **header}, jpeg)
            self._changed.notify()

    def put_result(self, result: Message, jpeg: bytes = b"") -> None:
        """Offer a result, with the picture it belongs to where that was asked for."""
        with self._changed:
            self._result = ({"kind": "result", "result": result}, jpeg)
            self._changed.notify()

    def put_report(self, report: Message) -> None:
        """Offer the newest report; needs no credit."""
        with self._changed:
            self._report = {"kind": "report", **report}
            self._changed.notify()

    def acknowledged(self) -> None:
        """Note that the hub took the last frame or result."""
        with self._changed:
            self._credit = True
            self._changed.notify()

    def drop_frames(self) -> None:
        """Forget a waiting frame that nobody wants any more, without counting it."""
        with self._changed:
            self._frame = None

    def close(self) -> None:
        """End `take`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self) -> bytes | None:
        """Wait for the next message and return it; None when closed."""
        with self._changed:
            while not self._closed:
                if self._report is not None:
                    message, self._report = pack(self._report), None
                    return message
                if self._credit and self._result is not None:
                    (header, payload), self._result = self._result, None
                    self._credit = False
                    return pack(header, payload)
                if self._credit and self._frame is not None:
                    (header, payload), self._frame = self._frame, None
                    self._credit = False
                    return pack(header, payload)
                self._changed.wait()
        return None
