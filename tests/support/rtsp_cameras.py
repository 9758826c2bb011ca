"""RTSP cameras on loopback that send JPEGs (RFC 2326 and RFC 2435), ten a second.

The path names what is odd: `udponly` refuses TCP, `digest` and `basic` want a password, `late`
answers after some seconds, `novel` has a codec that nobody knows, `every3s` is slow, `turned`
changes its size after ten pictures, `missing` is not there.
"""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from tests.support.odd_cameras import PASSWORD, SIZE, USER, jpeg, md5

LATE_S = 5.5
_NONCE = "77aa"
_MOST_PAYLOAD = 1300
_KINDS = ("live", "udponly", "digest", "basic", "late", "novel", "every3s", "turned")


class _Request(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]


class _Handler(socketserver.BaseRequestHandler):
    """One client's session."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        with contextlib.suppress(OSError), self.request.makefile("rb") as lines:
            self._send: Callable[[bytes], object] | None = None
            self._lock = threading.Lock()
            self._over = threading.Event()
            while (asked := _read(lines)) is not None:
                self._answer(asked)
                if asked.method == "TEARDOWN":
                    break
        self._over.set()

    def _answer(self, asked: _Request) -> None:
        kind = asked.url.partition("://")[2].partition("/")[2].split("/")[0].split("?")[0]
        if asked.method == "OPTIONS":
            self._reply(asked, "200 OK", ["Public: DESCRIBE, SETUP, PLAY, TEARDOWN"])
        elif kind not in _KINDS:
            self._reply(asked, "404 Not Found")
        elif kind in ("digest", "basic") and not _knows(asked, kind):
            challenge = f'Digest realm="cam", nonce="{_NONCE}"'
            challenge = challenge if kind == "digest" else 'Basic realm="cam"'
            self._reply(asked, "401 Unauthorized", [f"WWW-Authenticate: {challenge}"])
        elif asked.method == "DESCRIBE":
            if kind == "late":
                self._over.wait(LATE_S)
            self._reply(asked, "200 OK", ["Content-Type: application/sdp"], _description(kind))
        elif asked.method == "SETUP":
            self._set_up(asked, kind)
        elif asked.method == "PLAY":
            self._reply(asked, "200 OK", ["Session: 1"])
            interval_s = 3.0 if kind == "every3s" else 0.1
            threading.Thread(
                target=self._play, args=(interval_s, kind == "turned"), daemon=True
            ).start()
        else:
            self._reply(asked, "200 OK", ["Session: 1"])

    def _set_up(self, asked: _Request, kind: str) -> None:
        transport = asked.headers.get("transport", "")
        ports = re.search(r"client_port=(\d+)", transport)
        if ports is not None and "TCP" not in transport:
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sender.bind(("127.0.0.1", 0))
            sender.connect(("127.0.0.1", int(ports[1])))
            port = sender.getsockname()[1]
            self.server.sockets.append(sender)
            self._send = sender.send
            said = f"RTP/AVP;unicast;client_port={ports[1]}-{int(ports[1]) + 1};"
            said += f"server_port={port}-{port + 1}"
        elif kind == "udponly":
            self._reply(asked, "461 Unsupported Transport")
            return
        else:
            self._send = self._interleave
            said = "RTP/AVP/TCP;unicast;interleaved=0-1"
        self._reply(asked, "200 OK", [f"Transport: {said}", "Session: 1"])

    def _interleave(self, packet: bytes) -> None:
        with self._lock:
            self.request.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)

    def _play(self, interval_s: float, turns: bool) -> None:
        sequence, number, due = 0, 0, time.monotonic()
        with contextlib.suppress(OSError):
            while self._send and not self._over.wait(max(0.0, due - time.monotonic())):
                size = SIZE[::-1] if turns and number >= 10 else SIZE
                for payload, last in _payloads(jpeg(number, size), size):
                    head = struct.pack(
                        ">BBHII",
                        0x80,
                        26 | (0x80 if last else 0),
                        sequence & 0xFFFF,
                        int(number * interval_s * 90_000),
                        7,
                    )
                    self._send(head + payload)
                    sequence += 1
                number, due = number + 1, due + interval_s

    def _reply(
        self, asked: _Request, status: str, lines: list[str] | None = None, body: str = ""
    ) -> None:
        head = [f"RTSP/1.0 {status}", f"CSeq: {asked.headers.get('cseq', '0')}", *(lines or [])]
        if body:
            head.append(f"Content-Length: {len(body)}")
        with self._lock:
            self.request.sendall("\r\n".join([*head, "", body]).encode())


def _read(lines: BinaryIO) -> _Request | None:
    """Return the next request; what the client sends of RTCP is skipped."""
    first = lines.read(1)
    while first == b"$":
        length = struct.unpack(">xH", lines.read(3))[0]
        lines.read(length)
        first = lines.read(1)
    words = (first + lines.readline()).decode().split()
    if len(words) < 3:
        return None
    headers = {}
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return _Request(words[0], words[1], headers)


def _knows(asked: _Request, kind: str) -> bool:
    given = asked.headers.get("authorization", "")
    if kind == "basic":
        return given == "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    fields = dict(re.findall(r'(\w+)="([^"]*)"', given))
    uri = md5(f"{asked.method}:{fields.get('uri')}")
    return fields.get("response") == md5(f"{md5(f'{USER}:cam:{PASSWORD}')}:{_NONCE}:{uri}")


def _description(kind: str) -> str:
    codec = "96\r\na=rtpmap:96 X-NOVEL/90000" if kind == "novel" else "26\r\na=rtpmap:26 JPEG/90000"
    return (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
        f"m=video 0 RTP/AVP {codec}\r\na=control:track1\r\n"
    )


def _payloads(data: bytes, size: tuple[int, int]) -> Iterator[tuple[bytes, bool]]:
    """Cut a JPEG of the usual tables into the payloads of its packets; the last is told."""
    tables, at = b"", 2
    while data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xDB:
            tables += b"".join(
                data[start + 1 : start + 65] for start in range(at + 4, at + 2 + length, 65)
            )
        at += 2 + length
    scan = data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") : -2]
    for start in range(0, len(scan), _MOST_PAYLOAD):
        head = struct.pack(">IBBBB", start, 1, 255, size[0] // 8, size[1] // 8)
        if not start:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        end = start + _MOST_PAYLOAD
        yield head + scan[start:end], end >= len(scan)


class _Server(socketserver.ThreadingTCPServer):
    """Serves all of them."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.sockets: list[socket.socket] = []


@contextmanager
def rtsp_cameras(port: int = 0) -> Iterator[int]:
    """Serve the cameras until the end of the block; give the port."""
    server = _Server(port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for sender in server.sockets:
            sender.close()


@contextmanager
def camera_process(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the RTSP cameras in a process of their own, which can be stopped."""
    command = [sys.executable, "-m", "tests.support.rtsp_cameras", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


if __name__ == "__main__":
    with rtsp_cameras(int(sys.argv[1])) as served:
        print(served, flush=True)
        sys.stdin.read()
