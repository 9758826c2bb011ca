"""The worker process of a camera: it pulls frames, has them analysed, and sends both to the hub.

Threads pull, analyse, report, send events and measure the agent's clock. The main thread receives
orders. The process ends when the hub's end of the channel closes, for whatever reason.
Process: worker.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from convergecast.cameras.analyzer import Analyzer
from convergecast.cameras.availability import Availability
from convergecast.cameras.journal import TOLD_OFFLINE, Journal
from convergecast.cameras.outbox import Outbox
from convergecast.cameras.puller import Frame, Puller
from convergecast.cameras.scenes import Scenes
from convergecast.cameras.tampering import TamperEvents
from convergecast.errors import Unavailable
from convergecast.events.rules import SceneEvents
from convergecast.events.thing import new_key
from convergecast.events.writer import LASTING, EventWriter
from convergecast.ipc.channel import Channel
from convergecast.ipc.processes import ACK, STOP
from convergecast.messages.events import Event, EventKind, Severity
from convergecast.messages.results import Result, to_json
from convergecast.messages.worker import (
    FrameHead,
    Orders,
    Report,
    Seen,
    WorkerDrops,
    read_orders,
    read_to_worker,
)
from convergecast.recording.recorder import Recorder

REPORT_EVERY_S = 1.0
_IDLE_FRAME_EVERY_S = 0.9
_CLOCK_EVERY_S = 30.0
_EVENTS_EVERY_S = 1.0
_EVENTS_PAUSE_S = 0.2

log = logging.getLogger("worker")


def run_worker(channel: Channel, first_orders: bytes, engine_key: bytes) -> None:
    """Serve a camera until the hub ends. This is the entry point of the process."""
    worker = Worker(channel, read_orders(first_orders), engine_key)
    try:
        worker.run()
    except (EOFError, OSError):
        pass  # the hub is gone
    finally:
        os._exit(0)  # no other thread needs an orderly end


class Worker:
    """The threads of a camera and the state that they share."""

    def __init__(self, channel: Channel, orders: Orders, engine_key: bytes) -> None:
        """Create the parts; no thread runs yet."""
        self._channel = channel
        self._orders = orders
        journal = Path(os.fsdecode(orders.journal))
        self._journal = Journal(journal)
        self._outbox = Outbox(channel.send, self._journal)
        self._availability = Availability(
            told_offline=journal / TOLD_OFFLINE, put=self._outbox.put_event
        )
        self._recorder = Recorder(
            orders.recording,
            happens=lambda now_s: self._scene_events.happens(now_s),
            on_problem=self._tell_of_recording,
        )
        self._idle_frame_at = 0.0
        self._scenes = Scenes()
        self._puller = Puller(orders=orders, deliver=self._deliver, on_state=self._put_report)
        self._scene_events = SceneEvents()
        self._tampering = TamperEvents()
        self._event_writer = EventWriter(
            scene=self._scene_events,
            pictures=Path(os.fsdecode(orders.pictures)),
            state=journal / LASTING,
            put=self._outbox.put_event,
        )
        self._event_news = threading.Event()
        self._analyzer = Analyzer(
            orders=orders,
            engine_key=engine_key,
            publish=self._publish,
            on_problem=self._put_report,
            events=self._scene_events,
            on_look=self._event_news.set,
        )

    def run(self) -> None:
        """Handle messages until `STOP` comes or the channel closes."""
        for name, loop in (
            ("pull", self._puller.run),
            ("analyse", self._analyzer.run),
            ("report", self._report_loop),
            ("events", self._event_loop),
            ("record", self._recorder.run),
            ("clock", self._clock_loop),
        ):
            threading.Thread(target=_guard, args=(loop,), name=name, daemon=True).start()
        while True:
            head, _ = self._channel.receive()
            if head == ACK:
                self._outbox.acknowledged()
            elif head == STOP:
                return
            elif isinstance(message := read_to_worker(head), Orders):
                self._set_orders(message)
            else:
                self._outbox.events_stored(message.epoch, message.number)

    def _set_orders(self, orders: Orders) -> None:
        if self._orders.live and not orders.live:
            self._outbox.drop_frames()
        self._orders = orders
        self._puller.set_orders(orders)
        self._analyzer.set_orders(orders)
        self._recorder.set_order(orders.recording)

    def _deliver(self, frame: Frame) -> None:
        """Pass a frame on. Without a viewer, the hub gets only one frame a second."""
        orders = self._orders
        if orders.options:
            scene, small = self._scenes.look(frame.jpeg, frame.mark)
            frame = frame._replace(scene=scene, small=small)
            self._analyzer.offer(frame)
            self._recorder.offer(frame.jpeg, frame.captured_at)
            tampered = self._tampering.look(
                small, frame.jpeg, now_s=time.monotonic(), at_s=frame.captured_at
            )
            if tampered is not None:
                self._scene_events.add(tampered)
        else:
            self._scenes.forget()
        if not orders.live:
            now = time.monotonic()
            if now - self._idle_frame_at < _IDLE_FRAME_EVERY_S:
                return
            self._idle_frame_at = now
        head = FrameHead(
            seq=frame.seq,
            captured_at=frame.captured_at,
            width=frame.width,
            height=frame.height,
            scene=frame.scene,
        )
        self._outbox.put_frame(head, frame.jpeg)

    def _publish(self, result: Result, jpeg: bytes, seen: Seen | None) -> None:
        is_new = result.captured_at == result.unchanged_until  # else it was recorded before
        if is_new and self._orders.recording.on:
            self._recorder.found(to_json(result), result.captured_at)
        self._outbox.put_result(result, jpeg, seen)

    def _tell_of_recording(self, problem: str | None) -> None:
        """Make an event of it that recording stopped, or goes on again."""
        now_s = time.time()
        self._scene_events.add(
            Event(
                kind=EventKind.SYSTEM,
                subkind="disk",
                severity=Severity.ALERT if problem else Severity.NOTE,
                started_at=now_s,
                ended_at=now_s,
                reason=problem or "Clips are recorded again.",
                key=new_key(),
            )
        )

    def _report_loop(self) -> None:
        while True:
            self._put_report()
            self._puller.check()
            time.sleep(REPORT_EVERY_S)

    def _event_loop(self) -> None:
        """Send events from the journal, and watch for new ones. This may wait for the disk."""
        failing = restored = False
        while True:
            try:
                self._scene_events.tick(time.time())
                self._event_writer.collect(time.time())
                if self._journal.open():
                    self._outbox.send_events()
                    if not restored:  # the process before has ended, and writes no more
                        self._event_writer.restore()
                        restored = True
                    self._event_writer.write(time.time())
                health = self._puller.health
                self._availability.look(
                    health.state, health.reason, now=time.monotonic(), at_s=time.time()
                )
            except Unavailable as problem:
                if not failing:
                    log.error("%s", problem)
                failing = True
            else:
                failing = False
            self._event_news.wait(_EVENTS_EVERY_S)
            self._event_news.clear()
            time.sleep(_EVENTS_PAUSE_S)

    def _clock_loop(self) -> None:
        while True:
            # While the camera was away, the agent's clock may have been set.
            self._puller.came_online.wait(_CLOCK_EVERY_S)
            self._puller.came_online.clear()
            self._puller.refresh_clock()

    def _put_report(self) -> None:
        now, puller, analysed = time.monotonic(), self._puller, bool(self._orders.options)
        width, height = puller.size or (None, None)
        self._outbox.put_report(
            Report(
                state=puller.health.state,
                reason=puller.health.reason,
                width=width,
                height=height,
                fps=puller.agent_rate.per_second(),
                received_fps=puller.received.per_second(now),
                still=puller.still,
                analysed_fps=self._analyzer.rate.per_second(now) if analysed else 0.0,
                analysis_error=self._analyzer.problem,
                motion=self._analyzer.motion(now),
                dropped=WorkerDrops(
                    agent=puller.agent_dropped,
                    worker=self._outbox.frames_replaced,
                    events=self._journal.dropped + self._event_writer.dropped,
                ),
                recording=self._recorder.state,
                masked_by=puller.privacy.applied_by,
                masks=puller.privacy.hash,
                sight=self._analyzer.sight(now) if analysed else None,
            )
        )


def _guard(loop: Callable[[], None]) -> None:
    """Run a thread's loop. An unexpected error ends the process, and the hub restarts it."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            loop()
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception:
            log.exception("a thread failed; the worker ends, and the hub restarts it")
    os._exit(1)
