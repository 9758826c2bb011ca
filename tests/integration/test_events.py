"""Events through real parts: a clip of a walk, an agent, the hub, the worker and the engine."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import time
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from websockets.asyncio.client import connect

from convergecast.vision.detections import Bytes
from tests.support.rig import Rig
from tests.support.walks import walk

FPS = 10.0
YARD = {"name": "Yard", "polygon": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
DOOR = {"name": "Door", "from": [0.5, 1], "to": [0.5, 0]}


@pytest.fixture
def clip(tmp_path: Path, astronaut: Bytes) -> Path:
    """Six seconds from left to right, then eight in which nobody is there; again and again."""
    file = tmp_path / "walk.avi"
    steps: list[float | None] = [0.2 + 0.6 * step / 60 for step in range(61)]
    walk(file, astronaut, steps + [None] * 80, fps=FPS)
    return file


def events(rig: Rig, **query: str) -> list[dict[str, Any]]:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    found: list[dict[str, Any]] = rig.get(f"/api/v1/events?{words}")["events"]
    return found


@pytest.mark.usefixtures("models_ready")
def test_a_walk_through_a_zone_becomes_events_with_pictures(rig: Rig, clip: Path) -> None:
    rig.start_agent("--source", str(clip), "--name", "Hall")
    (camera,) = rig.wait_online(1)
    path = f"/api/v1/cameras/{camera['id']}"
    drawn = rig.request("PUT", f"{path}/zones", json={"zones": [YARD], "lines": [DOOR]}).json()
    (zone,), (line,) = drawn["zones"], drawn["lines"]
    assert rig.get(f"{path}/zones") == drawn
    rig.request("PATCH", path, json={"options": ["objects", "people"]})
    began_at = time.time()
    news = asyncio.run(_news(rig, "crossing", 60.0))
    new = [event for event in news if event["change"] == "new"]
    crossing = new[-1]
    assert crossing["subkind"] == "in"
    assert crossing["received_at"] - crossing["started_at"] < 2.0
    (seen,) = rig.wait_for(
        lambda: [
            event
            for event in events(rig, kind="seen", label="person", zone=zone["id"])
            if event["ended_at"] and event["crossings"] and event["started_at"] > began_at + 6
        ][-1:],
        "the end of a walk",
    )
    assert (seen["camera_name"], seen["label"], seen["severity"]) == ("Hall", "person", "alert")
    assert 3 < seen["ended_at"] - seen["started_at"] < 9
    (visit,) = seen["zones"]
    assert 1 < visit["left_at"] - visit["entered_at"] < 5
    assert [step["direction"] for step in seen["crossings"]] == ["in"]
    snapshot = rig.request("GET", f"/api/v1/events/{seen['id']}/snapshot.jpg")
    assert Image.open(io.BytesIO(snapshot.content)).size == (640, 480)
    assert len(snapshot.content) > 1000
    began = time.monotonic()
    thumbnail = rig.request("GET", f"/api/v1/events/{seen['id']}/thumbnail.jpg")
    assert time.monotonic() - began < 1
    assert Image.open(io.BytesIO(thumbnail.content)).size == (320, 180)
    counted = rig.get("/api/v1/counts")["lines"]
    assert {(each["line"], each["out"]) for each in counted} == {(line["id"], 0)}
    assert sum(each["in"] for each in counted) == len(events(rig, kind="crossing"))
    check_clip(rig, seen["id"], seen["started_at"])
    # Worker and hub are killed in the middle of things; what is stored stays, whole.
    before, clips = told(rig)
    before = {key: event for key, event in before.items() if event["ended_at"]}
    rig.restart_hub(kill=True)
    after, clips_after = told(rig)
    assert {key: after.get(key) for key in before} == before
    for key in before:  # a clip goes on for 5 s after its event
        assert (clips_after[key] or {}).get("frames", 0) >= (clips[key] or {}).get("frames", 0)
    # Keep one, delete one.
    kept = rig.request("PATCH", f"/api/v1/events/{seen['id']}", json={"kept": True}).json()
    assert kept["kept"]
    assert [event["id"] for event in events(rig, kept="true")] == [seen["id"]]
    assert rig.request("DELETE", f"/api/v1/events/{crossing['id']}").status_code == 204
    assert rig.request("GET", f"/api/v1/events/{crossing['id']}").status_code == 404
    assert rig.request("GET", f"/api/v1/events/{crossing['id']}/snapshot.jpg").status_code == 404
    # An event of a mask does not happen: nobody is seen any more.
    everywhere = [[0, 0], [1, 0], [1, 1], [0, 1]]
    masks = {"masks": [{"kind": "objects", "polygon": everywhere}]}
    assert rig.request("PUT", f"{path}/zones", json=masks).ok
    rig.wait_for(
        lambda: (
            rig.get(f"{path}/result")["people"] == 0 and "zones" not in rig.get(f"{path}/result")
        ),
        "nobody",
        60,
    )
    for wrong, words in (
        ({"masks": [{"kind": "privacy", "polygon": [[0, 0], [0.01, 0], [0, 0.01]]}]}, "too small"),
        ({"zones": [{**YARD, "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}]}, "crosses itself"),
        ({"lines": [{**DOOR, "to": [0.5, 1]}]}, "too short"),
    ):
        refused = rig.request("PUT", f"{path}/zones", json=wrong)
        assert (refused.status_code, words in refused.json()["message"]) == (400, True)
    assert rig.request("DELETE", path).status_code == 204
    rig.wait_for(lambda: events(rig) == [], "no event of a forgotten camera")


def told(rig: Rig) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the hub tells of its events, and of their clips, by the id of the event."""
    found = {event["id"]: event for event in events(rig)}
    return found, {key: event.pop("clip") for key, event in found.items()}


def check_clip(rig: Rig, event_id: str, started_at: float) -> None:
    """Look at the frames of a clip, and at both videos of it."""
    path = f"/api/v1/events/{event_id}"
    event = rig.wait_for(
        lambda: (
            (found := rig.get(path))["clip"] and time.time() > found["clip"]["to"] + 2 and found
        ),
        "the whole clip",
    )
    frames: list[dict[str, Any]] = []
    after = ""
    while True:
        page = rig.get(f"{path}/frames?limit=40{after}")
        frames += page["frames"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert event["clip"]["frames"] == len(frames) > 60
    times = [frame["captured_at"] for frame in frames]
    assert times == sorted(times)
    assert times[0] < started_at - 3  # from the ring
    assert times[-1] > event["ended_at"] + 3
    assert sum(frame["result"] is not None for frame in frames) > len(frames) / 3
    sizes = 0
    for frame in frames[:: len(frames) // 5]:
        jpeg = rig.request("GET", f"{path}/frames/{frame['key']}.jpg")
        assert Image.open(io.BytesIO(jpeg.content)).size == (640, 480)
        assert float(jpeg.headers["X-Captured-At"]) == pytest.approx(frame["captured_at"], abs=0.01)
        sizes += len(jpeg.content)
    assert sizes < event["clip"]["bytes"]
    for name, codec in (("clip.mkv", "mjpeg"), ("clip.mp4", "h264")):
        assert rig.request("GET", f"{path}/{name}").status_code in (200, 202)
        video = rig.wait_for(functools.partial(_video, rig, f"{path}/{name}"), name)
        with av.open(io.BytesIO(video), "r") as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.width) == (codec, 640)
            shown = [float(picture.time or 0) for picture in container.decode(stream)]
        assert len(shown) == len(frames)
        assert shown[-1] - shown[0] == pytest.approx(times[-1] - times[0], abs=0.2)
    storage = rig.get("/api/v1/storage")
    assert 0 < event["clip"]["bytes"] < storage["used_bytes"] < storage["budget_bytes"]
    assert storage["error"] is None
    beyond = {"budget_bytes": 1 << 50}
    refused = rig.request("PUT", "/api/v1/storage", json=beyond)
    assert refused.status_code == 507
    assert rig.get("/api/v1/storage")["budget_bytes"] == storage["budget_bytes"]


def _video(rig: Rig, path: str) -> bytes | None:
    answer = rig.request("GET", path)
    return answer.content if answer.status_code == 200 else None


async def _news(rig: Rig, kind: str, patience_s: float) -> list[dict[str, Any]]:
    """Return the events that a viewer is told of, up to the first of a kind."""
    found: list[dict[str, Any]] = []
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    url = rig.url.replace("http", "ws", 1) + "/live"
    async with asyncio.timeout(patience_s), connect(url, additional_headers=headers) as socket:
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "event":
                found.append({**message, "received_at": time.time()})
                if message["kind"] == kind:
                    return found
    return found
