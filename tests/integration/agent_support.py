"""What the agent's tests share: a small hub, a running agent process, little pictures."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convergecast.protocol.frames import WireFrame, parse_frame
from convergecast.protocol.hosts import place_text
from convergecast.protocol.proof import agreed_key, claim, key_of, new_nonce, stream_key_of
from convergecast.protocol.registration import (
    Registration,
    RegistrationReply,
    decode_registration,
    encode_reply,
)
from convergecast.protocol.stream import FrameReader

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


def eventually(happened: Callable[[], Any], what: str) -> Any:
    """Return the first true value of `happened`, or fail."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = happened()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


class FakeHub:
    """Answers registrations like the hub and keeps them all."""

    def __init__(self, port: int = 0, *, status: str = "online") -> None:
        self.status = status
        self.refusal: tuple[int, bytes] | None = None
        self.heartbeat_s = 1.0
        self.token = ""
        self.key = ""
        self.registrations: list[Registration] = []
        self.bodies: list[bytes] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = hub.answer(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_key(self) -> str:
        return stream_key_of(key_of(self.key))

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        assert path == "/server/"
        if self.refusal:
            return self.refusal
        registration = decode_registration(body)
        self.bodies.append(body)
        self.registrations.append(registration)
        if self.token:
            return 200, self._pair(registration)
        return 200, encode_reply(self.reply(registration))

    def reply(self, registration: Registration) -> RegistrationReply:
        """Return the answer in protocol 1."""
        return RegistrationReply(
            status=self.status,
            camera_id="camera-1",
            heartbeat_s=self.heartbeat_s,
            hub_time=time.time(),
            camera_key=None if registration.camera_key else f"key {registration.agent_id}",
        )

    def _pair(self, registration: Registration) -> bytes:
        """Answer in protocol 2 to an agent that has the same token, or the key made of it."""
        nonce, hub_nonce, proof_key = str(registration.nonce), None, key_of(self.token)
        if registration.proof is not None:
            proof_key = key_of(self.key)
            assert registration.is_proven_by(proof_key)
        else:
            assert registration.token_proof == registration.proof_of(self.token)
            hub_nonce = new_nonce()
            self.key = agreed_key(key_of(self.token), nonce, hub_nonce, str(registration.agent_id))
        reply = RegistrationReply(
            status=self.status,
            camera_id="camera-1",
            heartbeat_s=self.heartbeat_s,
            hub_time=time.time(),
            protocol=2,
            nonce=hub_nonce,
            proof_key=proof_key,
        )
        return encode_reply(reply, nonce)

    def wait_for(
        self, fits: Callable[[Registration], Any] = lambda _: True, *, since: int = 0
    ) -> Registration:
        """Return a registration that fits, of those after the first `since`."""

        def find() -> Registration | None:
            return next((r for r in self.registrations[since:] if fits(r)), None)

        found: Registration = eventually(find, "a registration that fits")
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class AgentProcess:
    """`python agent/agent.py` with its own state folder; ended by `stop`."""

    def __init__(self, *arguments: str, state: Path, **environment: str) -> None:
        self._log = state.parent / f"agent-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "agent" / "agent.py"), *arguments],
                stdout=log,
                stderr=log,
                env=os.environ | {"CONVERGECAST_AGENT_STATE": str(state)} | environment,
                cwd=state.parent,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_for_log(self, text: str, *, times: int = 1) -> None:
        eventually(lambda: self.log.count(text) == times, f"{text!r} in the log {times} times")

    def stop(self) -> int:
        """Ask it to end as a user would; return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(PATIENCE_S)
        if status:
            print(self.log)
        return status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)


class Client:
    """Pulls from an agent as the hub does."""

    def __init__(
        self, registration: Registration, *, key: str | None = None, proven_key: str | None = None
    ) -> None:
        self.address = (registration.ipaddress, registration.ports)
        self.key = registration.stream_key if key is None else key
        self.proven_key = proven_key
        self.connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)

    def get(
        self, path: str, *, encoding: str = "deflate", method: str = "GET"
    ) -> tuple[http.client.HTTPResponse, bytes]:
        authorization = f"Bearer {self.key}"
        if self.proven_key:
            place = place_text(*self.address)
            authorization = str(claim(self.proven_key, method, path, place, time.time()))
        headers = {"Authorization": authorization, "Accept-Encoding": encoding}
        self.connection.request(method, path, headers=headers)
        response = self.connection.getresponse()
        return response, response.read()

    def frame(self, path: str = "/video") -> WireFrame:
        response, body = self.get(path)
        assert response.status == 200, body
        return parse_frame({name.lower(): value for name, value in response.getheaders()}, body)

    def json(self, path: str) -> tuple[int, dict[str, Any]]:
        response, body = self.get(path)
        return response.status, json.loads(body)

    def close(self) -> None:
        self.connection.close()


class Stream:
    """An open `/stream`, asked for with HTTP/1.0 as the hub does."""

    def __init__(self, registration: Registration) -> None:
        client = Client(registration)
        client.connection._http_vsn_str = "HTTP/1.0"  # type: ignore[attr-defined]
        client.connection._http_vsn = 10  # type: ignore[attr-defined]
        headers = {"Authorization": f"Bearer {client.key}", "Accept-Encoding": "deflate"}
        client.connection.request("GET", "/stream", headers=headers)
        self._client = client
        self.response = client.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.fp is not None
        self._frames = FrameReader(self.response.fp.readinto1)

    def frame(self) -> WireFrame:
        return self._frames.read()

    def close(self) -> None:
        self.response.close()
        self._client.close()


def picture(number: int = 0, *, width: int = 64, height: int = 48) -> np.ndarray[Any, Any]:
    """Return a small picture that differs from the others."""
    pixels = np.full((height, width, 3), (number * 37) % 200, np.uint8)
    pixels[:, : width // 2, number % 3] = 255
    return pixels


def write_video(path: Path, *, frames: int = 25, fps: float = 50.0, codec: str = "MJPG") -> Path:
    """Write a small video."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (64, 48))
    for number in range(frames):
        writer.write(picture(number))
    writer.release()
    return path


def write_pictures(folder: Path, *, count: int = 3, width: int = 64, height: int = 48) -> Path:
    """Write small photographs."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        pixels = picture(number, width=width, height=height)
        assert cv2.imwrite(str(folder / f"{number}.png"), pixels)
    return folder
