"""Number of People on a real hub: counted in the worker, shown with the camera."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.rig import Rig


def switch(rig: Rig, camera_id: str, *options: str) -> None:
    answer = rig.request("PATCH", f"/api/v1/cameras/{camera_id}", json={"options": list(options)})
    assert answer.status_code == 200


def camera(rig: Rig) -> dict[str, Any]:
    (only,) = rig.cameras()
    return only


@pytest.mark.data
def test_people_are_counted_steadily_and_objects_stay_unshown(rig: Rig, data_folder: Path) -> None:
    rig.start_agent("--source", str(data_folder / "videos" / "classroom.gif"))
    (online,) = rig.wait_online(1)
    assert online["people"] is None
    switch(rig, online["id"], "people")
    rig.wait_for(lambda: camera(rig)["people"] == 4, "four people")
    counts = []
    for _ in range(30):
        result = rig.get(f"/api/v1/cameras/{online['id']}/result")
        counts.append(result["people"])
        assert result["objects"] is None and result["faces"] is None
        time.sleep(0.1)
    assert set(counts) == {4}
    switch(rig, online["id"], "people", "objects")
    found: dict[str, Any] = rig.wait_for(
        lambda: (r := rig.get(f"/api/v1/cameras/{online['id']}/result"))["objects"] and r, "objects"
    )
    ids = [thing["track_id"] for thing in found["objects"] if thing["label"] == "person"]
    assert all(thing["score"] >= 0.5 for thing in found["objects"])
    assert len(set(ids)) == len(ids)
    switch(rig, online["id"])
    rig.wait_for(lambda: camera(rig)["people"] is None, "no count")


def test_people_are_counted_whatever_labels_are_shown(rig: Rig) -> None:
    rig.start_agent("--source", "demo")
    (online,) = rig.wait_online(1)
    changes = {"options": ["people", "objects"], "objects": {"labels": ["cat"]}}
    path = f"/api/v1/cameras/{online['id']}"
    assert rig.request("PATCH", path, json=changes).status_code == 200
    rig.wait_for(lambda: camera(rig)["people"], "a person in the demonstration's photograph")
    result = rig.get(f"{path}/result")
    assert {thing["label"] for thing in result["objects"]} <= {"cat"}


def test_the_minute_that_is_open_outlives_a_restart(rig: Rig) -> None:
    rig.start_agent("--source", "demo")
    (online,) = rig.wait_online(1)
    switch(rig, online["id"], "people")
    rig.wait_for(lambda: camera(rig)["people"], "a person in the demonstration's photograph")
    time.sleep(2)
    rig.restart_hub()
    minutes = rig.get(f"/api/v1/counts?camera={online['id']}")["minutes"]
    assert minutes and minutes[-1]["max"] >= 1
    assert 0 < minutes[-1]["known_s"] <= 60
    nothing: dict[str, list[object]] = {"minutes": [], "lines": []}
    assert rig.get("/api/v1/counts?until=1760000000") == nothing
    for query, status in (("since=noon", 400), ("since=-1", 400), ("camera=nobody", 404)):
        assert rig.request("GET", f"/api/v1/counts?{query}").status_code == status
