"""The main job with real processes: agents, hub, workers and engine on loopback."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from convergecast.ipc.framing import unpack
from convergecast.model_store import store
from convergecast.protocol.folders import pictures_folder
from scripts.bench.camera_end import write_moving_video
from tests.support.addresses import free_port
from tests.support.rig import Rig, end
from tests.support.viewer import LiveClient

CAMERA_FIELDS = {
    *("id", "name", "address", "state", "state_reason", "state_since", "width", "height", "fps"),
    *("received_fps", "still", "analysed_fps", "motion", "age_ms", "people", "options", "dropped"),
    *("registered_at", "last_seen"),
}
RESULT_FIELDS = {
    *("camera_id", "seq", "captured_at", "processed_at", "unchanged_until", "width", "height"),
    *("scene", "options", "faces", "objects", "people"),
}


@pytest.fixture(scope="session", autouse=True)
def _models() -> None:
    store.find("faces")  # says what to do where the installer has not run


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    """A folder with one picture of one face: a camera that always sees it."""
    folder = tmp_path / "portrait"
    folder.mkdir()
    shutil.copy(pictures_folder() / "astronaut.png", folder)
    return folder


def set_faces(rig: Rig, ids: list[str], on: bool) -> Any:
    order = {"cameras": ids, "option": "faces", "on": on}
    return rig.request("POST", "/api/v1/cameras/options", json=order).json()


def wait_for_result(rig: Rig, camera_id: str, timeout_s: float = 20) -> dict[str, Any]:
    def newest() -> dict[str, Any] | None:
        answer = rig.request("GET", f"/api/v1/cameras/{camera_id}/result")
        return answer.json() if answer.status_code == 200 else None

    result: dict[str, Any] = rig.wait_for(newest, "a result", timeout_s)
    return result


def decoded(jpeg: bytes) -> Any:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def hub_processes(rig: Rig) -> list[psutil.Process]:
    return psutil.Process(rig.hub.pid).children(recursive=True)


def workers_and_engine(rig: Rig) -> list[psutil.Process]:
    """The hub's processes without the server that they are forked from and its helper."""
    return [process for process in hub_processes(rig) if process.ppid() != rig.hub.pid]


@pytest.mark.shared_hub
def test_a_camera_is_shown_and_its_faces_are_found(rig: Rig, portrait: Path) -> None:
    rig.start_agent("--source", str(portrait), "--name", "Hall")
    (camera,) = rig.wait_online(1)
    assert set(camera) >= CAMERA_FIELDS
    assert (camera["name"], camera["width"], camera["height"]) == ("Hall", 480, 480)
    url = f"/api/v1/cameras/{camera['id']}"
    assert rig.request("GET", f"{url}/result").status_code == 404
    plain = rig.request("GET", f"{url}/snapshot.jpg")
    assert plain.headers["Content-Type"] == "image/jpeg"
    assert decoded(plain.content).shape == (480, 480, 3)

    assert set_faces(rig, [camera["id"]], True) == {
        "cameras": {camera["id"]: {"options": ["faces"]}}
    }
    result = wait_for_result(rig, camera["id"])
    assert set(result) == RESULT_FIELDS
    assert (result["objects"], result["people"], result["options"]) == (None, None, ["faces"])
    (face,) = result["faces"]
    assert face["landmarks"] is face["person"] is None
    x1, y1, x2, y2 = face["box"]
    assert 0 < x1 < x2 < 480
    assert 0 < y1 < y2 < 480
    assert face["score"] > 0.5
    assert result["captured_at"] <= result["processed_at"] <= time.time()

    drawn = rig.request("GET", f"{url}/snapshot.jpg?annotated=1")
    difference = cv2.absdiff(decoded(drawn.content), decoded(plain.content)).max(axis=2)
    edge = difference[round(y1) : round(y2), round(x1) - 2 : round(x1) + 3].max(axis=1)
    assert (edge > 40).mean() > 0.9, "the left edge of the face's box is not drawn"

    set_faces(rig, [camera["id"]], False)
    rig.wait_for(
        lambda: rig.request("GET", f"{url}/result").status_code == 404, "the result's removal", 5
    )


@pytest.mark.shared_hub
def test_switching_again_and_again_leaves_the_last_state(rig: Rig, portrait: Path) -> None:
    rig.start_agent("--source", str(portrait))
    (camera,) = rig.wait_online(1)
    for number in range(21):
        set_faces(rig, [camera["id"]], number % 2 == 0)
    assert len(wait_for_result(rig, camera["id"])["faces"]) == 1
    assert rig.cameras()[0]["options"] == ["faces"]


@pytest.mark.data
def test_three_cameras_at_once_and_faces_for_two_of_them(rig: Rig, data_folder: Path) -> None:
    videos = data_folder / "videos"
    sources = {"Class": videos / "classroom.gif", "Cars": videos / "car-detection.mp4"}
    for name, source in sources.items():
        rig.start_agent("--source", str(source), "--name", name)
    rig.start_agent("--source", "demo", "--name", "Demo")
    cameras = {camera["name"]: camera for camera in rig.wait_online(3)}
    assert set(cameras) == {"Class", "Cars", "Demo"}
    assert len(workers_and_engine(rig)) == 3

    chosen = [cameras["Class"]["id"], cameras["Demo"]["id"]]
    set_faces(rig, chosen, True)
    wait_for_result(rig, chosen[0])
    client = LiveClient(rig.url, rig.admin_token)
    asyncio.run(client.watch([c["id"] for c in cameras.values()], 8, settle_s=1))
    results = [r for r in client.results if r["camera_id"] == chosen[0]]
    assert len(results) >= 10
    four = sum(len(result["faces"]) == 4 for result in results)
    assert four >= 0.9 * len(results), f"{four} of {len(results)} results have four faces"
    assert {r["camera_id"] for r in client.results} == set(chosen)
    options = {camera["name"]: camera["options"] for camera in rig.cameras()}
    assert options == {"Class": ["faces"], "Demo": ["faces"], "Cars": []}
    assert all(account.pictures for account in client.accounts.values())
    assert len(client.accounts) == 3


@pytest.mark.shared_hub
def test_a_restarted_hub_finds_its_cameras_and_options_again(rig: Rig, portrait: Path) -> None:
    rig.start_agent("--source", str(portrait), "--name", "Hall")
    (before,) = rig.wait_online(1)
    set_faces(rig, [before["id"]], True)
    for kill in (False, True):
        rig.restart_hub(kill=kill)
        (after,) = rig.wait_online(1)
        assert (after["id"], after["name"], after["options"]) == (before["id"], "Hall", ["faces"])
        assert len(wait_for_result(rig, before["id"])["faces"]) == 1


@pytest.mark.shared_hub
def test_a_restarted_agent_is_the_same_camera(rig: Rig, portrait: Path) -> None:
    agent = rig.start_agent("--source", str(portrait), "--port", str(free_port()))
    (before,) = rig.wait_online(1)
    # The hub may pull pictures before the agent has the answer that it keeps its key from.
    rig.wait_for(lambda: f"as camera {before['id']}" in rig.log(), "its registration")
    end(agent, kill=True)
    offline = rig.wait_for(
        lambda: [c for c in rig.cameras() if c["state"] == "offline"], "the camera's absence", 10
    )
    assert "no agent is running" in offline[0]["state_reason"]
    assert offline[0]["received_fps"] == 0
    rig.start_agent("--source", str(portrait))
    (after,) = rig.wait_online(1)
    assert after["id"] == before["id"]
    assert len(rig.cameras()) == 1


@pytest.mark.shared_hub
def test_a_killed_worker_and_a_killed_engine_come_back(rig: Rig, portrait: Path) -> None:
    rig.start_agent("--source", str(portrait))
    rig.start_agent("--source", "demo")
    ids = [camera["id"] for camera in rig.wait_online(2)]
    set_faces(rig, ids, True)
    for camera_id in ids:
        wait_for_result(rig, camera_id)
    for child in workers_and_engine(rig):
        child.kill()
    killed_at = time.time()
    rig.wait_for(lambda: any(c["state"] != "online" for c in rig.cameras()), "the loss", 5)
    rig.wait_online(2)
    for camera_id in ids:

        def fresh(camera_id: str = camera_id) -> bool:
            return bool(wait_for_result(rig, camera_id)["captured_at"] > killed_at + 1)

        rig.wait_for(fresh, "a fresh result", 20)
    assert [camera["options"] for camera in rig.cameras()] == [["faces"], ["faces"]]


def test_a_missing_model_is_said_and_never_looks_like_nothing_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portrait: Path
) -> None:
    monkeypatch.setenv("CONVERGECAST_MODELS", str(tmp_path / "empty"))
    rig = Rig(tmp_path)
    try:
        rig.start_agent("--source", str(portrait))
        (camera,) = rig.wait_online(1)
        set_faces(rig, [camera["id"]], True)

        def problem() -> Any:
            error = rig.cameras()[0]["analysis_error"]
            return error if error and "models fetch" in error else None

        rig.wait_for(problem, "the sentence that says what to do", 15)
        url = f"/api/v1/cameras/{camera['id']}"
        assert rig.request("GET", f"{url}/result").status_code == 404
        annotated = rig.request("GET", f"{url}/snapshot.jpg?annotated=1")
        assert annotated.status_code == 404
        assert "models fetch" in annotated.json()["message"]
    finally:
        rig.close()


def test_a_stranger_waits_until_it_is_approved_and_may_be_rejected(rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--name", "<b>Stranger</b>", token="")
    camera = rig.wait_for(lambda: rig.cameras()[0], "the registration")
    assert (camera["state"], camera["name"]) == ("pending", "<b>Stranger</b>")
    assert camera["age_ms"] is None
    url = f"/api/v1/cameras/{camera['id']}"
    assert rig.request("GET", f"{url}/snapshot.jpg").status_code == 404
    refused = rig.request("PATCH", url, json={"options": ["faces"]})
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    assert workers_and_engine(rig) == [], "nothing may be fetched from it"

    approved = rig.request("PATCH", url, json={"approved": True, "name": "Gate"}).json()
    assert approved["name"] == "Gate"
    rig.wait_online(1)
    assert rig.request("PATCH", url, json={"approved": False}).status_code == 200
    assert rig.cameras() == []
    assert rig.request("GET", f"{url}/snapshot.jpg").status_code == 404
    rejected = rig.get("/api/v1/cameras/rejected")["cameras"]
    assert [c["name"] for c in rejected] == ["Gate"]
    rig.request("PATCH", url, json={"approved": True})
    rig.wait_online(1)


@pytest.mark.shared_hub
def test_a_forgotten_camera_that_is_still_there_comes_back_as_pending(rig: Rig) -> None:
    rig.start_agent("--source", "demo")
    (camera,) = rig.wait_online(1)
    assert rig.request("DELETE", f"/api/v1/cameras/{camera['id']}").status_code == 204

    def back() -> Any:
        return [c for c in rig.cameras() if c["state"] == "pending" and c["id"] != camera["id"]]

    rig.wait_for(back, "the camera's return as pending", 15)


@pytest.mark.shared_hub
def test_the_mjpeg_stream_gives_whole_pictures_one_after_another(rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--fps", "20")
    (camera,) = rig.wait_online(1)
    url = f"{rig.url}/api/v1/cameras/{camera['id']}/stream.mjpg"
    assert requests.get(url, timeout=5).status_code == 401
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    set_faces(rig, [camera["id"]], True)
    wait_for_result(rig, camera["id"])
    for query in ("", "?annotated=1"):
        with requests.get(url + query, headers=headers, stream=True, timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
            body = b""
            for chunk in answer.iter_content(8192):
                body += chunk
                if body.count(b"Content-Length") > 5:
                    break
        parts = body.split(b"--convergecast\r\n")[1:6]
        for part in parts:
            head, _, jpeg = part.partition(b"\r\n\r\n")
            assert f"Content-Length: {len(jpeg) - 2}".encode() in head
            assert decoded(jpeg[:-2]).shape == (480, 640, 3)

    def unwatched() -> bool:
        return bool(rig.cameras()[0]["received_fps"] > 10)

    set_faces(rig, [camera["id"]], False)
    rig.wait_for(lambda: not unwatched(), "the camera's rest after the last viewer", 10)


METRICS = {
    f"convergecast_{name}"
    for name in (
        *("cameras", "camera_fps", "camera_received_fps", "camera_analysed_fps"),
        *("camera_age_seconds", "camera_dropped_frames", "camera_skipped_frames"),
        *("viewers", "engine_ready", "process_resident_bytes", "camera_dropped_events"),
    )
}
"""Every figure but the one that is a counter; nothing of the Python process beside them."""


def test_health_and_metrics(rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--name", 'Say "cheese"')
    rig.wait_online(1)
    assert requests.get(f"{rig.url}/healthz", timeout=5).json()["status"] == "ok"
    assert requests.get(f"{rig.url}/metrics", timeout=5).status_code == 401
    answer = rig.request("GET", "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.text
    assert "# HELP convergecast_engine_frames_total Frames analysed since the engine " in text
    assert (
        "# TYPE convergecast_engine_frames_total counter\nconvergecast_engine_frames_total 0"
        in text
    )
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families.pop("convergecast_engine_frames").type == "counter"
    assert {family.type for family in families.values()} == {"gauge"}
    assert set(families) == METRICS
    assert 'convergecast_cameras{state="online"} 1.0' in text
    assert 'name="Say \\"cheese\\""' in text
    assert 'convergecast_process_resident_bytes{process="hub"}' in text


def test_the_socket_greets_with_everything_and_understands_or_says_so(rig: Rig) -> None:
    rig.start_agent("--source", "demo", "--name", "Hall")
    (camera,) = rig.wait_online(1)

    async def talk() -> None:
        url = rig.url.replace("http", "ws") + "/live"
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "convergecast_5000=x"}):
            with pytest.raises(InvalidStatus):
                await connect(url, additional_headers=headers).__aenter__()
        headers = {"Authorization": f"Bearer {rig.admin_token}"}
        async with connect(url, additional_headers=headers, compression=None) as socket:
            hello = json.loads(await socket.recv())
            assert hello["type"] == "hello"
            assert [c["name"] for c in hello["cameras"]] == ["Hall"]
            assert hello["options"][0] == {
                "name": "faces",
                "label": "Face Detection",
                "tasks": ["faces"],
                "brings": "faces",
                "adds": [],
                "identifies": False,
                "min_scores": None,
            }
            assert hello["status"]["engine"] == "off"
            for nonsense in ("{", "[]", '{"type": "erase"}', '{"type": "watch"}', '{"type":"ack"}'):
                await socket.send(nonsense)
                assert (await answer(socket, "error"))["error"] == "invalid"
            await socket.send(b"\x00")
            await answer(socket, "error")
            await socket.send('{"type": "ping", "t": 5}')
            pong = await answer(socket, "pong")
            assert pong["t"] == 5
            assert abs(pong["hub_time"] - time.time()) < 5
            await socket.send(json.dumps({"type": "watch", "cameras": [camera["id"], "x", 7]}))
            while not isinstance(message := await asyncio.wait_for(socket.recv(), 10), bytes):
                pass
            head, jpeg = unpack(message)
            assert set(json.loads(head)) == {"camera", "seq", "captured_at", "dropped", "scene"}
            assert decoded(jpeg).shape == (480, 640, 3)

    async def answer(socket: Any, kind: str) -> dict[str, Any]:
        while True:
            message = json.loads(await asyncio.wait_for(socket.recv(), 10))
            if message["type"] == kind:
                return dict(message)

    asyncio.run(talk())


@pytest.mark.shared_hub
def test_an_idle_camera_is_asked_once_a_second_and_a_viewer_gets_every_frame(
    rig: Rig, tmp_path: Path
) -> None:
    video = write_moving_video(tmp_path / "moving.avi", fps=25.0)
    rig.start_agent("--source", str(video))
    (camera,) = rig.wait_online(1)
    time.sleep(4)
    idle = rig.cameras()[0]
    assert idle["received_fps"] < 3
    assert idle["fps"] == pytest.approx(25, abs=3)
    client = LiveClient(rig.url, rig.admin_token)
    asyncio.run(client.watch([camera["id"]], 4, settle_s=1))
    account = client.accounts[camera["id"]]
    assert account.pictures > 4 * 25 * 0.8
    missing = account.last_seq - account.first_seq + 1 - account.pictures
    assert missing <= sum(rig.cameras()[0]["dropped"].values()), "a frame was lost uncounted"


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running_however_the_hub_ends(rig: Rig, number: int) -> None:
    rig.start_agent("--source", "demo")
    ids = [camera["id"] for camera in rig.wait_online(1)]
    set_faces(rig, ids, True)
    wait_for_result(rig, ids[0])
    children = hub_processes(rig)
    assert len(children) >= 3
    rig.hub.send_signal(number)
    assert rig.hub.wait(timeout=5) == (-number if number == signal.SIGKILL else 0)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_a_rotated_agent_token_is_noticed_by_the_running_hub(rig: Rig) -> None:
    rig._run("token", "--rotate", "--data-dir", str(rig.folder / "data"))
    rig.start_agent("--source", "demo")  # with the old one
    camera = rig.wait_for(lambda: rig.cameras()[0], "the registration")
    assert camera["state"] == "pending"
    assert camera["wrong_token"]
    assert camera["state_reason"] == "waits for approval: the agent's token is wrong"
    told = f"waiting for approval on the hub's page at {rig.url}: the agent token is wrong. "
    rig.wait_for(lambda: told in rig.log(), "the agent is told")
