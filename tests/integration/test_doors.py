"""Floods of connections, forged addresses, other doors: the hub and an agent serve all others."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import psutil
import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.fakes.agents import RawAgent, answer
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


TARGET = "127.0.0.2"
SPELLINGS = [
    *("127.0.0.2", "127.2", "127.0.2", "0x7f000002", "2130706434", "0177.0.0.2", "017700000002"),
    *(
        "0x7f.0.0.2",
        "0x7f.0x0.0x0.0x2",
        "127.0.0.2.",
        "127.0.0.02",
        "127.000.000.002",
        "127.0.0.2 ",
    ),
    *(" 127.0.0.2", "127.0.0.2\t", "127.0.0.2:80", "127.0.0.2/32", "127.0.0.2%lo", "[127.0.0.2]"),
    *("::ffff:127.0.0.2", "::ffff:7f00:2", "::127.0.0.2", "64:ff9b::127.0.0.2", "2002:7f00:2::"),
    *("0:0:0:0:0:ffff:7f00:2", "[::ffff:127.0.0.2]", "localhost", "LOCALHOST.", "ip6-localhost"),
    *("127.0.0.2.nip.io", "user@127.0.0.2", "127.0.0.2#", "127.0.0.2?", "127.0.0.2\\", "0", "::"),
    *("0.0.0.0", "::1", "169.254.169.254", "fe80::1%lo", "255.255.255.255", "224.0.0.1", ""),
    *(
        "\uff11\uff12\uff17.0.0.2",
        "\u2460\u2461\u2466.0.0.2",
        "http://127.0.0.2",
        "127.0.0.2\r\nX: y",
    ),
]


def test_no_spelling_redirect_or_proxy_makes_the_hub_ask_another_address(
    tmp_path: Path,
) -> None:
    asked: list[str] = []

    def count(connection: socket.socket, path: str) -> None:
        asked.append(path)

    listener = RawAgent(count, host="0.0.0.0")
    proxy = f"http://{TARGET}:{listener.port}"
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY")
    rig = Rig(tmp_path, hub_prefix=("env", *(f"{name}={proxy}" for name in names)))
    target = f"http://{TARGET}:{listener.port}/video/"
    leading = RawAgent(
        lambda connection, _: connection.sendall(
            answer(b"", f"Location: {target}", status="302 Found")
        )
    )
    try:
        for number, spelling in enumerate(SPELLINGS):
            fields = {"ipaddress": spelling, "ports": listener.port, "token": rig.agent_token}
            body = bson.encode({**fields, "agent_id": f"a{number}", "stream_key": "k"})
            refused = requests.post(f"{rig.url}/server", data=body, timeout=10)
            assert refused.status_code in (400, 403), spelling
            assert refused.json()["message"]
        leading.register(rig.url, agent_id="leading", token=rig.agent_token, stream_key="k")

        def told() -> bool:
            (camera,) = rig.cameras()
            return "302" in (camera["state_reason"] or "")

        rig.wait_for(told, "what the redirect leads to", 20)
        assert asked == []
        assert len(SPELLINGS) >= 35
    finally:
        leading.close()
        listener.close()
        rig.close()


def test_there_is_no_other_door(small_hub: Rig) -> None:
    """Neither the hub nor its processes listen on any port but the one that is announced."""
    hub = psutil.Process(small_hub.hub.pid)
    listening = {
        connection.laddr.port
        for process in (hub, *hub.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    }
    assert listening == {int(small_hub.url.rpartition(":")[2])}
