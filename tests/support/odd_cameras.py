"""Cameras over HTTP on loopback, each with an oddity that real devices have.

The path names the oddity. Pictures come ten times a second, 96 × 72 pixels, unless it says
otherwise.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIZE = (96, 72)
INTERVAL_S = 0.1
USER, PASSWORD = "admin", "p@ss:w#rd/% ü"
ESCAPED = "admin:p%40ss%3Aw%23rd%2F%25%20%C3%BC@"
_NONCE = "5f1c"


def jpeg(number: int, size: tuple[int, int] = SIZE) -> bytes:
    """Return a picture in which `number` moves a square."""
    width, height = size
    pixels = np.full((height, width, 3), 90, np.uint8)
    pixels[::2, ::3] = 140  # so that no block is plain gray, as what is missing is shown
    left = number * 5 % (width - 20)
    pixels[10:30, left : left + 20] = (40, 200, 250)
    return bytes(cv2.imencode(".jpg", pixels)[1])


class _Handler(BaseHTTPRequestHandler):
    """Answers one camera's client."""

    server: _Server
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        name = self.path.split("?")[0].strip("/")
        try:
            if "basic" in name and not self._is_basic():
                return
            if "digest" in name and not self._is_digest():
                return
            action = getattr(self, f"_{name.split('-')[0].split('.')[0]}", None)
            (action or self._parts)(name)
        except OSError:
            pass  # the client has gone

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _begin(self, content_type: str, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _is_basic(self) -> bool:
        expected = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return self._challenge_unless(
            self.headers.get("Authorization") == f"Basic {expected}", 'Basic realm="cam"'
        )

    def _is_digest(self) -> bool:
        given = self.headers.get("Authorization", "")
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
        known = md5(f"{USER}:cam:{PASSWORD}")
        asked = md5(f"GET:{fields.get('uri')}")
        middle = ":".join(fields.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        right = fields.get("response") == md5(f"{known}:{middle}:{asked}")
        return self._challenge_unless(
            right and given.startswith("Digest"),
            f'Digest realm="cam", nonce="{_NONCE}", qop="auth"',
        )

    def _challenge_unless(self, right: bool, challenge: str) -> bool:
        if not right:
            self.server.wrong += "Basic" in self.headers.get("Authorization", "")
            self.send_response(401)
            self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Length", "0")
            self.end_headers()
        return right

    def _snap(self, name: str) -> None:
        data = jpeg(int(time.monotonic() * 10))
        self._begin(
            "text/plain" if "untyped" in name else "image/jpeg",
            None if "endless" in name else len(data),
        )
        self.wfile.write(data)

    def _single(self, name: str) -> None:
        """One part an answer, as some cameras send a single picture."""
        self._begin("multipart/x-mixed-replace; boundary=b")
        self.wfile.write(b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(1) + b"\r\n--b--\r\n")

    def _raw(self, name: str) -> None:
        """JPEGs one after the other, without parts."""
        self._begin("video/x-motion-jpeg")
        self._every(jpeg, INTERVAL_S)

    def _missing(self, name: str) -> None:
        self.send_error(404)

    def _forbidden(self, name: str) -> None:
        self.send_error(403)

    def _page(self, name: str) -> None:
        self._begin("text/html")
        self.wfile.write(b"<html>the camera's own page</html>")

    def _moved(self, name: str) -> None:
        self.send_response(302)
        self.send_header("Location", "http://admin:secret@127.0.0.1:9/plain?pwd=secret")
        self.end_headers()

    def _film(self, name: str) -> None:
        data = self.server.film
        self._begin("video/mp4", len(data))
        self.wfile.write(data)

    def _list(self, name: str) -> None:
        """The list of a video in pieces, which here are one (HLS, RFC 8216)."""
        data = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.5,\nfilm.ts\n#EXT-X-ENDLIST\n"
        self._begin("application/vnd.apple.mpegurl", len(data))
        self.wfile.write(data)

    def _huge(self, name: str) -> None:
        """A picture without an end."""
        self._begin("multipart/x-mixed-replace; boundary=b")
        self.wfile.write(b"--b\r\n\r\n" + jpeg(1)[:-40])
        self._every(lambda _: bytes(1 << 20), 0.0)

    def _parts(self, name: str) -> None:
        boundary = {"dashes": "--b", "quoted": '"b:c"'}.get(name, "b")
        chunked = name == "chunked"
        if chunked:
            self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header(
            "Content-Type",
            "video/x-motion-jpeg"
            if name == "untyped"
            else f"multipart/x-mixed-replace; boundary={boundary}",
        )
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        interval_s = {"every3s": 3.0, "every8s": 8.0, "burst": 1.0}.get(name, INTERVAL_S)
        part = _part_of(name)
        if name == "burst":
            self.wfile.write(b"".join(part(number) for number in range(40)))
        self._every(
            lambda n: b"%x\r\n%s\r\n" % (len(part(n)), part(n)) if chunked else part(n), interval_s
        )

    def _every(self, data: Callable[[int], bytes], interval_s: float) -> None:
        number, due = 0, time.monotonic()
        while not self.server.ended.wait(max(0.0, due - time.monotonic())):
            self.wfile.write(data(number))
            number, due = number + 1, due + interval_s


def _part_of(name: str) -> Callable[[int], bytes]:
    newline = b"\n" if name == "linefeeds" else b"\r\n"
    line = {"dashes": b"--b", "quoted": b"--b:c"}.get(name, b"--b")

    def part(number: int) -> bytes:
        data, length = _body(name, number)
        lines = [] if name == "unstarted" and number == 0 else [line]
        if name != "headless":
            lines.append(b"Content-Type: image/jpeg")
        if not name.endswith("unmeasured"):
            lines.append(b"Content-Length: %d" % length)
        if name == "stamped":
            lines.append(b"X-Timestamp: %.6f" % time.time())
        return newline.join([*lines, b"", data, b""])

    return part


def _body(name: str, number: int) -> tuple[bytes, int]:
    """Return a part's picture and the length that its head states."""
    size = SIZE
    if name == "turned" and number >= 20:
        size = SIZE[::-1]
    elif name == "resized" and number // 10 % 2:
        size = (192, 144)
    data = jpeg(number, size)
    if name.startswith("cut") and number % 3 == 1:
        data = data[: len(data) // 2]
    elif name.startswith("unended"):
        data = data[:-2]
    return data, len(data) + {"toolong": 5000, "tooshort": -100}.get(name, 0)


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class _Server(ThreadingHTTPServer):
    """Serves all of them; `wrong` counts the passwords that were wrong, where Basic was asked."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, film: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.film = film
        self.wrong = 0
        self.ended = threading.Event()


@contextmanager
def odd_cameras(film: Path) -> Iterator[_Server]:
    """Serve the cameras, and `film` as a file, until the end of the block."""
    server = _Server(film.read_bytes())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
