"""The camera's end of `bench transport`: a program that is an agent of one of several kinds.

`python -m scripts.bench.camera_end KIND SCENE ADDRESS`. It answers each line on standard input with
the figures so far, as a line of JSON. The end of standard input ends the program.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convergecast.protocol.frames import CAPTURED_AT_HEADER, SEQ_HEADER
from convergecast.vision.detections import Bytes
from tests.support.agent_code import agent_module

WIDTH, HEIGHT = 640, 480
FPS = 50.0
PORT = 5600
KEY = "bench"
STILL_S = 2.7  # how long the still scene stays the same

Account = dict[str, Any]


def views(count: int = 25) -> list[Bytes]:
    """Return a textured scene that moves, as (H, W, 3) pictures of 40 to 60 KB each as JPEG."""
    random = np.random.default_rng(1)
    cells = random.integers(0, 255, (HEIGHT // 16, WIDTH // 8, 3), np.uint8)
    scene = cv2.GaussianBlur(cv2.resize(cells, (WIDTH * 2, HEIGHT)), (5, 5), 0)
    return [
        np.ascontiguousarray(np.roll(scene, -number * 8, axis=1)[:, :WIDTH])
        for number in range(count)
    ]


def write_moving_video(path: Path, *, fps: float) -> Path:
    """Write them as a video, half a second long."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (WIDTH, HEIGHT))
    for view in views():
        writer.write(view)
    writer.release()
    return path


class Moving:
    """A camera whose scene moves."""

    label = "moving"
    fps = FPS
    scene = 0
    change_times: Sequence[float] = ()

    def __init__(self) -> None:
        self._views = views()
        self._count = 0

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def grab(self) -> float | None:
        """Go on to the next picture; return seconds since the previous one."""
        self._count += 1
        return 1.0 / FPS

    def retrieve(self) -> Bytes:
        """Return the picture."""
        return self._views[self._count % len(self._views)]


class Still(Moving):
    """A camera whose scene is still, except for a small square every few seconds.

    Every picture has its own noise, like that of a real sensor.
    """

    label = "still"

    def __init__(self) -> None:
        super().__init__()
        self.change_times: list[float] = []
        self._scenes = self._make_scenes()

    def retrieve(self) -> Bytes:
        """Return the picture; note when the scene has changed."""
        changes = int(self._count / (STILL_S * FPS))
        if changes > len(self.change_times):
            self.change_times.append(time.time())
        noisy = self._scenes[changes % 2]
        return noisy[self._count % len(noisy)]

    def _make_scenes(self) -> list[list[Bytes]]:
        random, plain = np.random.default_rng(2), self._views[0]
        marked = plain.copy()
        marked[200:216, 300:316] = 255 - marked[200:216, 300:316]
        return [
            [
                np.clip(scene + random.normal(0, 2, scene.shape), 0, 255).astype(np.uint8)
                for _ in range(8)
            ]
            for scene in (plain, marked)
        ]


SCENES: dict[str, Callable[[], Moving]] = {"moving": Moving, "still": Still}


def _ours(source: Moving, address: str) -> Callable[[], Account]:
    """Serve with the agent's own code, without the registration."""
    encode, slots, capture, routes, server, addresses, pairings, identities = (
        agent_module(name)
        for name in (
            *("encode", "slot", "capture", "routes", "server", "address", "pairing", "identity"),
        )
    )
    spent_s = [0.0]

    class TimedEncoder(encode.Encoder):  # type: ignore[name-defined,misc]
        def jpeg(self, picture: Any) -> bytes:
            began = time.thread_time()
            jpeg: bytes = super().jpeg(picture)
            spent_s[0] += time.thread_time() - began
            return jpeg

    slot = slots.FrameSlot(encoder=TimedEncoder(box=(WIDTH, HEIGHT)))
    nobody, identity = addresses.parse_hub("127.0.0.1"), identities.Identity.temporary()
    identity.remember(nobody.url, identities.KnownHub(KEY, 2))
    listener = addresses.open_listener(hub=nobody, host=address, port=PORT)
    pairing = pairings.Pairing(
        identity=identity, hub=nobody, token=None, address=listener.address, port=listener.port
    )
    app = routes.create_app(slot=slot, pairing=pairing, epoch="bench", version="bench")
    capture.Capture(source=source, slot=slot).start()
    server.FrameServer(app=app, listener=listener).start()
    return lambda: {"encode_s": spent_s[0]}


class _Newest:
    """The newest picture, as a simple agent keeps it: encoded at once, in a global variable."""

    def __init__(self, source: Moving) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._newest = (0, 0.0, b"")
        self.encode_s = 0.0
        threading.Thread(target=self._run, daemon=True).start()

    def wait(self, after: int = -1) -> tuple[int, float, bytes]:
        """Return number, UNIX time and JPEG of a picture newer than `after`."""
        with self._changed:
            while self._newest[0] <= max(after, 0):
                self._changed.wait()
            return self._newest

    def _run(self) -> None:
        due, seq = time.perf_counter(), 0
        while True:
            due += self._source.grab() or 0.0
            time.sleep(max(0.0, due - time.perf_counter()))
            captured_at, began = time.time(), time.thread_time()
            jpeg = cv2.imencode(".jpg", self._source.retrieve(), [cv2.IMWRITE_JPEG_QUALITY, 85])[
                1
            ].tobytes()
            self.encode_s += time.thread_time() - began
            seq += 1
            with self._changed:
                self._newest = (seq, captured_at, jpeg)
                self._changed.notify_all()


def _werkzeug(source: Moving, address: str) -> Callable[[], Account]:
    """Serve as the first prototype did: Flask's own server, a zlib'd picture for each request."""
    from flask import Flask, Response
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    newest = _Newest(source)
    app = Flask("prototype")

    @app.get("/video/")
    def video() -> Response:
        seq, captured_at, jpeg = newest.wait()
        headers = {SEQ_HEADER: str(seq), CAPTURED_AT_HEADER: f"{captured_at:.6f}"}
        return Response(zlib.compress(jpeg), headers=headers)

    server = make_server(address, PORT, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return lambda: {"encode_s": newest.encode_s}


def _imagezmq(source: Moving, address: str) -> Callable[[], Account]:
    """Send as imageZMQ does by default: one picture, one answer."""
    imagezmq = importlib.import_module("imagezmq")
    newest = _Newest(source)
    sender = imagezmq.ImageSender(connect_to=f"tcp://{address}:{PORT}")

    def run() -> None:
        seq = 0
        while True:
            seq, captured_at, jpeg = newest.wait(seq)
            sender.send_jpg(f"{seq} {captured_at:.6f}", np.frombuffer(jpeg, np.uint8))

    threading.Thread(target=run, daemon=True).start()
    return lambda: {"encode_s": newest.encode_s}


KINDS = {"ours": _ours, "werkzeug": _werkzeug, "imagezmq": _imagezmq}


def main() -> None:
    """Be an agent until standard input ends."""
    kind, scene, address = sys.argv[1:4]
    source = SCENES[scene]()
    account = KINDS[kind](source, address)
    answer_marks(lambda: account() | {"changes": list(source.change_times)})


def answer_marks(account: Callable[[], Account]) -> None:
    """Write "ready"; then answer each line with the figures and this process's CPU time."""
    print("{}", flush=True)
    for _ in sys.stdin:
        print(json.dumps({"cpu_s": time.process_time()} | account()), flush=True)


if __name__ == "__main__":
    main()
