"""A real browser on a real hub. Whatever the page complains about fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from convergecast.bench.rig import Rig

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


def chromium() -> str | None:
    """The browser to drive: `CONVERGECAST_CHROMIUM`, or one on the PATH."""
    chosen = os.environ.get("CONVERGECAST_CHROMIUM")
    found = [chosen] if chosen else [shutil.which(name) for name in _NAMES]
    return next((path for path in found if path), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: ./install_linux.sh test installs one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
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
        self.page.goto(f"{self.rig.url}/?token={self.rig.admin_token}")
        self.page.get_by_test_id("connection").filter(has_text="live").wait_for()
        assert self.page.url == f"{self.rig.url}/", "the token stays in the address"
        return self.page


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
