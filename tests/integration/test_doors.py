"""Floods of connections stop neither the hub nor an agent: all other clients are served."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.fakes.flood import Flood
from tests.support.rig import Rig

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one address is all there is")

FLOOD = 1000


class From(HTTPAdapter):
    """Connects from a given address of this machine."""

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        options["source_address"] = (self._source, 0)
        super().init_poolmanager(*arguments, **options)


@pytest.fixture(scope="module")
def small_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A hub that may open 1024 files, and a camera."""
    rig = Rig(tmp_path_factory.mktemp("doors"), hub_prefix=("prlimit", "--nofile=1024:1024"))
    rig.start_agent("--source", "demo", "--fps", "10", "--name", "Hall")
    rig.wait_online(1)
    yield rig
    rig.close()


def test_a_flood_from_one_address_stops_neither_page_nor_camera_nor_other_addresses(
    small_hub: Rig,
) -> None:
    rig, port = small_hub, int(small_hub.url.rpartition(":")[2])
    page = requests.Session()
    page.post(f"{rig.url}/login", data={"token": rig.admin_token}, timeout=5)
    (camera,) = rig.cameras()
    with Flood("127.0.0.1", port, count=FLOOD) as flood:
        rig.wait_for(lambda: flood.opened >= FLOOD, "the flood")
        failed, slowest = 0, 0.0
        for number in range(100):
            with requests.Session() as other:
                other.mount("http://", From("127.0.0.2"))
                began = time.monotonic()
                failed += other.get(f"{rig.url}/login", timeout=10).status_code != 200
                slowest = max(slowest, time.monotonic() - began)
            if number % 10 == 0:
                (now,) = page.get(f"{rig.url}/api/v1/cameras", timeout=10).json()["cameras"]
                assert (now["id"], now["state"]) == (camera["id"], "online")
                assert now["age_ms"] < 3000
                fresh = page.get(f"{rig.url}/", timeout=10)  # and on a connection of its own
                page.close()
                assert fresh.status_code == 200
        print(f"{flood.opened} opened, {flood.dropped} dropped, slowest of 100 {slowest:.2f} s")
        assert failed == 0
        assert flood.dropped > 100
        seen = camera["last_seen"]
        rig.wait_for(lambda: rig.cameras()[0]["last_seen"] > seen, "a heartbeat of the agent", 15)


def test_a_flood_of_an_agent_does_not_keep_its_hub_from_coming_back(small_hub: Rig) -> None:
    rig = small_hub
    (camera,) = rig.cameras()
    host, port = camera["address"].split(":")
    with Flood(host, int(port), count=500, first=b"") as flood:
        rig.wait_for(lambda: flood.opened >= 500, "the flood")
        rig.restart_hub()
        rig.wait_online(1, 15)
        assert rig.cameras()[0]["age_ms"] < 3000
        with socket.create_connection((host, int(port)), 5) as asking:
            asking.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 401 " in asking.recv(1000)
