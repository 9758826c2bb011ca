"""Where a hub announces itself, and which announcements an agent takes for a hub's."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest
from zeroconf import ServiceInfo

from agent.hubs import _hubs
from convergecast.mdns import hub_id
from convergecast.networks import served_addresses
from convergecast.protocol import HUB_ID, HUB_SERVICE
from convergecast.storage.database import Database

INTERFACES = {
    "lo": [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")],
    "eth0": [
        (socket.AF_INET, "192.168.1.5"),
        (socket.AF_INET6, "fe80::1%eth0"),
        (socket.AF_INET6, "2001:db8::5"),
    ],
    "wlan0": [(socket.AF_INET, "169.254.3.4"), (socket.AF_INET, "10.0.0.7")],
}


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("127.0.0.1", []),
        ("127.0.0.9", []),
        ("::1", []),
        ("169.254.3.4", []),
        ("192.168.1.5", ["192.168.1.5"]),
        ("0.0.0.0", ["10.0.0.7", "192.168.1.5"]),
        ("::", ["10.0.0.7", "192.168.1.5", "2001:db8::5"]),
    ],
)
def test_a_hub_is_announced_where_it_is_reached_and_never_on_loopback(
    host: str, served: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {
        name: [SimpleNamespace(family=family, address=address) for family, address in entries]
        for name, entries in INTERFACES.items()
    }
    monkeypatch.setattr("convergecast.networks.psutil.net_if_addrs", lambda: found)
    assert served_addresses(host) == served


def info(*addresses: str, port: int = 5000, number: str = "0123456789abcdef") -> ServiceInfo:
    return ServiceInfo(
        HUB_SERVICE,
        f"x.{HUB_SERVICE}",
        port=port,
        properties={HUB_ID: number},
        parsed_addresses=list(addresses),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        info(),
        info("10.0.0.7", port=0),
        info("169.254.3.4", "fe80::1"),
        info("224.0.0.251"),
        info("10.0.0.7", number=""),
        info("10.0.0.7", number="../../etc/passwd"),
        info("10.0.0.7", number="0123456789ABCDEF"),
    ],
)
def test_what_no_hub_announces_is_no_hub(wrong: ServiceInfo) -> None:
    assert _hubs(wrong) == []


def test_a_hub_is_asked_at_its_first_usable_address() -> None:
    (hub,) = _hubs(info("fe80::1", "2001:db8::5", "10.0.0.7"))
    assert (hub.url, hub.host, hub.port) == ("http://10.0.0.7:5000", "10.0.0.7", 5000)
    (hub,) = _hubs(info("2001:db8::5"))
    assert (hub.url, hub.host) == ("http://[2001:db8::5]:5000", "2001:db8::5")
    assert hub.known_as == "found 0123456789abcdef"


def test_a_hub_keeps_its_number(database: Database) -> None:
    assert hub_id(database) == hub_id(database)
    assert len(hub_id(database)) == 16
