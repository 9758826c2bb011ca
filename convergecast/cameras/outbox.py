"""What a worker has for the hub: one slot of each kind, newest wins, one message unacknowledged.

Camera worker; used by its pulling, analysing, reporting and main threads. Whoever makes a message
sendable sends it, because waking a thread for it costs more than the sending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
Sendable = tuple[Message | bytes, bytes]
"""A header, encoded or not, and a payload."""


class Outbox:
    """Slots for a frame, a result and a report.

    Args:
        send: takes a header and a payload; called by one thread at a time, may wait for the hub.
    """

    def __init__(self, send: Callable[[Message | bytes, bytes], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._frame: tuple[bytes, bytes] | None = None
        self._result: tuple[Message, bytes] | None = None
        self._report: tuple[Message, bytes] | None = None
        self._credit = True
        self._sending = False
        self.frames_replaced = 0

    def put_frame(self, head: bytes, jpeg: bytes) -> None:
        """Offer a frame with its `packing.frame_head`; one that still waits is given up."""
        with self._lock:
            if self._frame is not None:
                self.frames_replaced += 1
            self._frame = (head, jpeg)
            message = self._first()
        self._send_from(message)

    def put_result(self, result: Message, jpeg: bytes = b"", seen: Message | None = None) -> None:
        """Offer a result, with the picture it belongs to where that was asked for.

        Args:
            result: as in docs/api.md.
            jpeg: the picture.
            seen: the vectors of its faces, of `EmbeddingPlan.take`; those of a result that it
                replaces go with it.
        """
        header = {"kind": "result", "result": result, "seen": seen or {}}
        with self._lock:
            if self._result is not None:
                header["seen"] = _with_older(header, self._result[0])
            self._result = (header, jpeg)
            message = self._first()
        self._send_from(message)

    def put_report(self, report: Message) -> None:
        """Offer the newest report; needs no credit."""
        with self._lock:
            self._report = ({"kind": "report", **report}, b"")
            message = self._first()
        self._send_from(message)

    def acknowledged(self) -> None:
        """Note that the hub took the last frame or result."""
        with self._lock:
            self._credit = True
            message = self._first()
        self._send_from(message)

    def drop_frames(self) -> None:
        """Forget a waiting frame that nobody wants any more, without counting it."""
        with self._lock:
            self._frame = None

    def _first(self) -> Sendable | None:
        """Return what this thread is to send, if any; with the lock held."""
        if self._sending:
            return None  # whoever sends goes on with it
        message = self._next()
        self._sending = message is not None
        return message

    def _send_from(self, message: Sendable | None) -> None:
        """Send this and what may go then; meanwhile others leave theirs to this thread."""
        while message is not None:
            try:
                self._send(*message)
            except BaseException:
                self._sending = False
                raise
            with self._lock:
                message = self._next()
                self._sending = message is not None

    def _next(self) -> Sendable | None:
        message: Sendable | None = None
        if self._report is not None:
            message, self._report = self._report, None
        elif self._credit and self._result is not None:
            message, self._result = self._result, None
            self._credit = False
        elif self._credit and self._frame is not None:
            message, self._frame = self._frame, None
            self._credit = False
        return message


def _with_older(header: Message, older: Message) -> Message:
    """Return what was seen in a result, and in the one that it replaces if that can go with it."""
    seen: Message = header["seen"]
    before: Message = older["seen"]
    if not before or header["result"]["options"] != older["result"]["options"]:
        return seen
    if not seen:
        return before
    if seen["embedding"] != before["embedding"]:
        return seen
    return {**seen, "faces": {**before["faces"], **seen["faces"]}}
