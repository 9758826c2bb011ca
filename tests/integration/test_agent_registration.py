"""How a running agent finds its hub, keeps its identity and ends, through the real program."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.agent_support import (
    ROOT,
    AgentProcess,
    Client,
    FakeHub,
    eventually,
    write_pictures,
)
from tests.support.addresses import free_port


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    hub = FakeHub()
    yield hub
    hub.close()


class Starter:
    """Starts agents over a folder of pictures and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.source = str(write_pictures(folder / "pictures"))
        self.state = folder / "state"
        self.agents: list[AgentProcess] = []

    def __call__(self, url: str, *arguments: str, **environment: str) -> AgentProcess:
        arguments = arguments if "--source" in arguments else ("--source", self.source, *arguments)
        agent = AgentProcess("--hub", url, *arguments, state=self.state, **environment)
        self.agents.append(agent)
        return agent


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path)
    yield starter
    for agent in starter.agents:
        agent.kill() if agent.process.poll() is None else None
    for agent in starter.agents:
        assert "Traceback" not in agent.log


def test_an_agent_says_what_it_is(hub: FakeHub, start: Starter) -> None:
    hub.token = "the token"
    agent = start(hub.url, "--name", "porch", CONVERGECAST_AGENT_TOKEN="the token")
    registration = hub.wait_for(lambda r: r.width)
    assert (registration.width, registration.height) == (64, 48)
    assert registration.fps == pytest.approx(1.0, rel=0.1)  # by the clock, on a busy machine
    assert (registration.name, registration.token) == ("porch", None)
    first = hub.registrations[0]
    assert first.token_proof == first.proof_of("the token")
    assert all(b"the token" not in body for body in hub.bodies)
    assert registration.source == start.source
    assert registration.capabilities == ("long-poll", "stream", "masks")
    assert registration.ipaddress == "127.0.0.1"
    eventually(lambda: "registered with" in agent.log, "they have paired")
    client = Client(registration, proven_key=hub.stream_key)
    client.frame()  # it registered when it served already
    client.close()
    assert agent.stop() == 0
    assert "the token" not in agent.log
    assert hub.stream_key not in agent.log
    assert "camera-1" in agent.log


def test_the_identity_and_the_hubs_key_outlive_a_restart(hub: FakeHub, start: Starter) -> None:
    first = start(hub.url)
    before = hub.wait_for(lambda r: r.camera_key)
    first.kill()
    seen = len(hub.registrations)
    start(hub.url)
    after = hub.wait_for(since=seen)
    assert after.agent_id == before.agent_id
    assert after.camera_key == before.camera_key == f"key {before.agent_id}"
    assert after.stream_key != before.stream_key


def test_two_agents_with_one_source_are_two_cameras(hub: FakeHub, start: Starter) -> None:
    start(hub.url)
    first = hub.wait_for()
    start(hub.url)
    second = hub.wait_for(lambda r: r.agent_id != first.agent_id)
    assert first.ports != second.ports
    assert first.name != second.name


def test_an_agent_waits_for_its_hub_and_finds_it_again(start: Starter) -> None:
    port = free_port()
    agent = start(f"http://127.0.0.1:{port}")
    eventually(lambda: "waiting for the hub" in agent.log, "the hub is missed")
    for number in (1, 2):
        hub = FakeHub(port)
        hub.wait_for()
        agent.wait_for_log("registered with", times=number)
        hub.close()
        agent.wait_for_log("waiting for the hub", times=number + 1)
    assert agent.stop() == 0


def test_pending_is_told_once_and_approval_too(hub: FakeHub, start: Starter) -> None:
    hub.status, hub.heartbeat_s = "pending", 0.5
    agent = start(hub.url)
    eventually(lambda: len(hub.registrations) >= 3, "some heartbeats")
    hub.status = "online"
    eventually(lambda: "registered with" in agent.log, "approved")
    assert agent.log.count("waiting for approval") == 1


def test_a_refusal_is_told_in_the_hubs_words(hub: FakeHub, start: Starter) -> None:
    hub.refusal = (403, json.dumps({"error": "forbidden", "message": "go away"}).encode())
    agent = start(hub.url)
    eventually(lambda: "refuses: go away" in agent.log, "refused")
    assert agent.stop() == 0


@pytest.mark.parametrize(
    "answer", [(302, b""), (200, b"OK"), (404, b"<html>"), (200, b"\0" * 99999)]
)
def test_what_is_no_hub_is_not_taken_for_one(
    hub: FakeHub, start: Starter, answer: tuple[int, bytes]
) -> None:
    hub.refusal = answer
    agent = start(hub.url)
    eventually(lambda: "refuses: " in agent.log, "refused")
    assert agent.stop() == 0


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://someone:secret@127.0.0.1:1/live", "rtsp://127.0.0.1:1/live"),
        ("http://127.0.0.1:1/user=someone_password=secret_channel=1.sdp", "http://127.0.0.1:1/…"),
    ],
)
def test_passwords_of_a_source_are_neither_registered_nor_logged(
    hub: FakeHub, start: Starter, source: str, shown: str
) -> None:
    agent = start(hub.url, "--source", source)
    registration = hub.wait_for()
    assert registration.source == shown
    client = Client(registration)
    eventually(lambda: "nothing answers" in client.json("/health")[1]["reason"], "tried")
    client.close()
    eventually(lambda: "gives no picture" in agent.log, "told")
    assert agent.stop() == 0
    assert all(b"secret" not in body and b"someone" not in body for body in hub.bodies)
    assert "secret" not in agent.log
    assert "someone" not in agent.log


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_ctrl_c_ends_it_quietly_also_while_it_is_pulled(hub: FakeHub, start: Starter) -> None:
    agent = start(hub.url)
    client = Client(hub.wait_for(lambda r: r.width))
    headers = {"Authorization": f"Bearer {client.key}"}
    client.connection.request("GET", "/video?after=999999&wait=30", headers=headers)
    agent.process.send_signal(2)
    assert agent.process.wait(20) == 0
    client.close()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "agent" / "agent.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        result = run(
            *("--hub", "http://127.0.0.1:1", "--port", port, "--source", str(tmp_path)),
            CONVERGECAST_AGENT_STATE=str(tmp_path / "state"),
        )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"port {port}" in result.stderr


def test_missing_photographs_are_one_clear_line(tmp_path: Path) -> None:
    result = run(
        *("--hub", "http://127.0.0.1:1", "--source", "demo"),
        CONVERGECAST_AGENT_STATE=str(tmp_path / "state"),
        CONVERGECAST_MODELS=str(tmp_path),
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "pictures are missing: run ./install_linux.sh once" in result.stderr


def test_wrong_usage_is_status_2() -> None:
    assert run().returncode == 2


def test_the_package_can_be_run_as_a_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "agent", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0
    assert "--hub" in result.stdout


def test_importing_starts_nothing() -> None:
    script = (
        "import sys, threading, agent.main, agent.agent\n"
        "hub = {m for m in sys.modules if m.startswith('convergecast.')}\n"
        "assert all(m.startswith('convergecast.protocol') for m in hub), hub\n"
        "assert threading.active_count() == 1\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
