"""The hub's own agents: tried for a while only, started again when they die or hang."""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from convergecast.auth.access import Role
from convergecast.config import HubConfig
from convergecast.errors import Unavailable
from convergecast.hub import Hub
from convergecast.local_agents import agents, child
from convergecast.web.app import create_app
from tests.support.callers import TESTER
from tests.support.rtsp_cameras import rtsp_cameras

CAMERAS = "/api/v1/cameras"
TOKEN = "an administrator's token"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that runs agents, but has no workers and answers no registration."""
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    hub.services.supervisor.stop()
    hub.services.local_agents.start()
    yield hub
    hub.close()


def add(hub: Hub, source: str, *, keep: bool = False) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    client = create_app(hub.services).test_client(use_cookies=False)
    return client.post(CAMERAS, headers=headers, json={"source": source, "keep": keep})


def running(hub: Hub) -> child.AgentChild | None:
    found = list(hub.services.local_agents._locals.values())
    return found[0].child if found else None


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_that_says_nothing_is_tried_for_a_while(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert agents.TRY_S < 10  # as the API says
    monkeypatch.setattr(agents, "TRY_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        began = time.monotonic()
        answer = add(hub, source)
        assert 1.0 <= time.monotonic() - began < 5
    assert answer.status_code == 422
    assert answer.json["message"] == f"{source} has sent no picture within 10 s."
    assert hub.services.registry.all() == []


def test_a_few_are_tried_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "TRY_S", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"rtsp://127.0.0.1:{silent.getsockname()[1]}"
        statuses: list[int] = []
        threads = [
            threading.Thread(
                target=lambda n=n: statuses.append(add(hub, f"{place}/{n}").status_code)
            )
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [422, 422, 422, 429]


def test_only_an_administrator_changes_where_pictures_come_from(hub: Hub) -> None:
    gate = hub.services.gate
    account = gate.accounts.add("operator", "a long password", Role.OPERATOR, by=TESTER)
    _, token = gate.tokens.add(account.owner, "shed", Role.OPERATOR, None, None, TESTER)
    hub.services.registry.add_by_hub("c1", "rtsp://127.0.0.1:9/live", name="Gate", by=TESTER)
    client = create_app(hub.services).test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {token}"}
    for method, path in (("POST", CAMERAS), ("PATCH", f"{CAMERAS}/c1")):
        order = {"source": "rtsp://127.0.0.1:9/other", "keep": True}
        answer = client.open(path, method=method, headers=headers, json=order)
        assert answer.status_code == 403, answer.text
    assert hub.services.registry.source_of("c1").endswith("/live")


def test_a_change_of_several_things_is_made_and_noted_once(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = hub.services.registry
    saves: list[Any] = []
    registry.add_by_hub("c1", "rtsp://127.0.0.1:9/live", name="Gate", by=TESTER)
    monkeypatch.setattr(registry, "_save", lambda camera, change: saves.append((camera, change)))
    client = create_app(hub.services).test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    order = {"name": "Door", "recording": {"mode": "off"}}
    assert client.patch(f"{CAMERAS}/c1", headers=headers, json=order).status_code == 200
    ((camera, change),) = saves
    assert (camera.name, camera.recording.mode) == ("Door", "off")
    assert change.detail.startswith("name; recording off, ")


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
def test_an_agent_that_dies_or_hangs_is_started_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(child, "_SILENT_S", 2.0)
    with rtsp_cameras() as port:
        assert add(hub, f"rtsp://127.0.0.1:{port}/live").status_code == 201
        first = running(hub)
        assert first is not None and first.pid and first.report.online
        os.kill(first.pid, number)
        wait_for(lambda: running(hub) not in (None, first))
        second = running(hub)
        assert second is not None
        wait_for(lambda: second.report.online)
        with contextlib.suppress(ProcessLookupError):
            os.kill(first.pid, 0)
            pytest.fail("the first one is still there")
        assert second.camera_key != first.camera_key


def test_an_agent_starts_by_spawn_as_on_windows(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = multiprocessing.get_context("spawn")
    monkeypatch.setattr("convergecast.ipc.processes.context", lambda: spawn)
    with rtsp_cameras() as port:
        assert add(hub, f"rtsp://127.0.0.1:{port}/live").status_code == 201
        (pid,) = hub.services.local_agents.pids().values()
        assert "forkserver" not in " ".join(psutil.Process(pid).cmdline())
        assert hub.services.usage.pids()[f"agent {hub.services.registry.all()[0].id}"] == pid


def test_a_camera_that_does_not_come_back_is_killed_and_tried_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "TRY_S", 0.5)
    monkeypatch.setattr(child, "_STUCK_S", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        assert add(hub, source, keep=True).status_code == 201
        first = running(hub)
        wait_for(lambda: running(hub) not in (None, first))


def test_one_password_is_tried_once_at_a_time(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "TRY_S", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"rtsp://admin:word@127.0.0.1:{silent.getsockname()[1]}"
        first = threading.Thread(target=add, args=(hub, f"{place}/1"))
        first.start()
        wait_for(lambda: hub.services.local_agents._trying)
        assert add(hub, f"{place}/2").status_code == 429
        first.join()
        assert add(hub, f"{place}/2").status_code == 422


def test_an_agent_whose_key_cannot_be_stored_yet_registers_later(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, tries = hub.services.registry.pair, []

    def full(camera_id: str, key: str) -> None:
        tries.append(key)
        if len(tries) < 4:
            raise Unavailable("The disk is full.")
        pair(camera_id, key)

    monkeypatch.setattr(hub.services.registry, "pair", full)
    with rtsp_cameras() as port:
        assert add(hub, f"rtsp://127.0.0.1:{port}/live").status_code == 201
        agent = running(hub)
        assert agent is not None
        wait_for(lambda: agent.registers)
        assert tries == [agent.camera_key] * 4


def test_what_fails_for_one_camera_costs_no_other_its_agent_and_is_done_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = hub.services.registry
    source_of = registry.source_of
    failed: list[str] = []

    def broken(camera_id: str) -> str:
        if camera_id == "c1" and len(failed) < 2:
            failed.append(camera_id)
            raise RuntimeError("not foreseen")
        return source_of(camera_id)

    monkeypatch.setattr(registry, "source_of", broken)
    for n in (1, 2):
        registry.add_by_hub(f"c{n}", f"rtsp://127.0.0.1:9/{n}", name="Gate", by=TESTER)
    wait_for(lambda: set(hub.services.local_agents.pids()) == {"c1", "c2"})
    assert len(failed) == 2


def test_an_agent_for_which_no_channel_is_left_is_started_later(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> child.AgentChild:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(agents, "AgentChild", full)
        patch.setattr(agents, "_LONGEST_PAUSE_S", 0.5)
        answer = add(hub, "rtsp://127.0.0.1:9/1")
        assert answer.status_code == 503
        assert answer.json["message"] == "The agent cannot be started: Too many open files."
        hub.services.registry.add_by_hub("c1", "rtsp://127.0.0.1:9/1", name="Gate", by=TESTER)
        local = hub.services.local_agents._locals
        wait_for(lambda: "c1" in local and local["c1"].restart_at)
    wait_for(lambda: running(hub))


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_what_a_killed_agent_leaves_on_the_disk_goes_with_the_next(hub: Hub) -> None:
    with rtsp_cameras() as port:
        assert add(hub, f"rtsp://127.0.0.1:{port}/live").status_code == 201
        first = running(hub)
        assert first is not None and first.pid
        folder = Path(hub.services.local_agents._folder.name)
        (own,) = folder.iterdir()
        (own / "convergecast-video-1").write_bytes(b"half a video")
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: running(hub) not in (None, first) and not list(own.glob("*")))
        hub.close()
        assert not folder.exists()
