"""Starts a real hub and real agents for a benchmark or test, and ends them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import requests

from convergecast.assets import agent_command
from convergecast.errors import Unavailable
from convergecast.messages.people import FaceSettings

START_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 5.0


class Rig:
    """A hub in a folder of its own, and what is attached to it.

    Args:
        folder: where its data and log are kept.
        options: further words of the hub's command line.
        port: where it listens; 0 for a free one.
        host: the address it listens on.
        hub_prefix, agent_prefix: what their commands begin with, such as `ip netns exec NAME`; a
            hub inside a network namespace is asked by programs that run there, not by this class.
        code: the checkout whose hub is started; None for this one.
        hub_command: what starts the hub, or what stands in for it.

    Attributes:
        url: the hub's address.
        admin_token: what `Authorization: Bearer` needs.
        agent_token: what agents need.
    """

    def __init__(
        self,
        folder: Path,
        *,
        options: Sequence[str] = (),
        port: int = 0,
        host: str = "127.0.0.1",
        hub_prefix: Sequence[str] = (),
        agent_prefix: Sequence[str] = (),
        code: Path | None = None,
        hub_command: Sequence[str] = (sys.executable, "-m", "convergecast", "serve"),
    ) -> None:
        self.folder = folder
        self.admin_token = secrets.token_hex(16)
        self._options = ["--host", host, *options]
        self._hub_prefix = hub_prefix
        self._agent_prefix = agent_prefix
        self._hub_command = hub_command
        # `python -m` would look into the working folder first, which may be another checkout.
        self._code = {"PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"} if code else {}
        self._children: list[subprocess.Popen[str]] = []
        self.hub = self._start_hub(port)
        self.agent_token = self._run("token", "--data-dir", str(folder / "data")).strip()

    def reset(self) -> None:
        """End the agents and delete cameras, people, unknown faces and settings.

        The hub goes on, its engine and its log of changes too. An agent that is started after this
        is another one, whatever its source.
        """
        for child in self._children[::-1]:
            if child is not self.hub:
                end(child, kill=True)
                self._children.remove(child)
        shutil.rmtree(self.folder / "agents", ignore_errors=True)
        if self.hub.poll() is not None:
            self.restart_hub()
        rejected = self.get("/api/v1/cameras/rejected")["cameras"]
        paths = [f"/api/v1/cameras/{camera['id']}" for camera in [*self.cameras(), *rejected]]
        paths += [
            f"/api/v1/people/{person['id']}" for person in self.get("/api/v1/people")["people"]
        ]
        for path in [*paths, "/api/v1/unknown-faces"]:
            self.request("DELETE", path).raise_for_status()
        usual = msgspec.to_builtins(FaceSettings())
        self.request("PUT", "/api/v1/settings", json=usual).raise_for_status()

    def restart_hub(self, *, kill: bool = False) -> None:
        """End the hub and start it again on the same port with the same data."""
        self.end_hub(kill=kill)
        self.hub = self._start_hub(int(self.url.rpartition(":")[2]))

    def end_hub(self, *, kill: bool = False) -> None:
        """End the hub as a service manager would, or by SIGKILL."""
        end(self.hub, kill=kill)
        self._children.remove(self.hub)

    def start_agent(
        self, *options: str, token: str | None = None, state: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start an agent of this hub; `token` "" starts it without one.

        `state` is the folder of its identity, else one that the rig's agents share.
        """
        environment = {
            **os.environ,
            "CONVERGECAST_AGENT_TOKEN": self.agent_token if token is None else token,
            "CONVERGECAST_AGENT_STATE": str(state or self.folder / "agents"),
        }
        if not environment["CONVERGECAST_AGENT_TOKEN"]:
            del environment["CONVERGECAST_AGENT_TOKEN"]
        command = [*self._agent_prefix, *agent_command(), "--hub", self.url, *options]
        return self.start(command, environment)

    def start_feeder(
        self,
        cameras: int,
        fps: float,
        *,
        key_file: Path | None = None,
        photograph: Path | None = None,
        mixed_shapes: bool = False,
    ) -> subprocess.Popen[str]:
        """Start one process with many cameras whose frames are encoded beforehand.

        It is of the hub's own checkout, because an agent with a token speaks to no older hub.
        The first one's stream key is written to `key_file` once it has paired with the hub. The
        frames show a texture that moves, or a photograph that does, or each has another shape.
        A number on its standard input is how many cameras there are from then on.
        """
        command = [sys.executable, "-m", "tests.support.feeder", "--hub", self.url]
        command += ["--token", self.agent_token, "--cameras", str(cameras), "--fps", str(fps)]
        if key_file:
            command += ["--key-file", str(key_file)]
        if photograph:
            command += ["--photograph", str(photograph)]
        if mixed_shapes:
            command += ["--mixed-shapes"]
        return self.start(command, {**os.environ, **self._code})

    def start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        """Start a process that `close` ends; its output goes to the rig's log."""
        with (self.folder / "log.txt").open("a") as log:
            child = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, stdin=subprocess.PIPE, text=True
            )
        self._children.append(child)
        return child

    def get(self, path: str) -> Any:
        """Return the JSON answer of a GET request."""
        return self.request("GET", path).json()

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Ask the hub with the administrator's token."""
        headers = {"Authorization": f"Bearer {self.admin_token}", **arguments.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=15, **arguments)

    def cameras(self) -> list[dict[str, Any]]:
        """Return the hub's cameras."""
        cameras: list[dict[str, Any]] = self.get("/api/v1/cameras")["cameras"]
        return cameras

    def wait_for(
        self, condition: Callable[[], Any], what: str, timeout_s: float = START_TIMEOUT_S
    ) -> Any:
        """Return what `condition` returns once that is true; raises Unavailable in vain."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.RequestException, LookupError):
                value = condition()
                if value:
                    return value
            time.sleep(0.05)
        raise Unavailable(f"{what} did not happen within {timeout_s:g} s:\n{self.log()}")

    def wait_online(self, count: int, timeout_s: float = START_TIMEOUT_S) -> list[dict[str, Any]]:
        """Return the cameras once `count` of them are online."""

        def online() -> list[dict[str, Any]] | None:
            cameras = [camera for camera in self.cameras() if camera["state"] == "online"]
            return cameras if len(cameras) >= count else None

        found: list[dict[str, Any]] = self.wait_for(online, f"{count} online cameras", timeout_s)
        return found

    def log(self) -> str:
        """Return the end of what all processes wrote."""
        with contextlib.suppress(OSError):
            return (self.folder / "log.txt").read_text(errors="replace")[-4000:]
        return ""

    def close(self) -> None:
        """End every process."""
        for child in reversed(self._children):
            end(child)
        self._children.clear()

    def _start_hub(self, port: int) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            **self._code,
            "CONVERGECAST_ADMIN_TOKEN": self.admin_token,
        }
        command = [*self._hub_prefix, *self._hub_command]
        command += ["--port", str(port), "--data-dir", str(self.folder / "data"), *self._options]
        with (self.folder / "log.txt").open("a") as log:
            hub = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._children.append(hub)
        line = hub.stdout.readline() if hub.stdout else ""
        if not line.startswith("Open "):
            raise Unavailable(f"The hub did not start:\n{line}{self.log()}")
        self.url = line.split()[1]
        return hub

    def _run(self, *words: str) -> str:
        command = [sys.executable, "-m", "convergecast", *words]
        environment = {**os.environ, **self._code}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout


def end(process: subprocess.Popen[str], *, kill: bool = False) -> None:
    """End a process, insisting after a while."""
    if process.poll() is None:
        (process.kill if kill else process.terminate)()
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


@contextlib.contextmanager
def running_rig(*options: str, code: Path | None = None) -> Iterator[Rig]:
    """Run a rig in a temporary folder, with the hub of this checkout or of another."""
    with tempfile.TemporaryDirectory(prefix="convergecast-rig-") as folder:
        rig = Rig(Path(folder), options=options, code=code)
        try:
            yield rig
        finally:
            rig.close()
