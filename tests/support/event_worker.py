"""A worker that makes its own events and frames; everything else is the real worker.

It stands in for `convergecast.cameras.worker` where many events are wanted. An event counts as
made once `put_event` has returned; only then its name is written to `made-CAMERA.txt` in the data
folder.

Process: worker.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from convergecast.cameras.journal import Journal
from convergecast.cameras.outbox import Outbox
from convergecast.ipc.channel import Channel
from convergecast.ipc.processes import ACK, STOP
from convergecast.messages.events import Event, EventKind, encode_event
from convergecast.messages.worker import (
    FrameHead,
    Motion,
    Report,
    State,
    Stored,
    WorkerDrops,
    read_orders,
    read_to_worker,
)

EVENTS_VARIABLE = "LANE_EVENTS"
PAUSE_VARIABLE = "LANE_PAUSE_S"
FPS = 25.0
_JPEG = b"\xff\xd8" + bytes(40_000) + b"\xff\xd9"


def run_worker(channel: Channel, first_orders: bytes, _: bytes) -> None:
    """Make events and frames until the hub goes."""
    orders = read_orders(first_orders)
    journal = Journal(Path(os.fsdecode(orders.journal)))
    outbox = Outbox(channel.send, journal)
    made = Path(os.fsdecode(orders.journal)).parents[1] / f"made-{orders.camera_id}.txt"
    for loop in (
        lambda: _make_events(journal, outbox, made),
        lambda: _make_frames(outbox),
        lambda: _report(outbox, journal),
    ):
        threading.Thread(target=_until_the_end, args=(loop,), daemon=True).start()
    try:
        while True:
            head, _ = channel.receive()
            if head == ACK:
                outbox.acknowledged()
            elif head == STOP:
                return
            elif isinstance(told := read_to_worker(head), Stored):
                outbox.events_stored(told.epoch, told.number)
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def _until_the_end(loop: Callable[[], None]) -> None:
    try:
        loop()
    except OSError:
        os._exit(1)


def _make_events(journal: Journal, outbox: Outbox, made: Path) -> None:
    wanted, pause_s = int(os.environ[EVENTS_VARIABLE]), float(os.environ[PAUSE_VARIABLE])
    while not journal.open():
        time.sleep(0.01)
    outbox.send_events()
    word = secrets.token_hex(4)
    count = made.read_text().count("\n") if made.exists() else 0
    with made.open("a", buffering=1) as names:
        for number in range(count, wanted):
            name = f"{word}-{number}"
            event = Event(kind=EventKind.CAMERA, started_at=time.time(), reason=name)
            outbox.put_event(encode_event(event))
            names.write(f"{name}\n")
            time.sleep(pause_s)


def _make_frames(outbox: Outbox) -> None:
    seq = 0
    while True:
        head = FrameHead(seq=seq, captured_at=time.time(), width=640, height=480)
        outbox.put_frame(head, _JPEG)
        seq += 1
        time.sleep(1 / FPS)


def _report(outbox: Outbox, journal: Journal) -> None:
    while True:
        report = Report(
            state=State.ONLINE,
            reason="",
            width=640,
            height=480,
            fps=FPS,
            received_fps=FPS,
            still=False,
            analysed_fps=0.0,
            analysis_error=None,
            motion=Motion(quiet=False, skipped=0, skipped_fps=0.0),
            dropped=WorkerDrops(agent=0, worker=outbox.frames_replaced, events=journal.dropped),
        )
        outbox.put_report(report)
        time.sleep(0.5)
