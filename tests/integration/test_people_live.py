"""People before cameras: enrolled from a camera, named, corrected, kept while unknown."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.people_support import (
    PEOPLE,
    UNKNOWN,
    Asker,
    camera_on,
    face_in_view,
    obama,
    switch,
)

pytestmark = [pytest.mark.data, pytest.mark.usefixtures("models_ready")]


def test_who_stands_before_a_camera_is_enrolled_renamed_corrected_and_forgotten(
    hub: Asker, tmp_path: Path, train: Path
) -> None:
    camera = camera_on(hub, tmp_path, obama(train)[0])
    switch(hub, camera, "recognition")
    face = face_in_view(hub, camera, "unknown")
    fields = {"camera": camera, "track_id": str(face["track_id"])}
    gone = hub.enrol("Barack", camera=camera, track_id="999999")
    hub.refused(gone, 404, "has left the camera's view")
    found = hub.person("Barack", **fields)
    assert [picture["source"] for picture in found["pictures"]] == ["camera"]
    known = face_in_view(hub, camera, "known")
    assert known["person"]["name"] == "Barack"
    assert hub.ask("GET", f"/api/v1/cameras/{camera}/result").status_code == 200
    hub.ask("PATCH", f"{PEOPLE}/{found['id']}", json={"name": "Mr President"})
    hub.rig.wait_for(
        lambda: face_in_view(hub, camera, "known")["person"]["name"] == "Mr President", "his name"
    )
    path = f"/api/v1/sightings?person={found['id']}"
    (sighting,) = hub.rig.wait_for(lambda: hub.ask("GET", path).json()["sightings"], "a visit")
    assert (sighting["name"], sighting["camera"]) == ("Mr President", camera)
    assert sighting["camera_name"] == hub.rig.cameras()[0]["name"]
    assert sighting["first_at"] <= sighting["last_at"]
    assert hub.ask("GET", "/api/v1/sightings?until=1760000000").json() == {"sightings": []}
    assert hub.people()[0]["last_seen"]["camera"] == camera
    wrong = {"camera": camera, "track_id": known["track_id"]}
    assert hub.ask("POST", f"{PEOPLE}/{found['id']}/not", json=wrong).status_code == 204
    assert face_in_view(hub, camera, "unknown", "undecided")["person"] is None
    assert hub.ask("DELETE", f"{PEOPLE}/{found['id']}").status_code == 204
    result = hub.ask("GET", f"/api/v1/cameras/{camera}/result")
    assert "President" not in result.text
    assert hub.ask("GET", "/api/v1/sightings").json() == {"sightings": []}


def test_a_whole_camera_picture_is_enrolled_where_one_face_is_in_view(
    hub: Asker, tmp_path: Path, train: Path
) -> None:
    camera = camera_on(hub, tmp_path, train / "biden" / "biden2.jpg")
    hub.rig.wait_for(
        lambda: hub.rig.request("GET", f"/api/v1/cameras/{camera}/snapshot.jpg").ok, "a picture"
    )
    found = hub.person("Joe", camera=camera)
    assert [picture["source"] for picture in found["pictures"]] == ["camera"]


def test_unknown_faces_are_kept_when_asked_for_and_become_people(
    hub: Asker, tmp_path: Path, train: Path
) -> None:
    camera = camera_on(hub, tmp_path, train / "rose_leslie" / "img2.jpg")
    switch(hub, camera, "recognition")
    face_in_view(hub, camera, "unknown")
    time.sleep(1)
    assert hub.ask("GET", UNKNOWN).json() == {"faces": []}
    assert hub.set(keep_unknown=True).json()["keep_unknown"] is True
    faces: list[dict[str, Any]] = hub.rig.wait_for(
        lambda: hub.ask("GET", UNKNOWN).json()["faces"], "an unknown face", 40
    )
    assert len(faces) == 1
    (face,) = faces
    assert (face["camera"], face["verdict"]) == (camera, "good")
    picture = hub.ask("GET", f"{UNKNOWN}/{face['id']}.jpg")
    assert picture.content[:2] == b"\xff\xd8"
    assert picture.headers["Cache-Control"] == "no-store"
    found = hub.person("Rose", unknown=face["id"])
    assert [p["source"] for p in found["pictures"]] == ["unknown"]
    assert face_in_view(hub, camera, "known")["person"]["name"] == "Rose"
    assert hub.ask("GET", UNKNOWN).json() == {"faces": []}
    assert hub.ask("GET", f"{UNKNOWN}/{face['id']}.jpg").status_code == 404
    assert hub.enrol("Rose again", unknown=face["id"]).status_code == 404
