"""Load, hangs and rude clients together neither freeze the hub nor leave anything behind."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
import requests
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.fakes.agents import RawAgent, answer, picture
from tests.integration.test_hub_live import set_faces, workers_and_engine
from tests.support.rig import Rig

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")


def start_cameras(rig: Rig, count: int) -> list[str]:
    for number in range(count):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", f"Camera {number}")
    return [camera["id"] for camera in rig.wait_online(count)]


def in_background(count: int, action: Callable[[], Any], stop: threading.Event) -> None:
    def loop() -> None:
        while not stop.is_set():
            action()

    for _ in range(count):
        threading.Thread(target=loop, daemon=True).start()


def is_alive(rig: Rig) -> bool:
    return bool(rig.cameras())


def engine(rig: Rig) -> psutil.Process:
    return max(workers_and_engine(rig), key=lambda process: process.memory_info().rss)


def test_buttons_pressed_while_the_engine_keeps_dying_freeze_nothing(rig: Rig) -> None:
    ids, began = start_cameras(rig, 2), time.time()
    stop = threading.Event()
    states = iter(range(10**9))
    in_background(4, lambda: set_faces(rig, ids, next(states) % 2 == 0), stop)
    try:
        for _ in range(5):
            rig.wait_for(lambda: len(workers_and_engine(rig)) == 3, "the engine", 15)
            engine(rig).kill()
            time.sleep(0.5)
            assert is_alive(rig)
    finally:
        stop.set()
    time.sleep(0.5)
    set_faces(rig, ids, True)
    url = f"/api/v1/cameras/{ids[0]}/result"
    rig.wait_for(lambda: rig.request("GET", url).status_code == 200, "a result", 20)
    # One event tells that the engine keeps ending; it is of no camera.
    (event,) = rig.get(f"/api/v1/events?kind=system&since={began}")["events"]
    assert (event["subkind"], event["camera"], event["camera_name"]) == ("engine", "", None)
    assert "the engine stopped" in event["reason"].lower()


def test_a_hung_worker_is_found_though_a_thousand_orders_wait_for_it(rig: Rig) -> None:
    ids = start_cameras(rig, 1)
    (worker,) = workers_and_engine(rig)
    worker.suspend()
    for number in range(1000):
        set_faces(rig, ids, number % 2 == 0)
    rig.wait_for(lambda: not worker.is_running(), "the hung worker's end", 10)
    rig.wait_online(1)
    assert rig.cameras()[0]["options"] == []


def test_a_worker_that_hangs_while_its_camera_is_forgotten_is_ended(rig: Rig) -> None:
    ids = start_cameras(rig, 2)
    workers = workers_and_engine(rig)
    for worker in workers:
        worker.suspend()
    rig.request("DELETE", f"/api/v1/cameras/{ids[0]}")
    rig.hub.terminate()
    assert rig.hub.wait(timeout=5) == 0
    _, alive = psutil.wait_procs(workers, timeout=3)
    assert alive == []


def test_a_hung_worker_is_ended_though_the_fork_server_is_gone(rig: Rig) -> None:
    start_cameras(rig, 1)
    (worker,) = workers_and_engine(rig)
    for helper in psutil.Process(rig.hub.pid).children():
        if any("forkserver" in word for word in helper.cmdline()):
            helper.kill()
    worker.suspend()
    rig.wait_for(lambda: not worker.is_running(), "the hung worker's end", 10)
    rig.wait_online(1)


@pytest.mark.shared_hub
def test_slow_bodies_hold_nothing_up(rig: Rig) -> None:
    port = int(rig.url.rpartition(":")[2])
    head = b"POST /server/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"
    rude = []
    for _ in range(60):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(head)
        rude.append(connection)
    try:
        for _ in range(20):
            assert requests.get(f"{rig.url}/healthz", timeout=2).status_code == 200
        rude[0].settimeout(20)
        reply = b"".join(iter(lambda: rude[0].recv(4096), b""))
        assert b" 408 " in reply
        assert b"too-slow" in reply
    finally:
        for connection in rude:
            connection.close()


@pytest.mark.shared_hub
def test_connections_that_say_nothing_are_dropped(rig: Rig) -> None:
    port = int(rig.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.settimeout(25)
        silent.sendall(b"GET / HTTP/1.1\r\n")
        assert silent.recv(10) == b""


@pytest.mark.shared_hub
def test_bodies_over_their_limit_are_refused_before_they_are_whole(rig: Rig) -> None:
    for path, size in (
        ("/server", 70 << 10),
        ("/login", 5 << 10),
        ("/api/v1/cameras/options", 2 << 20),
    ):
        reply = rig.request("POST", path, data=bytes(size))
        assert (reply.status_code, reply.json()["error"]) == (413, "too-large"), path


def test_the_end_does_not_wait_for_slow_clients(rig: Rig) -> None:
    start_cameras(rig, 1)
    port = int(rig.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as rude:
        rude.sendall(b"POST /server/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        time.sleep(0.2)
        began = time.monotonic()
        rig.hub.terminate()
        assert rig.hub.wait(timeout=6) == 0
        print(f"ended after {time.monotonic() - began:.1f} s")


@pytest.mark.shared_hub
def test_signing_out_ends_the_socket(rig: Rig) -> None:
    session = requests.Session()
    session.post(f"{rig.url}/login", data={"token": rig.admin_token}, timeout=5)
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())

    async def scene() -> None:
        url = rig.url.replace("http", "ws") + "/live"
        # One that cannot be read before it must not hide the session.
        headers = {"Cookie": f'prefs={{"a": 1}}; {cookie}', "Origin": rig.url}
        async with connect(url, additional_headers=headers) as live:
            assert json.loads(await live.recv())["type"] == "hello"
            answered = session.post(f"{rig.url}/logout", headers={"Origin": rig.url}, timeout=5)
            assert answered.status_code == 200
            with pytest.raises(ConnectionClosed):
                while True:
                    await asyncio.wait_for(live.recv(), 10)

    asyncio.run(scene())


@pytest.mark.shared_hub
def test_the_mjpeg_stream_ends_with_its_camera(rig: Rig) -> None:
    (camera_id,) = start_cameras(rig, 1)
    url = f"{rig.url}/api/v1/cameras/{camera_id}/stream.mjpg"
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    with requests.get(url, headers=headers, stream=True, timeout=10) as stream:
        chunks = stream.iter_content(4096)
        next(chunks)
        rig.request("DELETE", f"/api/v1/cameras/{camera_id}")
        for _ in chunks:
            pass


@pytest.mark.shared_hub
def test_parts_without_a_picture_say_that_nothing_has_changed(rig: Rig) -> None:
    def handle(connection: socket.socket, path: str) -> None:
        if path == "/health":
            connection.sendall(answer(b'{"time": %f}' % time.time(), "Connection: close"))
            return
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x\r\n\r\n")
        for number in range(400):
            body = picture(number) if number % 10 == 0 else b""
            headers = f"X-Frame-Seq: {number + 1}\r\nX-Captured-At: {time.time()}\r\n"
            head = f"--b\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body + b"\r\n")
            time.sleep(0.05)

    agent = RawAgent(handle)
    agent.register(
        rig.url,
        **{"agent_id": "still", "token": rig.agent_token, "stream_key": "k"},
        capabilities=["stream", "long-poll"],
    )
    camera_id = rig.cameras()[0]["id"]
    rig.request("PATCH", f"/api/v1/cameras/{camera_id}", json={"options": ["faces"]})
    rig.wait_online(1)
    for _ in range(30):
        assert rig.cameras()[0]["state"] == "online"
        time.sleep(0.1)
    agent.close()
