"""The hub's end of `bench transport`: a program that is a puller of one of several kinds.

`python -m scripts.bench.hub_end KIND ADDRESS DEVICE`. It answers each line on standard input with
the figures so far, as a line of JSON. The end of standard input ends the program.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil

from convergecast.ipc.processes import ACK, ChildProcess
from convergecast.messages.values import encode
from convergecast.messages.worker import FrameHead, Orders, Report, read_from_worker
from convergecast.protocol import LONG_POLL, STREAM
from convergecast.protocol.frames import CAPTURED_AT_HEADER, SEQ_HEADER
from convergecast.protocol.proof import key_of, stream_key_of
from scripts.bench.camera_end import KEY, PORT, Account, answer_marks
from tests.support.hosts import packets
from tests.support.messages import orders


class _Got:
    """What has arrived: frames and bytes, the newest number, and every second picture's times."""

    def __init__(self) -> None:
        self.frames = self.bytes = self.seq = 0
        self.given_up = 0
        self.age_s = 0.0
        self.news: list[tuple[float, float]] = []
        self._shown = b""

    def take(self, seq: int, captured_at: float, jpeg: bytes) -> None:
        """Note a frame."""
        now = time.time()
        self.frames += 1
        self.bytes += len(jpeg)
        self.seq = seq
        self.age_s += now - captured_at
        if jpeg != self._shown:
            self._shown = jpeg
            self.news.append((now, captured_at))

    def account(self) -> Account:
        """Return it as one dictionary."""
        names = ("frames", "bytes", "seq", "given_up", "age_s", "news")
        return {name: getattr(self, name) for name in names}


def _worker(*capabilities: str, live: bool = True) -> Callable[[str, _Got], Callable[[], Account]]:
    def start(address: str, got: _Got) -> Callable[[], Account]:
        """Run the hub's own worker, which sends frames to this process as it does to the hub."""
        orders = encode(_orders(address, capabilities, live=live))

        def on_message(encoded: bytes, payload: bytes) -> None:
            head = read_from_worker(encoded)
            if isinstance(head, FrameHead):
                got.take(head.seq, head.captured_at, payload)
                child.send(ACK)
            elif isinstance(head, Report):
                got.given_up = head.dropped.agent + head.dropped.worker

        child = ChildProcess(
            name="camera",
            target="convergecast.cameras.worker:run_worker",
            arguments=(orders, b"key"),
            on_message=on_message,
            on_end=lambda: None,
        )
        child.start()
        return lambda: {"cpu_s": _cpu_s(child.pid or 0)}

    return start


def _cpu_s(pid: int) -> float:
    """Return a process's CPU time: to the nanosecond on Linux, else to a tick of 10 ms or so."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    spent_ns = sum(int(task.read_text().split()[0]) for task in tasks)
    times = psutil.Process(pid).cpu_times()
    return spent_ns / 1e9 or times.user + times.system


def _orders(address: str, capabilities: tuple[str, ...], *, live: bool) -> Orders:
    return orders(
        camera_id="bench",
        address=address,
        port=PORT,
        stream_key=stream_key_of(key_of(KEY)),
        proven=True,
        capabilities=capabilities,
        agent_fps=50.0,
        live=live,
        journal=os.fsencode(Path(tempfile.gettempdir()) / "convergecast-bench-journal"),
    )


def _requests(address: str, got: _Got) -> Callable[[], Account]:
    """Pull as the first prototype did: a request of its own for each picture."""
    import requests

    def run() -> None:
        while True:
            try:
                answer = requests.get(f"http://{address}:{PORT}/video", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.1)
                continue
            jpeg = zlib.decompress(answer.content)
            headers = answer.headers
            got.take(int(headers[SEQ_HEADER]), float(headers[CAPTURED_AT_HEADER]), jpeg)

    threading.Thread(target=run, daemon=True).start()
    return dict


def _imagezmq(address: str, got: _Got) -> Callable[[], Account]:
    """Take what imageZMQ's sender sends, and answer it."""
    imagezmq = importlib.import_module("imagezmq")
    hub = imagezmq.ImageHub(open_port=f"tcp://*:{PORT}")

    def run() -> None:
        while True:
            words, jpeg = hub.recv_jpg()
            hub.send_reply(b"OK")
            seq, captured_at = words.split()
            got.take(int(seq), float(captured_at), bytes(jpeg))

    threading.Thread(target=run, daemon=True).start()
    return dict


KINDS = {
    "stream": _worker(LONG_POLL, STREAM),
    "poll": _worker(LONG_POLL),
    "idle": _worker(LONG_POLL, STREAM, live=False),
    "requests": _requests,
    "imagezmq": _imagezmq,
}


def _counting(device: str) -> list[int]:
    """Return a list that grows every second by the packets that went through a device so far."""
    counts: list[int] = []

    def run() -> None:
        due = time.monotonic()
        while True:
            counts.append(packets(device))
            due += 1.0
            time.sleep(max(0.0, due - time.monotonic()))

    threading.Thread(target=run, daemon=True).start()
    return counts


def main() -> None:
    """Pull until standard input ends."""
    kind, address, device = sys.argv[1:4]
    got, counts = _Got(), _counting(device)
    account = KINDS[kind](address, got)
    answer_marks(
        lambda: (
            {"t": time.time(), "packets": packets(device), "packets_each_s": counts}
            | got.account()
            | account()
        )
    )


if __name__ == "__main__":
    main()
