"""The messages from a worker to the hub: a slot of each kind, which keeps only the newest.

Only one frame or result is sent without an acknowledgement. Events are different: they are kept in
the journal and sent in order, several at a time, and none is lost. The thread that makes a message
ready also sends it, because waking another thread costs more than sending. So the worker's
pulling, analysing, reporting and main threads send. Process: worker.
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
        send: sends a head and a payload. One thread calls it at a time. It may wait for the hub.
        journal: the journal of events.
    """

    def __init__(self, send: Callable[[bytes, bytes], None], journal: Journal) -> None:
        """Start empty, with credit for one message."""
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
        """Queue a frame. It replaces a frame that is still waiting."""
        with self._lock:
            if self._frame is not None:
                self.frames_replaced += 1
            self._frame = (head, jpeg)
            message = self._first()
        self._send_from(message)

    def put_result(self, result: Result, jpeg: bytes = b"", seen: Seen | None = None) -> None:
        """Queue a result. It replaces a result that is still waiting.

        Args:
            result: the result, without names.
            jpeg: its picture, if the hub wants it.
            seen: the embeddings of its faces, from `EmbeddingPlan.take`. The embeddings of a
                replaced result are sent with it.
        """
        head = ResultHead(result=result, seen=seen)
        with self._lock:
            if self._result is not None:
                head = replace(head, seen=_with_older(head, self._result[0]))
            self._result = (head, jpeg)
            message = self._first()
        self._send_from(message)

    def put_report(self, report: Report) -> None:
        """Queue the newest report. Reports need no credit."""
        with self._lock:
            self._report = (report, b"")
            message = self._first()
        self._send_from(message)

    def put_event(self, body: bytes) -> None:
        """Write an event to the journal, which may wait for the disk, and send it in order.

        Args:
            body: from `messages.events.encode_event`.

        Raises:
            InvalidInput, Unavailable: the event was not kept; see `Journal.append`.
        """
        self._journal.append(body)
        self.send_events()

    def send_events(self) -> None:
        """Send events from the journal, after it was opened."""
        with self._lock:
            message = self._first()
        self._send_from(message)

    def events_stored(self, epoch: str, number: int) -> None:
        """Note that the hub has stored the events of an epoch up to a number."""
        self._journal.acknowledge(epoch, number)
        self.send_events()

    def acknowledged(self) -> None:
        """Note that the hub has received the last frame or result."""
        with self._lock:
            self._credit = True
            message = self._first()
        self._send_from(message)

    def drop_frames(self) -> None:
        """Drop a waiting frame that is no longer wanted, without counting it."""
        with self._lock:
            self._frame = None

    def _first(self) -> Sendable | None:
        """Return the message that this thread must send, or None. The lock must be held."""
        if self._sending:
            return None  # another thread is sending and will send this message too
        message = self._next()
        self._sending = message is not None
        return message

    def _send_from(self, message: Sendable | None) -> None:
        """Send this message and all that follow, also those that other threads queue meanwhile."""
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
    """Return the looks of a result, with those of the replaced result if they are compatible."""
    seen, before = head.seen, older.seen
    if before is None or head.result.options != older.result.options:
        return seen
    if seen is None:
        return before
    if seen.kind != before.kind:
        return seen
    return Seen(kind=seen.kind, faces={**before.faces, **seen.faces})
