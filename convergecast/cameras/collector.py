"""Receives the workers' messages and passes them to the parts of the hub, in a fixed order.

A frame or result is acknowledged before it is processed, and nothing here waits for the disk. Rows
to store are submitted to the database's writer in the order of arrival. So a slow disk delays no
picture, and a camera is deleted only after its pending rows are stored. The threads that
read from the workers call it, and the supervisor's thread. Process: hub.
"""

from __future__ import annotations

from collections.abc import Callable

from convergecast.cameras.status import StatusBoard
from convergecast.events.log import EventLog
from convergecast.events.people_counts import CountHistory
from convergecast.faces.recogniser import Recogniser
from convergecast.ipc.processes import ACK
from convergecast.live.broker import Broker
from convergecast.messages.events import Event
from convergecast.messages.recording import NO_RECORDING
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
from convergecast.recording.clips import ClipStore

Answer = Callable[[bytes], None]
"""Sends a message to the worker whose message is being handled."""


class Collector:
    """Passes every report, frame, result and event of the workers to the parts of the hub.

    `clips` are the recordings.
    """

    def __init__(
        self,
        *,
        board: StatusBoard,
        broker: Broker,
        recogniser: Recogniser,
        counts: CountHistory,
        events: EventLog,
        clips: ClipStore,
    ) -> None:
        """Keep the parts of the hub that receive messages."""
        self._board = board
        self._broker = broker
        self._recogniser = recogniser
        self._counts = counts
        self._events = events
        self.clips = clips

    def tell(self, event: Event) -> None:
        """Store an event of the hub itself."""
        self._events.add(event)

    @property
    def keeps_unknown(self) -> bool:
        """Whether results should come with pictures of unknown faces."""
        return self._recogniser.keeps_unknown

    def take(
        self, last_orders: Callable[[], Orders], head: FromWorker, payload: bytes, answer: Answer
    ) -> None:
        """Handle a worker's message.

        Args:
            last_orders: returns the worker's last orders. Results of other options are ignored.
            head, payload: the message.
            answer: sends a message to this worker.
        """
        orders = last_orders()
        camera_id = orders.camera_id
        if isinstance(head, Report):
            self._board.report(camera_id, head)
            self.clips.note(camera_id, head.recording)
        elif isinstance(head, Events):
            self._take_events(camera_id, head, answer)
        elif isinstance(head, FrameHead):
            answer(ACK)
            self._broker.publish_frame(camera_id, head, payload)
        else:
            answer(ACK)
            if head.result.options == orders.options:
                self.take_result(camera_id, head, payload)
                # The orders may have changed since, and the result came too late to be cleared.
                self.change(orders, last_orders())

    def take_result(self, camera_id: str, head: ResultHead, jpeg: bytes) -> None:
        """Handle a result. Its faces are named first, so it is never shown with an old name."""
        recogniser = self._recogniser
        version = recogniser.version
        named = recogniser.annotate(camera_id, head.result, head.seen)
        self._broker.publish_result(camera_id, named, jpeg)
        if recogniser.version != version:  # people have changed in the meantime
            self._broker.revise(camera_id, lambda now: recogniser.reconsider(camera_id, now))
        self._counts.add(camera_id, head.result)
        self._events.note_faces(camera_id, named, is_current=lambda: recogniser.version == version)

    def begin(self, camera_id: str) -> None:
        """Note that a camera's worker starts. Its track numbers start again, too."""
        self._recogniser.forget_camera(camera_id)
        self._events.begin(camera_id)
        self.clips.note(camera_id, NO_RECORDING)

    def change(self, before: Orders, orders: Orders) -> None:
        """Note that a worker has new orders."""
        if orders.options != before.options:
            self._broker.clear_result(orders.camera_id)
            if not identifying(orders.options):
                self._recogniser.forget_camera(orders.camera_id)

    def end(self, camera_id: str) -> None:
        """Note that a camera no longer has a worker."""
        self._broker.forget(camera_id)
        self._recogniser.forget_camera(camera_id)

    def forget(self, camera_id: str) -> None:
        """Delete everything known and stored about a camera that is gone."""
        self.end(camera_id)
        self._board.forget(camera_id)
        self._counts.forget(camera_id)
        self._events.forget(camera_id)
        self._recogniser.erase_camera(camera_id)

    def _take_events(self, camera_id: str, head: Events, answer: Answer) -> None:
        def acknowledge(epoch: str, number: int) -> None:
            answer(encode(Stored(epoch=epoch, number=number)))

        self._events.take(camera_id, head.epoch, head.first, head.events, acknowledge)
