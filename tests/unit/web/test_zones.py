"""Zones, lines and masks by the API: no older state removes a mask, and masks act at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from flask.testing import FlaskClient

from convergecast.cameras import supervisor
from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.storage.audit import newest
from convergecast.web.app import create_app

TOKEN = "an administrator's token"
PLACES = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
PRIVACY = {"kind": "privacy", "polygon": PLACES}
MOTION = {"kind": "motion", "polygon": PLACES}
ZONE = {"name": "Yard", "polygon": PLACES}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    hub.services.supervisor.start()
    yield hub
    hub.close()


class Camera:
    """A camera that waits for approval, so that it has no process."""

    def __init__(self, client: FlaskClient, number: int = 1) -> None:
        agent = {"ipaddress": "127.0.0.1", "ports": 5000 + number, "agent_id": f"a{number}"}
        answer = client.post("/server/", data=bson.encode(agent))
        self._client = client
        self.path = f"/api/v1/cameras/{bson.decode(answer.data)['camera_id']}"

    def ask(self, method: str, path: str = "/zones", **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", **request.pop("headers", {})}
        return self._client.open(f"{self.path}{path}", method=method, headers=headers, **request)

    def kinds(self) -> list[str]:
        return [mask["kind"] for mask in self.ask("GET").get_json()["masks"]]


@pytest.fixture
def camera(hub: Hub) -> Camera:
    return Camera(create_app(hub.services).test_client())


def test_what_was_read_before_another_change_removes_nothing(camera: Camera) -> None:
    read = camera.ask("GET")
    put = camera.ask("PUT", json={"masks": [PRIVACY]}, headers={"If-Match": read.headers["ETag"]})
    assert (put.status_code, put.headers["ETag"]) == (200, camera.ask("GET").headers["ETag"])
    for old in (read.headers["ETag"], '"other"'):
        refused = camera.ask("PUT", json={"masks": []}, headers={"If-Match": old})
        assert (refused.status_code, camera.kinds()) == (409, ["privacy"])
        assert "changed since" in refused.get_json()["message"]
    weak = f"W/{put.headers['ETag']}"  # as behind a proxy that compresses
    for version in (weak, "*"):
        drawn = {"zones": [ZONE], "masks": [PRIVACY]}
        assert camera.ask("PUT", json=drawn, headers={"If-Match": version}).status_code == 200
    assert camera.ask("PUT", json={"masks": []}).status_code == 200  # as the contract says
    assert camera.kinds() == []


def test_who_says_nothing_of_masks_removes_no_privacy_mask(hub: Hub, camera: Camera) -> None:
    assert camera.ask("PUT", json={"masks": [PRIVACY, MOTION]}).status_code == 200
    left = camera.ask("PUT", json={"zones": [ZONE]}).get_json()
    assert [mask["kind"] for mask in left["masks"]] == ["privacy"]
    assert [zone["name"] for zone in left["zones"]] == ["Yard"]
    assert camera.ask("PUT", json={}).get_json()["zones"] == []
    assert camera.kinds() == ["privacy"]
    assert camera.ask("PUT", json={"masks": []}).get_json()["masks"] == []
    told = [change.detail for _, change in newest(hub.services.database, 9)]
    assert "zones, lines and masks; privacy masks 1 → 0" in told
    assert "zones, lines and masks; privacy masks 0 → 1" in told
    assert "zones, lines and masks" in told  # a zone only


def test_masks_are_answered_for_only_once_they_are_applied(
    hub: Hub, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a step fails, it is tried again; the answer says what is so."""
    failures, broker = 3, hub.services.broker
    forget = broker.forget

    def fail_at_first(camera_id: str) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError
        forget(camera_id)

    monkeypatch.setattr(broker, "forget", fail_at_first)
    assert camera.ask("PUT", json={"masks": [PRIVACY]}).status_code == 200
    assert failures < 0
    failures = 1000
    monkeypatch.setattr(supervisor, "_ACTED_WITHIN_S", 0.3)
    late = camera.ask("PUT", json={"masks": [PRIVACY, PRIVACY]})
    assert (late.status_code, camera.kinds()) == (503, ["privacy", "privacy"])
    assert "not applied them yet" in late.get_json()["message"]
    failures = 0
    assert hub.services.supervisor.update_now(camera.path.rpartition("/")[2])


def test_masks_do_not_wait_until_what_was_recorded_is_deleted(
    hub: Hub, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleting, done = threading.Event(), threading.Event()

    def delete(_: object) -> None:
        deleting.set()
        done.wait(20)

    monkeypatch.setattr(hub.services.clips, "remove_all_but", delete)
    other = Camera(create_app(hub.services).test_client(), 2)
    assert other.ask("DELETE", "").status_code == 204
    try:
        assert deleting.wait(5)
        assert camera.ask("PUT", json={"masks": [PRIVACY]}).status_code == 200
        assert not done.is_set()
    finally:
        done.set()
