"""What a running agent answers to its hub, through the real program on loopback."""

from __future__ import annotations

import http.client
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from convergecast.protocol.frames import inflate
from convergecast.protocol.jpeg import read_size
from convergecast.protocol.registration import Registration
from tests.integration.agent_support import (
    AgentProcess,
    Client,
    FakeHub,
    Stream,
    eventually,
    write_pictures,
    write_video,
)
from tests.support.odd_cameras import jpeg, odd_cameras


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agent")


@pytest.fixture(scope="module")
def registration(folder: Path) -> Iterator[Registration]:
    """An agent that plays a small video of 50 frames a second."""
    video = write_video(folder / "video.avi", frames=100, fps=50.0)
    hub = FakeHub()
    agent = AgentProcess("--hub", hub.url, "--source", str(video), state=folder / "state")
    try:
        yield hub.wait_for(lambda r: r.width)
    finally:
        status = agent.stop()
        hub.close()
    assert status == 0, agent.log
    assert "Traceback" not in agent.log


@pytest.fixture
def client(registration: Registration) -> Iterator[Client]:
    client = Client(registration)
    yield client
    client.close()


def test_one_frame_has_number_time_epoch_and_is_a_jpeg(client: Client) -> None:
    frame = client.frame()
    assert read_size(frame.jpeg) == (64, 48)
    assert frame.seq >= 1
    assert frame.epoch
    assert frame.captured_at is not None
    assert abs(frame.captured_at - time.time()) < 60


def test_the_quality_is_85_unless_chosen(client: Client) -> None:
    encoded = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert quantization(client.frame().jpeg) == quantization(encoded[1].tobytes())


def quantization(jpeg: bytes) -> bytes:
    """Return a JPEG's table for brightness, which its quality decides."""
    at = jpeg.index(b"\xff\xdb") + 4
    return jpeg[at : at + 65]


def test_both_spellings_answer_without_a_redirect_and_the_connection_is_kept(
    client: Client,
) -> None:
    client.frame("/video")
    kept = client.connection.sock
    for path in ("/video/", "/video", "/video/?after=0", "/health"):
        response, _ = client.get(path)
        assert response.status == 200
        assert response.getheader("Cache-Control") == "no-store"
        assert client.connection.sock is kept


def test_a_poll_waits_for_the_next_frame(client: Client) -> None:
    frame = client.frame()
    for _ in range(5):
        newer = client.frame(f"/video?after={frame.seq}&wait=20&epoch={frame.epoch}")
        assert newer.seq > frame.seq
        frame = newer


def test_nothing_newer_in_time_is_204_without_a_body(client: Client) -> None:
    frame = client.frame()
    for path in (f"/video?after={frame.seq + 10_000}", f"/video?after={frame.seq + 9999}&wait=0.1"):
        response, body = client.get(path)
        assert (response.status, body) == (204, b"")


def test_the_number_of_another_run_is_not_regarded(client: Client) -> None:
    assert client.frame("/video?after=999999999&epoch=earlier&wait=0").seq < 999999999


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=1.5",
        "after=",
        "after=%C2%B2",
        "after=1&after=2",
        "after=1&wait=nan",
        "after=1&wait=-1",
        "after=1&wait=inf",
        "after=1&wait=soon",
        "wait=",
        "epoch=%00",
        "epoch=" + "x" * 65,
        "after=" + "9" * 400,
    ],
)
def test_a_question_that_is_nonsense_is_refused_in_words(client: Client, query: str) -> None:
    status, answer = client.json(f"/video?{query}")
    assert status == 400
    assert answer["error"] == "invalid"
    assert answer["message"]


@pytest.mark.parametrize("path", ["/video", "/video/", "/stream", "/health", "/other"])
@pytest.mark.parametrize("key", ["", "wrong", "ключ".encode().decode("latin-1")])
def test_without_the_key_there_is_nothing(registration: Registration, path: str, key: str) -> None:
    client = Client(registration, key=key)
    status, answer = client.json(path)
    client.close()
    assert (status, answer["error"]) == (401, "not-signed-in")


def test_unknown_paths_and_methods_are_refused_in_json(client: Client) -> None:
    status, answer = client.json("/other")
    assert (status, answer["error"]) == (404, "not-found")
    for method in ("POST", "OPTIONS", "PUT"):
        response, _ = client.get("/video", method=method)
        assert response.status == 405
    response, body = client.get("/stream", method="HEAD")
    assert (response.status, body) == (405, b"")


@pytest.mark.parametrize(
    ("encoding", "deflated"),
    [
        ("deflate", True),
        ("gzip, deflate, br", True),
        ("*", True),
        ("identity", False),
        ("gzip", False),
        ("", False),
        ("deflate;q=0", False),
    ],
)
def test_plain_jpegs_for_clients_that_want_no_deflate(
    client: Client, encoding: str, deflated: bool
) -> None:
    response, body = client.get("/video", encoding=encoding)
    assert response.getheader("Content-Type") == "image/jpeg"
    assert response.getheader("Content-Encoding") == ("deflate" if deflated else None)
    assert read_size(inflate(body) if deflated else body) == (64, 48)


def test_clients_that_say_nothing_about_encodings_get_deflate(registration: Registration) -> None:
    connection = http.client.HTTPConnection(registration.ipaddress, registration.ports)
    connection.putrequest("GET", "/video", skip_accept_encoding=True)
    connection.putheader("Authorization", f"Bearer {registration.stream_key}")
    connection.endheaders()
    response = connection.getresponse()
    assert response.getheader("Content-Encoding") == "deflate"
    assert read_size(inflate(response.read())) == (64, 48)
    connection.close()


def test_a_stream_brings_every_frame_in_order(registration: Registration) -> None:
    stream = Stream(registration)
    assert stream.response.getheader("Content-Type", "").startswith("multipart/x-mixed-replace")
    assert stream.response.getheader("Transfer-Encoding") is None
    frames = [stream.frame() for _ in range(150)]
    stream.close()
    numbers = [frame.seq for frame in frames]
    # How many a busy machine is too slow for, `bench live` measures.
    assert numbers == sorted(set(numbers))
    assert frames[-1].captured_at is not None
    assert frames[0].captured_at is not None
    seconds = frames[-1].captured_at - frames[0].captured_at
    assert (numbers[-1] - numbers[0]) / seconds == pytest.approx(50.0, rel=0.02)


def test_a_slow_puller_gets_the_newest_and_not_what_piled_up(registration: Registration) -> None:
    stream, client = Stream(registration), Client(registration)
    stream.frame()
    time.sleep(1.5)
    for _ in range(400):  # what the sockets held back meanwhile
        frame = stream.frame()
        if frame.seq >= client.frame().seq - 2:
            break
    else:
        pytest.fail("the stream never caught up")
    stream.close()
    client.close()


def test_streams_are_limited_and_their_places_given_back(
    registration: Registration, client: Client
) -> None:
    eventually(lambda: client.json("/health")[1]["pullers"] == 0, "the other tests' are free")
    streams = [Stream(registration) for _ in range(8)]
    for stream in streams:
        stream.frame()
    assert client.json("/health")[1]["pullers"] == 8
    status, answer = client.json("/stream")
    assert (status, answer["error"]) == (503, "busy")
    client.frame()  # polls still find a place
    for stream in streams:
        stream.close()
    eventually(lambda: client.json("/health")[1]["pullers"] == 0, "the places are free")


def test_a_poller_that_hangs_up_frees_its_place(registration: Registration, client: Client) -> None:
    eventually(lambda: client.json("/health")[1]["pullers"] == 0, "the other tests' are free")
    pollers = [Client(registration) for _ in range(6)]
    for poller in pollers:
        headers = {"Authorization": f"Bearer {poller.key}"}
        poller.connection.request("GET", "/video?after=99999999&wait=30", headers=headers)
    eventually(lambda: client.json("/health")[1]["pullers"] == 6, "all wait")
    assert client.json("/video")[0] == 503
    for poller in pollers:
        poller.close()
    eventually(lambda: client.json("/health")[1]["pullers"] == 0, "the places are free")


def test_health_tells_state_rate_and_size(client: Client) -> None:
    def steady() -> dict[str, object] | None:
        answer = client.json("/health")[1]
        return answer if abs(answer["fps"] - 50) < 2 else None

    answer = eventually(steady, "the rate of the video")
    assert (answer["state"], answer["reason"]) == ("online", "")
    assert (answer["width"], answer["height"]) == (64, 48)
    assert answer["version"]
    assert answer["epoch"] == client.frame().epoch
    assert abs(answer["time"] - time.time()) < 60


def test_many_pullers_at_once_get_the_same_bytes(registration: Registration) -> None:
    seen: dict[int, set[bytes]] = {}
    lock = threading.Lock()

    def pull() -> None:
        stream = Stream(registration)
        for _ in range(40):
            frame = stream.frame()
            with lock:
                seen.setdefault(frame.seq, set()).add(frame.jpeg)
        stream.close()

    threads = [threading.Thread(target=pull) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(jpegs) == 1 for jpegs in seen.values())
    assert len(seen) < 100  # otherwise the three never saw the same frame


def test_a_vanished_source_is_503_with_the_reason_and_comes_back(folder: Path) -> None:
    pictures, hub = write_pictures(folder / "pictures", width=1000, height=500), FakeHub()
    agent = AgentProcess(
        "--hub", hub.url, "--source", str(pictures), "--fps", "10", state=folder / "state"
    )
    try:
        client = Client(hub.wait_for(lambda r: r.width))
        assert read_size(client.frame().jpeg) == (640, 320)
        stream = Stream(hub.registrations[-1])
        stream.frame()
        agent.wait_for_log("gives pictures")  # it looks now and then: what is short is not told
        shutil.rmtree(pictures)
        eventually(lambda: client.json("/health")[1]["state"] == "offline", "noticed")
        for path in ("/video", "/stream"):
            response, body = client.get(path)
            assert response.status == 503
            assert response.getheader("Retry-After")
            assert b"there is no folder" in body
        with pytest.raises(EOFError):
            for _ in range(100):
                stream.frame()
        agent.wait_for_log("gives no picture")
        write_pictures(pictures)
        eventually(lambda: client.json("/health")[1]["state"] == "online", "recovered")
        client.frame()
        hub.wait_for(lambda r: (r.width, r.height) == (64, 48))
        client.close()
        stream.close()
        eventually(lambda: agent.log.count("gives pictures") == 2, "told once more")
    finally:
        assert agent.stop() == 0
        hub.close()
    assert agent.log.count("gives no picture") == 1
    assert "Traceback" not in agent.log


def test_the_picture_is_the_one_of_the_source(folder: Path) -> None:
    source = folder / "one"
    source.mkdir()
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:] = (200, 100, 50)
    cv2.imwrite(str(source / "a.png"), pixels)
    hub = FakeHub()
    agent = AgentProcess("--hub", hub.url, "--source", str(source), state=folder / "state")
    try:
        client = Client(hub.wait_for(lambda r: r.width))
        jpeg = np.frombuffer(client.frame().jpeg, np.uint8)
        client.close()
    finally:
        assert agent.stop() == 0
        hub.close()
    decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - pixels).max() <= 8


def test_a_cameras_own_jpegs_are_served_as_they_came_and_opencv_is_not_loaded(
    folder: Path,
) -> None:
    """It would be half of the agent's memory, and most of its work."""
    film = write_video(folder / "film.ts", frames=3, fps=20.0)
    hub = FakeHub()
    with odd_cameras(film) as cameras:
        source = f"http://127.0.0.1:{cameras.server_address[1]}/plain"
        agent = AgentProcess("--hub", hub.url, "--source", source, state=folder / "camera state")
        client = Client(hub.wait_for(lambda r: r.width))
        try:
            frames = [client.frame() for _ in range(3)]
            loaded = _loaded_libraries(agent.process.pid)
        finally:
            client.close()
            assert agent.stop() == 0
            hub.close()
    given = {jpeg(number) for number in range(200)}
    assert {frame.jpeg for frame in frames} <= given
    assert not [name for name in loaded if "cv2" in name or "numpy" in name]


def _loaded_libraries(pid: int) -> set[str]:
    """Return the files that a process has in its memory; none where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return set()
    return {line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()}
