"""Drives a headless Chromium over its debugging socket, for benchmarks.

It enables only what it needs: test frameworks get a copy of every WebSocket message, which costs
more than showing it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import requests
from websockets.sync.client import ClientConnection, connect

from convergecast.errors import Unavailable
from tests.support.usage import memory_mb

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_START_TIMEOUT_S = 20.0


def chromium() -> str | None:
    """Return the browser to drive: `CONVERGECAST_CHROMIUM`, or one on the PATH."""
    chosen = os.environ.get("CONVERGECAST_CHROMIUM")
    found = [chosen] if chosen else [shutil.which(name) for name in _NAMES]
    return next((path for path in found if path), None)


class Tab:
    """The only tab of a browser."""

    def __init__(self, process: psutil.Process, socket: ClientConnection) -> None:
        self._process = process
        self._socket = socket
        self._asked = 0

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the Chrome DevTools Protocol; raises Unavailable where it fails."""
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv(30))).get("id") != self._asked:
            pass
        if "error" in answer:
            raise Unavailable(f"The browser refused {method}: {answer['error']['message']}.")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str, *, script: str = "") -> None:
        """Go to a page; `script` runs there before the page's own."""
        self.ask("Page.enable")
        self.ask("Performance.enable")
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=script)
        self.ask("Page.navigate", url=url)

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression, or its promise, is in the page; None if it fails."""
        answer = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float) -> None:
        """Wait until an expression is true; raises Unavailable in vain."""
        deadline = time.monotonic() + timeout_s
        while self.value(expression) is not True:
            if time.monotonic() > deadline:
                raise Unavailable(f"The page never came so far: {expression}")
            time.sleep(0.1)

    def main_thread_s(self) -> float:
        """Return how many seconds the page's own thread has been busy."""
        metrics = self.ask("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

    def renderers_mb(self) -> float:
        """Return the memory of the processes that run pages, in MB; what they share counts once."""
        children = self._process.children(recursive=True)
        return memory_mb([one for one in children if "--type=renderer" in one.cmdline()])

    def cpu_s(self) -> tuple[float, float]:
        """Return CPU seconds of the processes that run pages, and of all of the browser's."""
        renderers, all_ = 0.0, 0.0
        for process in [self._process, *self._process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                all_ += times.user + times.system
                if "--type=renderer" in process.cmdline():
                    renderers += times.user + times.system
        return renderers, all_


@contextlib.contextmanager
def tab(width: int, height: int) -> Iterator[Tab]:
    """Run a browser with one tab of this size; raises Unavailable where there is none."""
    path = chromium()
    if path is None:
        raise Unavailable("There is no Chromium: install one, or name it in CONVERGECAST_CHROMIUM.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = psutil.Popen(
            [
                *(path, *ARGUMENTS, "--headless=new", "--remote-debugging-port=0"),
                *(f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_address(Path(profile)), max_size=None, compression=None) as socket:
                yield Tab(process, socket)
        finally:
            _end(process)


def _address(profile: Path) -> str:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, IndexError, requests.RequestException):
            port = int((profile / "DevToolsActivePort").read_text().split()[0])
            tabs = requests.get(f"http://127.0.0.1:{port}/json/list", timeout=5).json()
            return str(next(t for t in tabs if t["type"] == "page")["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise Unavailable("The browser did not start.")


def _end(process: psutil.Popen) -> None:
    family = [*process.children(recursive=True), process]
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=5)
    for member in alive:
        with contextlib.suppress(psutil.Error):
            member.kill()
