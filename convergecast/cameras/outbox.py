"""What a worker has for the hub: one slot of each kind, newest wins, one message unacknowledged.

Events are the exception: they lie in the journal, go in order, several at a time, and none is lost.
Whoever makes a message sendable sends it, because waking a thread for it costs more than the
sending: the worker's pulling, analysing, reporting and main threads. Process: worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from msgspec import Raw
from msgspec.structs import replace

from convergecast.cameras.journal import Batch, Journal
from convergecast.messages.results import Result
from convergecast.messages.values import encode
from convergecast.messages.worker import Events, FrameHead, FromWorker, Report, ResultHead, Seen

Sendable = tuple[FromWorker, bytes]
"""A head and a payload."""


class Outbox:
    """Slots for a frame, a result and a report, and the events of a journal.

    Args:
        send: takes a head and a payload; called by one thread at a time, may wait for the hub.
        journal: of events.
    """

    def __init__(self, send: Callable[[bytes, bytes], None], journal: Journal) -> None:
        """Begin empty, with one message allowed."""
        self._send = send
        self._journal = journal
        self._lock = threading.Lock()
        self._frame: tuple[FrameHead, bytes] | None = None
        self._result: tuple[ResultHead, bytes] | None = None
        self._report: tuple[Report, bytes] | None = None
        self._credit = True
        self._sending = False
        self.frames_replaced = 0

    def put_frame(self, head: FrameHead, jpeg: bytes) -> None:
        """Offer a frame; one that still waits is given up."""
        with self._lock:
            if self._frame is not None:
                self.frames_replaced += 1
            self._frame = (head, jpeg)
            message = self._first()
        self._send_from(message)

    def put_result(self, result: Result, jpeg: bytes = b"", seen: Seen | None = None) -> None:
        """Offer a result, with the picture it belongs to where that was asked for.

        Args:
            result: without names.
            jpeg: the picture.
            seen: the vectors of its faces, of `EmbeddingPlan.take`; those of a result that it
                replaces go with it.
        """
        head = ResultHead(result=result, seen=seen)
        with self._lock:
            if self._result is not None:
                head = replace(head, seen=_with_older(head, self._result[0]))
            self._result = (head, jpeg)
            message = self._first()
        self._send_from(message)

    def put_report(self, report: Report) -> None:
        """Offer the newest report; needs no credit."""
        with self._lock:
            self._report = (report, b"")
            message = self._first()
        self._send_from(message)

    def put_event(self, body: bytes) -> None:
        """Keep an event, and send it when its turn comes; may wait for the disk.

        Args:
            body: of `messages.events.encode_event`.

        Raises:
            InvalidInput, Unavailable: it was not kept, as `Journal.append` says.
        """
        self._journal.append(body)
        self.send_events()

    def send_events(self) -> None:
        """Send what may go of the journal, after it was opened."""
        with self._lock:
            message = self._first()
        self._send_from(message)

    def events_stored(self, epoch: str, number: int) -> None:
        """Note that the hub has stored the events of an epoch up to a number."""
        self._journal.acknowledge(epoch, number)
        self.send_events()

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
                self._send(encode(message[0]), message[1])
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
        elif (batch := self._journal.unsent()) is not None:
            message = (_events(batch), b"")
        return message


def _events(batch: Batch) -> Events:
    return Events(epoch=batch.epoch, first=batch.first, events=[Raw(b) for b in batch.bodies])


def _with_older(head: ResultHead, older: ResultHead) -> Seen | None:
    """Return what was seen in a result, and in the one that it replaces if that can go with it."""
    seen, before = head.seen, older.seen
    if before is None or head.result.options != older.result.options:
        return seen
    if seen is None:
        return before
    if seen.kind != before.kind:
        return seen
    return Seen(kind=seen.kind, faces={**before.faces, **seen.faces})
