"""What is stored of people outlives the hub, and what is forgotten is in no file."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
import threading
import time
from pathlib import Path

import pytest
import requests

from convergecast.storage.database import DATABASE_NAME
from tests.integration.people_support import (
    PEOPLE,
    SETTINGS,
    UNKNOWN,
    Asker,
    camera_on,
    face_in_view,
    obama,
    switch,
    switch_on,
)
from tests.support.rig import Rig

pytestmark = [pytest.mark.data, pytest.mark.usefixtures("models_ready")]


def test_a_restart_keeps_everything(rig: Rig, train: Path, trial: Path) -> None:
    hub = Asker(rig)
    switch_on(hub)
    found = hub.person("Barack", *obama(train))
    path = f"{PEOPLE}/{found['id']}/faces/{found['pictures'][0]['id']}.jpg"
    before = [hub.people(), hub.ask("GET", SETTINGS).json(), hub.ask("GET", path).content]
    rig.restart_hub()
    assert before == [hub.people(), hub.ask("GET", SETTINGS).json(), hub.ask("GET", path).content]
    switch_on(hub)
    (face,) = hub.recognise(trial / "obama1.jpg")
    assert face["person"]["name"] == "Barack"


def test_a_hub_that_is_killed_while_enrolling_keeps_what_was_stored(rig: Rig, train: Path) -> None:
    hub = Asker(rig)
    switch_on(hub)
    hub.person("Barack", *obama(train))
    before = hub.people()
    for seconds in (0.2, 0.5, 1.0):
        joe = [train / "biden" / name for name in ("biden.jpg", "biden2.jpg")] * 5
        thread = threading.Thread(target=try_to_enrol, args=(hub, "Joe", joe))
        thread.start()
        time.sleep(seconds)
        rig.restart_hub(kill=True)
        thread.join()
        people = hub.people()
        assert people[:1] == before
        for more in people[1:]:  # its whole request was done before the end
            assert len(more["pictures"]) == 2  # the others are the same
            hub.ask("DELETE", f"{PEOPLE}/{more['id']}")
        switch_on(hub)
    assert len(hub.person("Joe", train / "biden" / "biden.jpg")["pictures"]) == 1


def try_to_enrol(hub: Asker, name: str, pictures: list[Path]) -> None:
    with contextlib.suppress(requests.RequestException):  # the hub goes meanwhile
        hub.enrol(name, *pictures)


def traces(folder: Path, pieces: list[bytes]) -> list[str]:
    """Return the files below a folder that hold any of these bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(p in path.read_bytes() for p in pieces)]


def blobs(database: Path) -> set[bytes]:
    """Return every blob of a database: vectors and pictures."""
    with sqlite3.connect(database) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        rows = [
            row
            for table in tables
            if not table.startswith("sqlite_")
            for row in connection.execute(f'SELECT * FROM "{table}"')
        ]
    connection.close()
    return {value for row in rows for value in row if isinstance(value, bytes)}


def slices(blob: bytes) -> list[bytes]:
    """Return parts of a blob that no other has: without the head that all JPEGs share."""
    begin = 1000 if blob.startswith(b"\xff\xd8") else 0
    return [blob[at : at + 48] for at in range(begin, len(blob) - 48, 200)]


def test_forgetting_leaves_nothing_in_the_data_folder(
    rig: Rig, tmp_path: Path, train: Path
) -> None:
    hub, data = Asker(rig), tmp_path / "data"
    switch_on(hub)
    hub.set(keep_unknown=True)
    hub.person("Josephine", train / "biden" / "biden.jpg")
    camera = camera_on(hub, tmp_path, obama(train)[0])
    switch(hub, camera, "recognition")
    hub.rig.wait_for(lambda: hub.ask("GET", UNKNOWN).json()["faces"], "an unknown face", 40)
    found = hub.person("Zebulon Zacharias", *obama(train))
    assert face_in_view(hub, camera, "known")["person"]["name"] == "Zebulon Zacharias"
    hub.ask("PATCH", f"{PEOPLE}/{found['id']}", json={"name": "Zebulon Ω"})
    crops = [
        hub.ask("GET", f"{PEOPLE}/{found['id']}/faces/{picture['id']}.jpg").content
        for picture in found["pictures"]
    ]
    database = data / DATABASE_NAME
    everything = blobs(database)
    assert all(crop in everything for crop in crops)
    assert all(traces(data, slices(crop)) for crop in crops)
    assert hub.ask("DELETE", f"{PEOPLE}/{found['id']}").status_code == 204
    lost = everything - blobs(database)
    assert len(lost) >= 4  # two pictures and two vectors at least
    pieces = [b"Zebulon", "Zebulon".encode("utf-16-le"), base64.b64encode(b"Zebulon")]
    pieces += [piece for blob in lost for piece in slices(blob)]
    rig.wait_for(lambda: not traces(data, pieces), f"nothing to be left in {data}", 20)
    assert not traces(tmp_path, [b"Zebulon"]), "a log holds the name"
    assert traces(data, [b"Josephine"]), "the search finds what is there"
    (kept,) = hub.people()
    assert hub.ask("GET", f"{PEOPLE}/{kept['id']}/faces/{kept['pictures'][0]['id']}.jpg").ok
