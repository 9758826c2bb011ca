"""Agents that are not ours: the first prototype's, and ones that send whatever a test makes up.

Raw sockets, so that every byte is the test's own. Loopback only.
"""

from __future__ import annotations

import pickle
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import bson
import cv2
import numpy as np
import requests

Handler = Callable[[socket.socket, str], None]


def picture(number: int = 0, width: int = 640, height: int = 480) -> bytes:
    """Return a JPEG that differs from number to number."""
    image = np.full((height, width, 3), 60, np.uint8)
    cv2.putText(image, str(number), (20, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 3, (255,) * 3, 5)
    return cv2.imencode(".jpg", image)[1].tobytes()


class RawAgent:
    """Answers every connection with `handler(connection, path)`, in a thread each."""

    def __init__(self, handler: Handler, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = handler
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self.paths: list[str] = []
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def register(self, hub_url: str, **fields: object) -> requests.Response:
        """Register with a hub; by default with the prototype's two fields."""
        document = {"ipaddress": "127.0.0.1", "ports": self.port, **fields}
        return requests.post(f"{hub_url}/server", data=bson.encode(document), timeout=10)

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(4096)
                    if not piece:
                        return
                    head += piece
                path = head.split(b" ", 2)[1].decode()
                self.paths.append(path)
                self._handler(connection, path)
            except OSError:
                return  # the hub has gone


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return a whole HTTP response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def prototype() -> Handler:
    """Behave on the wire as the first prototype's agent: a pickled array, zlib, and goodbye."""
    numbers: Iterator[int] = iter(range(10**9))
    pictures = [np.frombuffer(picture(n), np.uint8).reshape(-1, 1) for n in range(20)]

    def handle(connection: socket.socket, path: str) -> None:
        if path == "/video":
            redirect = answer(b"", "Location: /video/", status="308 PERMANENT REDIRECT")
            connection.sendall(redirect)
        elif path == "/video/":
            body = zlib.compress(pickle.dumps(pictures[next(numbers) % len(pictures)]))
            head = answer(body, "Content-Type: text/html; charset=utf-8", "Connection: close")
            time.sleep(0.02)
            for begin in range(0, len(head), 4096):  # Flask's own server sends in pieces
                connection.sendall(head[begin : begin + 4096])
        else:
            connection.sendall(answer(b"<h1>Not Found</h1>", status="404 NOT FOUND"))

    return handle
