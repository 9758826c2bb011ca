"""Cameras without a computer of their own: the hub runs their agents and keeps their passwords."""

from __future__ import annotations

import contextlib
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import requests

from convergecast.storage.database import DATABASE_NAME
from convergecast.storage.vault import KEY_NAME
from tests.support.odd_cameras import ESCAPED, PASSWORD, SIZE, odd_cameras
from tests.support.rig import Rig
from tests.support.rtsp_cameras import rtsp_cameras

CAMERAS = "/api/v1/cameras"


@pytest.fixture(scope="module")
def module_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("network"))
    yield rig
    rig.close()


@pytest.fixture
def rig(module_rig: Rig) -> Iterator[Rig]:
    yield module_rig
    for camera in module_rig.cameras():
        module_rig.request("DELETE", f"{CAMERAS}/{camera['id']}")
    # The next test counts processes.
    module_rig.wait_for(lambda: not agents(module_rig), "the end of all agents")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with rtsp_cameras() as port:
        yield port


def add(rig: Rig, source: str, status: int = 201, **more: object) -> dict[str, Any]:
    began = time.monotonic()
    answer = rig.request("POST", CAMERAS, json={"source": source, **more})
    assert time.monotonic() - began < 10.5
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def one(rig: Rig) -> dict[str, Any]:
    (camera,) = rig.cameras()
    return camera


def agents(rig: Rig) -> list[psutil.Process]:
    """Return the hub's own agents: the only children that listen."""
    found = []
    for process in psutil.Process(rig.hub.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(c.status == psutil.CONN_LISTEN for c in process.net_connections("tcp")):
                found.append(process)
    return found


def picture_of(rig: Rig, camera_id: str) -> bytes:
    return rig.request("GET", f"{CAMERAS}/{camera_id}/snapshot.jpg").content


def test_a_camera_is_shown_and_its_password_is_nowhere(rig: Rig, port: int) -> None:
    made = add(rig, f"rtsp://{ESCAPED}127.0.0.1:{port}/digest", name="Gate")
    camera = rig.wait_online(1)[0]
    assert camera["id"] == made["id"]
    assert (camera["name"], camera["by_hub"], camera["proven"]) == ("Gate", True, True)
    assert (camera["width"], camera["height"]) == SIZE
    assert camera["source"] == f"rtsp://127.0.0.1:{port}/digest"
    assert picture_of(rig, made["id"]).startswith(b"\xff\xd8")
    add(rig, f"rtsp://127.0.0.1:{port}/digest", 409)

    secrets = [PASSWORD.encode(), b"p%40ss", quote(PASSWORD, safe="").encode(), b"w#rd", b"w%23rd"]
    places = {path: path.read_bytes() for path in rig.folder.rglob("*") if path.is_file()}
    assert any(path.name == DATABASE_NAME for path in places)
    processes = psutil.Process(rig.hub.pid).children(recursive=True)
    shown = [
        str([each.cmdline(), each.environ()]).encode() for each in processes if each.is_running()
    ]
    paths = (CAMERAS, "/api/v1/audit", "/", "/metrics")
    shown += [rig.request("GET", path).content for path in paths]
    for secret in secrets:
        assert not [path for path, data in places.items() if secret in data], secret
        assert not [text for text in shown if secret in text], secret
    assert stat.S_IMODE((rig.folder / "data" / KEY_NAME).stat().st_mode) == 0o600
    entries = rig.get("/api/v1/audit?kind=camera")["entries"]
    assert (entries[0]["action"], entries[0]["subject"]) == ("added", made["id"])

    agent = agents(rig)[0]
    served = [each for each in agent.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert [each.laddr.ip for each in served] == ["127.0.0.1"]
    stranger = requests.get(f"http://127.0.0.1:{served[0].laddr.port}/video", timeout=5)
    assert stranger.status_code == 401


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("admin:wrong@127.0.0.1:{port}/digest", "refuses this password"),
        ("127.0.0.1:{port}/digest", "asks for a password"),
        ("127.0.0.1:{port}/missing", "has no such path"),
        ("127.0.0.1:9/live", "nothing answers at"),
        ("nobody.invalid/live", "is not found"),
    ],
)
def test_what_cannot_be_shown_is_said_and_not_stored(
    rig: Rig, port: int, path: str, cause: str
) -> None:
    refusal = add(rig, f"rtsp://{path.format(port=port)}", 422)
    assert refusal["error"] == "no-picture"
    assert cause in refusal["message"] and "wrong" not in refusal["message"]
    assert rig.cameras() == []


def test_a_refused_password_is_not_shown_again_until_it_is_changed(
    rig: Rig, tmp_path: Path
) -> None:
    film = tmp_path / "film"
    film.write_bytes(b"")
    with odd_cameras(film) as server:
        wrong = f"http://admin:wrong@127.0.0.1:{server.server_port}/basic"
        add(rig, wrong, 422)
        assert server.wrong == 1
        assert "It is tried again in 5 min" in add(rig, wrong, 422)["message"]
        made = add(rig, wrong, keep=True)
        rig.wait_for(lambda: one(rig)["state"] == "offline", "the cause")
        assert one(rig)["state_reason"].endswith("refuses this password")
        rig.restart_hub()
        rig.wait_for(lambda: one(rig)["state"] == "offline", "the cause")
        assert server.wrong == 1
        right = f"http://{ESCAPED}127.0.0.1:{server.server_port}/basic"
        changed = rig.request("PATCH", f"{CAMERAS}/{made['id']}", json={"source": right})
        assert changed.status_code == 200, changed.text
        rig.wait_online(1)
        assert server.wrong == 1


def test_a_wrong_new_source_leaves_the_camera_as_it_was(rig: Rig, port: int) -> None:
    made = add(rig, f"rtsp://127.0.0.1:{port}/live")
    rig.wait_online(1)
    wrong = {"source": f"rtsp://127.0.0.1:{port}/missing", "name": "Other"}
    assert rig.request("PATCH", f"{CAMERAS}/{made['id']}", json=wrong).status_code == 422
    camera = rig.wait_online(1)[0]
    assert camera["source"].endswith("/live") and camera["name"] != "Other"


def test_forgetting_ends_the_agent_and_a_killed_hub_leaves_none(rig: Rig, port: int) -> None:
    made = add(rig, f"rtsp://127.0.0.1:{port}/live")
    rig.wait_online(1)
    rig.request("DELETE", f"{CAMERAS}/{made['id']}")
    rig.wait_for(lambda: not agents(rig), "the end of the agent")
    add(rig, f"rtsp://127.0.0.1:{port}/live")
    rig.wait_online(1)
    orphans = agents(rig)
    assert orphans
    rig.restart_hub(kill=True)
    assert psutil.wait_procs(orphans, timeout=5)[1] == []
    rig.wait_online(1)


def test_a_key_that_is_lost_is_one_sentence_and_other_cameras_go_on(rig: Rig, port: int) -> None:
    made = add(rig, f"rtsp://127.0.0.1:{port}/live")
    rig.wait_online(1)
    key = rig.folder / "data" / KEY_NAME
    aside = key.with_suffix(".aside")
    key.rename(aside)
    orderly = agents(rig)
    rig.restart_hub()
    assert orderly and psutil.wait_procs(orderly, timeout=2)[1] == []
    reason = rig.wait_for(lambda: one(rig)["state_reason"], "the sentence")
    assert reason.startswith("The file camera-sources.key is missing: put it back")
    add(rig, f"rtsp://127.0.0.1:{port}/every3s")  # with a key of its own
    rig.wait_online(1)
    put = {"source": f"rtsp://127.0.0.1:{port}/live"}
    assert rig.request("PATCH", f"{CAMERAS}/{made['id']}", json=put).status_code == 200
    rig.wait_online(2)
    assert key.exists()
