"""Privacy masks through real agents and hubs: what is under them is in no picture."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from agent.masks import KeptMasks
from convergecast.protocol.frames import WireFrame
from convergecast.protocol.masks import NO_MASKS, Masks, masks_of
from convergecast.protocol.registration import Registration, RegistrationReply
from tests.fakes.agents import RawAgent, answer
from tests.integration.agent_support import AgentProcess, Client, FakeHub, Stream, eventually
from tests.support.addresses import free_port
from tests.support.rig import Rig

WIDTH, HEIGHT = 160, 120
LEFT = masks_of([[(0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0)]])
TOP = masks_of([[(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)]])
EDGE = 8  # pixels at an edge of a mask that a JPEG's blocks may blur


def bright(number: int) -> bytes:
    """Return a picture that is bright everywhere, and of which a part moves."""
    pixels = np.full((HEIGHT, WIDTH, 3), 230, np.uint8)
    pixels[40:70, number * 7 % 120 :][:, :30] = (60, 250, 180)
    return bytes(cv2.imencode(".jpg", pixels)[1])


class Camera:
    """A camera on the network that gives bright JPEGs, ten a second."""

    def __init__(self) -> None:
        camera = self
        self.sent: set[bytes] = set()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
                self.end_headers()
                with contextlib.suppress(OSError):
                    for number in range(10_000):
                        jpeg = bright(number)
                        camera.sent.add(jpeg)
                        head = f"--b\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                        self.wfile.write(head.encode() + b"\r\n\r\n" + jpeg + b"\r\n")
                        time.sleep(0.1)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/video"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera()
    yield camera
    camera.close()


def levels(jpeg: bytes) -> Any:
    """Return the brightest colour of each pixel, from 0 to 255."""
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.size == (WIDTH, HEIGHT)
    assert not picture.getexif()
    return np.asarray(picture.convert("RGB")).max(axis=2)


def shows(jpeg: bytes) -> tuple[bool, bool]:
    """Return whether anything is seen in the left 40 % and in the lower half of the rest."""
    seen = levels(jpeg)
    left, rest = seen[:, : int(WIDTH * 0.4) - EDGE], seen[HEIGHT // 2 + EDGE :, WIDTH // 2 :]
    return bool((left > 16).any()), bool((rest > 200).all())


class MaskingHub(FakeHub):
    """A hub that tells masks."""

    masks: Masks | None = NO_MASKS

    def reply(self, registration: Registration) -> RegistrationReply:
        masks = self.masks if "masks" in registration.capabilities else None
        return RegistrationReply(
            status="online",
            camera_id="camera-1",
            heartbeat_s=self.heartbeat_s,
            hub_time=time.time(),
            camera_key=None if registration.camera_key else "the key",
            masks=masks,
        )


@pytest.fixture
def agents() -> Iterator[list[AgentProcess]]:
    """Agents that end with the test, however it ends."""
    started: list[AgentProcess] = []
    yield started
    for agent in started:
        agent.kill()


def test_an_agent_masks_from_its_first_picture_on(
    tmp_path: Path, camera: Camera, agents: list[AgentProcess]
) -> None:
    hub, state, port = MaskingHub(), tmp_path / "state", str(free_port())
    words = ("--hub", hub.url, "--source", camera.url, "--host", "127.0.0.1", "--port", port)
    agents.append(agent := AgentProcess(*words, state=state))
    registration = hub.wait_for(lambda r: r.width)
    stream = Stream(registration)
    first = stream.frame()
    assert (first.masks, shows(first.jpeg)) == ("", (True, True))
    assert first.jpeg in camera.sent  # as the camera gave it
    hub.masks = LEFT
    frames = [first]
    while frames[-1].masks != LEFT.hash:
        frames.append(stream.frame())
        assert len(frames) < 100
    frames += [stream.frame() for _ in range(20)]
    stream.close()
    for frame in frames:
        assert (frame.masks, shows(frame.jpeg)) in (("", (True, True)), (LEFT.hash, (False, True)))
    assert not {frame.jpeg for frame in frames if frame.masks} & camera.sent
    # Other masks, and the program is killed at once after it has them.
    hub.masks = TOP
    client = Client(registration)
    eventually(lambda: client.frame().masks == TOP.hash, "other masks")
    client.close()
    (kept,) = state.glob("*.masks")
    eventually(lambda: KeptMasks(kept).read() == TOP, "masks on the disk")
    agent.kill()
    # It starts again, and its hub tells nothing: every picture from the first one on has them.
    hub.masks, since = None, len(hub.registrations)
    agents.append(agent := AgentProcess(*words, state=state))
    registration = hub.wait_for(lambda r: True, since=since)
    client = Client(registration)
    frames = [eventually(lambda: frame_of(client), "a picture")]
    frames += [client.frame(f"/video?after={frames[0].seq}&wait=5") for _ in range(5)]
    client.close()
    for frame in frames:
        assert frame.masks == TOP.hash
        assert (levels(frame.jpeg)[: HEIGHT // 2 - EDGE] <= 16).all()
    agent.kill()
    # What it keeps is damaged: no picture, and it says why, until the hub tells the masks.
    kept.write_text(kept.read_text()[:-9])
    since = len(hub.registrations)
    agents.append(agent := AgentProcess(*words, state=state))
    registration = hub.wait_for(lambda r: True, since=since)
    client = Client(registration)
    agent.wait_for_log("privacy masks")
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        status, told = client.json("/video")
        assert (status, "privacy masks" in told["message"]) == (503, True)
        assert str(kept) in told["message"]
    hub.masks = NO_MASKS
    shown = eventually(lambda: frame_of(client), "a picture")
    assert shown.jpeg in camera.sent  # there are none any more
    client.close()
    assert KeptMasks(kept).read() == NO_MASKS
    assert agent.stop() == 0
    hub.close()


def frame_of(client: Client) -> WireFrame | None:
    """Return a frame once there is one."""
    with contextlib.suppress(AssertionError, OSError):
        return client.frame()
    return None


@pytest.mark.parametrize("kind", ["agent", "hub's own agent", "old agent"])
def test_nobody_sees_what_is_masked(rig: Rig, camera: Camera, kind: str) -> None:
    """From the answer on that takes the masks, and over a restart of everything."""
    old = None
    if kind == "agent":
        rig.start_agent("--source", camera.url)
    elif kind == "old agent":
        numbers = iter(range(10**9))
        old = RawAgent(lambda connection, _: connection.sendall(answer(bright(next(numbers)))))
        old.register(rig.url, token=rig.agent_token)
    else:
        assert rig.request("POST", "/api/v1/cameras", json={"source": camera.url}).ok
    (shown,) = rig.wait_online(1)
    assert shown["masked_by"] is None
    path = f"/api/v1/cameras/{shown['id']}"
    assert rig.wait_for(lambda: snapshot(rig, path), "a picture") == (True, True)
    polygon = [list(place) for place in LEFT.polygons[0]]
    drawn = {"masks": [{"kind": "privacy", "polygon": polygon}]}
    assert rig.request("PUT", f"{path}/zones", json=drawn).ok
    for _ in range(10):
        assert snapshot(rig, path) in (None, (False, True))
    by = "hub" if kind == "old agent" else "agent"
    rig.wait_for(lambda: one(rig)["masked_by"] == by and snapshot(rig, path), f"masked by the {by}")
    # The picture that the hub passes on is the agent's own, or one without anything else in it.
    rig.restart_hub(kill=True)
    assert rig.wait_for(lambda: snapshot(rig, path), "a picture") == (False, True)
    for _ in range(10):
        assert snapshot(rig, path) in (None, (False, True))
    rig.wait_for(lambda: one(rig)["masked_by"] == by, f"masked by the {by}")
    # Without the mask all is seen again.
    assert rig.request("PUT", f"{path}/zones", json={"masks": []}).ok
    rig.wait_for(lambda: snapshot(rig, path) == (True, True), "the whole picture")
    assert one(rig)["masked_by"] is None
    if old is not None:
        old.close()


def one(rig: Rig) -> dict[str, Any]:
    (camera,) = rig.cameras()
    return camera


def snapshot(rig: Rig, path: str) -> tuple[bool, bool] | None:
    """Return what the hub's newest picture shows; None without one."""
    found = rig.request("GET", f"{path}/snapshot.jpg")
    return shows(found.content) if found.ok else None
