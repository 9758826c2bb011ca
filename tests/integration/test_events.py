"""Events through real parts: a clip of a walk, an agent, the hub, the worker and the engine."""

from __future__ import annotations

import asyncio
import io
import json
import time
from pathlib import Path
from typing import Any

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
    news = asyncio.run(_news(rig, "crossing", 60.0))
    new = [event for event in news if event["change"] == "new"]
    crossing = new[-1]
    assert crossing["subkind"] == "in"
    assert crossing["received_at"] - crossing["started_at"] < 2.0
    (seen,) = rig.wait_for(
        lambda: [
            event
            for event in events(rig, kind="seen", label="person", zone=zone["id"])
            if event["ended_at"] and event["crossings"]
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
    # Worker and hub are killed in the middle of things; what is stored stays, whole.
    before = {event["id"]: event for event in events(rig) if event["ended_at"]}
    rig.restart_hub(kill=True)
    after = {event["id"]: event for event in events(rig)}
    assert {key: after.get(key) for key in before} == before
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
        ({"masks": [{"kind": "privacy", "polygon": everywhere}]}, "privacy mask"),
        ({"zones": [{**YARD, "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}]}, "crosses itself"),
        ({"lines": [{**DOOR, "to": [0.5, 1]}]}, "too short"),
    ):
        refused = rig.request("PUT", f"{path}/zones", json=wrong)
        assert (refused.status_code, words in refused.json()["message"]) == (400, True)
    assert rig.request("DELETE", path).status_code == 204
    rig.wait_for(lambda: events(rig) == [], "no event of a forgotten camera")


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
