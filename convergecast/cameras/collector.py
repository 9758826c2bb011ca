"""Takes what workers send, and passes it to those whom it concerns, in a fixed order.

A worker's message is acknowledged before anything is done with it, and nothing here waits for the
disk: what is to be stored is submitted to the writer of its database, in the order it came. So a
slow disk holds up no picture, and forgetting a camera comes after all that was still to be stored
of it. Process: hub; called by the threads that read from the workers, and by the supervisor's.
"""

from __future__ import annotations

from collections.abc import Callable

from convergecast.cameras.status import StatusBoard
from convergecast.events.log import EventLog
from convergecast.events.people_counts import CountHistory
from convergecast.faces.recogniser import Recogniser
from convergecast.ipc.processes import ACK
from convergecast.live.broker import Broker
from convergecast.messages.values import encode
from convergecast.messages.worker import (
    Events,
    FrameHead,
    FromWorker,
    Orders,
    Report,
    ResultHead,
    Stored,
)
from convergecast.options import identifying

Answer = Callable[[bytes], None]
"""Sends a message to the worker whose message is being taken."""


class Collector:
    """The way of every report, frame, result and event from a worker to the parts of the hub."""

    def __init__(
        self,
        *,
        board: StatusBoard,
        broker: Broker,
        recogniser: Recogniser,
        counts: CountHistory,
        events: EventLog,
    ) -> None:
        """Pass messages on to these."""
        self._board = board
        self._broker = broker
        self._recogniser = recogniser
        self._counts = counts
        self._events = events

    @property
    def keeps_unknown(self) -> bool:
        """Whether pictures of faces are of use to those who take results."""
        return self._recogniser.keeps_unknown

    def take(
        self, told: Callable[[], Orders], head: FromWorker, payload: bytes, answer: Answer
    ) -> None:
        """Take a worker's message.

        Args:
            told: returns what the worker was told last; results of other options are not wanted
                any more.
            head, payload: the message.
            answer: sends to this worker.
        """
        orders = told()
        camera_id = orders.camera_id
        if isinstance(head, Report):
            self._board.report(camera_id, head)
        elif isinstance(head, Events):
            self._take_events(camera_id, head, answer)
        elif isinstance(head, FrameHead):
            answer(ACK)
            self._broker.publish_frame(camera_id, head, payload)
        else:
            answer(ACK)
            if head.result.options == orders.options:
                self.take_result(camera_id, head, payload)
                self.change(orders, told())  # it came too late to be cleared, if they changed

    def take_result(self, camera_id: str, head: ResultHead, jpeg: bytes) -> None:
        """Take a result: first its faces are named, so that it is never shown with an old name."""
        recogniser = self._recogniser
        version = recogniser.version
        named = recogniser.annotate(camera_id, head.result, head.seen)
        self._broker.publish_result(camera_id, named, jpeg)
        if recogniser.version != version:  # people have changed while it was named
            self._broker.revise(camera_id, lambda now: recogniser.reconsider(camera_id, now))
        self._counts.add(camera_id, head.result)

    def begin(self, camera_id: str) -> None:
        """Note that a camera's worker begins, and with it its numbers of faces."""
        self._recogniser.forget_camera(camera_id)
        self._events.begin(camera_id)

    def change(self, before: Orders, orders: Orders) -> None:
        """Note that a worker has other orders."""
        if orders.options != before.options:
            self._broker.clear_result(orders.camera_id)
            if not identifying(orders.options):
                self._recogniser.forget_camera(orders.camera_id)

    def end(self, camera_id: str) -> None:
        """Note that a camera has no worker any more."""
        self._broker.forget(camera_id)
        self._recogniser.forget_camera(camera_id)

    def forget(self, camera_id: str) -> None:
        """Delete all that is known and stored of a camera that is gone."""
        self.end(camera_id)
        self._board.forget(camera_id)
        self._counts.forget(camera_id)
        self._events.forget(camera_id)
        self._recogniser.erase_camera(camera_id)

    def _take_events(self, camera_id: str, head: Events, answer: Answer) -> None:
        def acknowledge(epoch: str, number: int) -> None:
            answer(encode(Stored(epoch=epoch, number=number)))

        self._events.take(camera_id, head.epoch, head.first, head.events, acknowledge)
