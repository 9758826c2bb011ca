"""An agent finds its hub by itself, believes no other, and a hub on loopback says nothing."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.address import Hub
from agent.hubs import find_hubs
from convergecast.assets import agent_command
from convergecast.mdns import Announcement
from tests.integration.agent_support import eventually
from tests.support.hosts import Hosts, two_hosts
from tests.support.rig import Rig, running_rig

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

HUB_ID = "0123456789abcdef"


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with two_hosts() as hosts:
        if not hosts.hub.prefix:
            pytest.skip(hosts.words)
        yield hosts


def udp_sockets(rig: Rig) -> int:
    """Return how many sockets the hub has that could send or take datagrams, in its own network."""
    process = Path(f"/proc/{rig.hub.pid}")
    own = {str(each.readlink()) for each in (process / "fd").iterdir() if each.is_symlink()}
    lines = [
        line
        for name in ("udp", "udp6")
        for line in (process / "net" / name).read_text().splitlines()[1:]
    ]
    return sum(f"socket:[{line.split()[9]}]" in own for line in lines)


def udp_sockets_for_a_while(rig: Rig) -> Iterator[int]:
    """Yield the same for longer than a hub that announces itself takes to open one."""
    ends = time.monotonic() + 2.0
    while time.monotonic() < ends:
        yield udp_sockets(rig)
        time.sleep(0.1)


def test_a_hub_is_found_with_its_address_and_gone_with_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convergecast.mdns.served_addresses", lambda host: ["127.0.0.1"])
    announcement = Announcement(host="127.0.0.1", port=5055, hub_id=HUB_ID)
    announcement.start()
    wanted = [Hub("http://127.0.0.1:5055", "127.0.0.1", 5055, found_as=f"found {HUB_ID}")]
    never = threading.Event()
    try:
        eventually(
            lambda: find_hubs(never, look_s=0.5, interfaces=["127.0.0.1"]) == wanted, "found"
        )
    finally:
        announcement.stop()
    assert find_hubs(never, look_s=0.5, interfaces=["127.0.0.1"]) == []


def test_an_agent_stays_with_the_hub_that_knows_its_token_and_tells_it_to_nobody(
    hosts: Hosts, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    rig = Rig(
        tmp_path,
        host=hosts.hub.address,
        hub_prefix=hosts.hub.prefix,
        agent_prefix=hosts.camera.prefix,
    )
    try:
        eventually(lambda: udp_sockets(rig), "the announcement")
        stranger = [*hosts.hub.prefix, sys.executable, "-m", "tests.fakes.stranger"]
        rig.start([*stranger, hosts.hub.address, str(kept)], dict(os.environ))
        eventually(Path(f"{kept}.announced").exists, "the stranger's announcement")
        environment = {
            **os.environ,
            "CONVERGECAST_AGENT_TOKEN": rig.agent_token,
            "CONVERGECAST_AGENT_STATE": str(tmp_path / "agents"),
        }
        command = [*hosts.camera.prefix, *agent_command(), "--source", "demo"]
        rig.start(command, environment)
        eventually(kept.exists, "the stranger was asked first")
        registered = f"registered with the hub at {rig.url} as camera"
        eventually(lambda: registered in rig.log(), "registered with the true hub")
        assert "does not prove that it knows the agent token" in rig.log()
        assert rig.agent_token.encode() not in kept.read_bytes()
    finally:
        rig.close()


@pytest.mark.parametrize("where", ["loopback", "switched off"])
def test_nothing_is_sent_on_loopback_or_where_it_is_switched_off(
    where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if where == "loopback":
        with running_rig() as rig:
            assert not any(udp_sockets_for_a_while(rig))
        return
    hosts: Hosts = request.getfixturevalue("hosts")
    silent = tmp_path / "silent.toml"
    silent.write_text("discovery = false\n")
    rig = Rig(
        tmp_path,
        options=("--config", str(silent)),
        host=hosts.hub.address,
        hub_prefix=hosts.hub.prefix,
    )
    try:
        assert not any(udp_sockets_for_a_while(rig))
    finally:
        rig.close()
