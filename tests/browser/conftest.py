"""A real browser on a real hub. Whatever the page complains about fails the test."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, WebSocketRoute, sync_playwright

from convergecast.options import OPTIONS
from scripts.bench.page import WORKER_IN_PAGE
from tests.support.browser import ARGUMENTS, chromium
from tests.support.rig import Rig


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: ./install_linux.sh test installs one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Watched:
    """A page, signed in, with what it has complained about."""

    def __init__(self, browser: Browser, rig: Rig, **context: object) -> None:
        self.context = browser.new_context(**context)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._console)
        self.rig = rig

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def sign_in(self) -> Page:
        self.trade_token()
        self.page.goto(self.rig.url)
        self.page.get_by_test_id("connection").filter(has_text="live").wait_for()
        return self.page

    def trade_token(self) -> None:
        """Give this browser a session, as the form of `/login` does."""
        form: dict[str, str | float | bool] = {"token": self.rig.admin_token}
        assert self.page.request.post(f"{self.rig.url}/login", form=form).ok


@pytest.fixture
def watched(browser: Browser, rig: Rig) -> Iterator[Watched]:
    watched = Watched(browser, rig, viewport={"width": 1280, "height": 800})
    watched.page.set_default_timeout(15_000)
    yield watched
    watched.context.close()


@pytest.fixture
def page(watched: Watched) -> Iterator[Page]:
    """The dashboard, signed in; nothing may have been complained about at the end."""
    yield watched.sign_in()
    assert watched.complaints == []


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    from convergecast.protocol.folders import pictures_folder

    folder = tmp_path / "portrait"
    folder.mkdir()
    shutil.copy(pictures_folder() / "astronaut.png", folder)
    return folder


class Told:
    """A page whose socket is the test: it is told of cameras, results and the engine at will."""

    def __init__(self, watched: Watched) -> None:
        self.page = watched.page
        self.complaints = watched.complaints
        self._sockets: list[WebSocketRoute] = []
        self.page.add_init_script(WORKER_IN_PAGE)  # no socket of a worker can be taken over
        self.watched: list[str] = []
        self.acknowledged: list[int] = []
        self.page.route_web_socket(re.compile("/live$"), self._connected)
        self.page.route(
            re.compile(r"/api/v1/(counts|events)\?camera="),
            lambda route: route.fulfill(json={"minutes": [], "events": []}),
        )
        self.rig = watched.rig
        watched.trade_token()
        self.go("/")

    def go(self, path: str) -> None:
        """Open a page; it says hello to nobody until `hello`."""
        before = len(self._sockets)
        self.page.goto(f"{self.rig.url}{path}")
        while len(self._sockets) == before:
            self.page.wait_for_timeout(20)

    def lose(self) -> None:
        """Close the socket, and wait until the page has opened it again; it says no hello."""
        before = len(self._sockets)
        self._sockets[-1].close()
        while len(self._sockets) == before:
            self.page.wait_for_timeout(20)

    def _connected(self, socket: WebSocketRoute) -> None:
        socket.on_message(self._heard)
        self._sockets.append(socket)

    def _heard(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message["type"] == "watch":
            self.watched = message["cameras"]
        elif message["type"] == "ack":
            self.acknowledged.append(message["seq"])

    def hello(
        self, *cameras: dict[str, Any], options: Sequence[dict[str, Any]] | None = None
    ) -> None:
        offered = OFFERED if options is None else options
        self.tell(
            "hello",
            hub_time=time.time(),
            hold_back_s=1.5,
            options=offered,
            cameras=cameras,
            status=None,
        )

    def tell(self, type_: str, **fields: object) -> None:
        self._sockets[-1].send(json.dumps({"type": type_, **fields}))

    def show(
        self, camera_id: str, jpeg: bytes, at: float, seq: int = 1, scene: int | None = 0
    ) -> None:
        """Send a picture, as soon as it is wanted."""
        while camera_id not in self.watched:
            self.page.wait_for_timeout(20)
        header = {"camera": camera_id, "seq": seq, "captured_at": at, "dropped": 0, "scene": scene}
        head = json.dumps(header).encode()
        self._sockets[-1].send(len(head).to_bytes(4, "big") + head + jpeg)

    def see(self, camera_id: str, at: float, **found: object) -> None:
        """Send a grey picture of 640 × 480, and what was found in it."""
        self.show(camera_id, GREY, at)
        self.find(camera_id, at, **found)

    def record(self, camera_id: str) -> None:
        """From now on, `recorded` tells what was drawn over each picture of this camera."""
        self.page.locator(f'[data-camera="{camera_id}"]').wait_for()
        self.page.evaluate("id => window.convergecast.record(id)", camera_id)

    def recorded(self) -> list[dict[str, Any]]:
        """Return what was drawn since the last call, oldest first; see `Drawn` in views.js."""
        drawn: list[dict[str, Any]] = self.page.evaluate("window.convergecast.recorded.splice(0)")
        return drawn

    def wait_drawn(self, camera_id: str, seq: int) -> None:
        """Wait until a picture that is recorded, or one after it, has been painted."""
        self.page.wait_for_function(
            "([id, seq]) => window.convergecast.recorded.some("
            "({ camera, picture }) => camera === id && picture.seq >= seq)",
            arg=[camera_id, seq],
        )

    def wait_watched(self, *camera_ids: str) -> None:
        """Wait until exactly these cameras' pictures are wanted."""
        while self.watched != list(camera_ids):
            self.page.wait_for_timeout(20)

    def find(self, camera_id: str, at: float, **found: object) -> None:
        """Send a result in a picture of 640 × 480."""
        lists = {"faces": None, "objects": None, "people": None, "options": [], "scene": 0, **found}
        self.tell(
            "result", camera_id=camera_id, seq=1, captured_at=at, width=640, height=480, **lists
        )


def _grey() -> bytes:
    picture = np.full((480, 640, 3), 90, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


GREY = _grey()
OFFERED = [dataclasses.asdict(option) for option in OPTIONS]


def told_camera(camera_id: str = "c1", **fields: object) -> dict[str, Any]:
    """Return a camera that is online and looks for faces, landmarks and objects."""
    return {
        "id": camera_id,
        "name": f"Camera {camera_id}",
        "address": "127.0.0.1:5001",
        "state": "online",
        "state_reason": None,
        "state_since": 0,
        "width": 640,
        "height": 480,
        "fps": 25,
        "received_fps": 25,
        "analysed_fps": 0,
        "age_ms": 30,
        "dropped": {"agent": 0, "worker": 0, "viewers": 0, "events": 0},
        "people": None,
        "options": ["faces", "landmarks", "objects"],
        "objects": {"min_score": 0.5, "labels": None},
        "motion": None,
        "analysis_error": None,
        "registered_at": 0,
        **fields,
    }


@pytest.fixture
def told(watched: Watched) -> Iterator[Told]:
    """As `page`, but nothing comes from the hub's cameras."""
    yield Told(watched)
    assert watched.complaints == []
