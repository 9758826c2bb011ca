"""Finds hubs that announce themselves on this host's networks, by mDNS (RFC 6762 and 6763).

Anybody may announce a hub. So an agent takes part only with a token, which it shows to nobody: it
stays with a hub that proves to know it. Runs in the main thread, and is loaded by an agent that
was not told its hub.

Process: agent.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import threading
from collections.abc import Sequence

from zeroconf import (
    Error,
    InterfaceChoice,
    ServiceBrowser,
    ServiceInfo,
    ServiceStateChange,
    Zeroconf,
)

from convergecast.protocol import HUB_ID, HUB_SERVICE

from .address import Hub

LOOK_S = 1.5
_MOST = 16
_ASK_MS = 1000
_ID = re.compile(rb"[0-9a-f]{16}")

_log = logging.getLogger(__name__)


def find_hubs(
    stop: threading.Event, *, look_s: float = LOOK_S, interfaces: Sequence[str] = ()
) -> list[Hub]:
    """Return the hubs that answer, in an order that stays the same; sooner if `stop` is set.

    Args:
        stop: set when the agent stops.
        look_s: how long to wait for answers, in seconds.
        interfaces: the literal addresses of this host on whose networks to ask; empty: all.
    """
    names: dict[str, None] = {}

    def heard(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Added and len(names) < _MOST:
            names[name] = None

    try:
        with Zeroconf(interfaces=list(interfaces) or InterfaceChoice.All) as network:
            browser = ServiceBrowser(network, HUB_SERVICE, handlers=[heard])
            stop.wait(look_s)
            infos = [_info(network, name) for name in list(names)]
            browser.cancel()
    except OSError as error:
        _log.debug("no network to look for hubs on: %s", error)
        return []
    found = {hub.known_as: hub for info in infos if info is not None for hub in _hubs(info)}
    return [found[name] for name in sorted(found)]


def _info(network: Zeroconf, name: str) -> ServiceInfo | None:
    """Return an announcement; None if nobody answers, or if the name is none that is allowed."""
    try:
        return network.get_service_info(HUB_SERVICE, name, _ASK_MS)
    except Error as error:  # anybody can announce any name
        _log.debug("an announcement with a bad name: %s", error)
        return None


def _hubs(info: ServiceInfo) -> list[Hub]:
    """Return the hub of an announcement; none if it is not one that an agent can use."""
    hub_id = info.properties.get(HUB_ID.encode()) or b""
    addresses = [ipaddress.ip_address(text) for text in info.parsed_addresses()]
    usable = [each for each in addresses if not (each.is_link_local or each.is_multicast)]
    if not (_ID.fullmatch(hub_id) and usable and info.port):
        return []
    address = min(usable, key=lambda each: each.version)
    host = f"[{address}]" if address.version == 6 else str(address)
    return [
        Hub(
            url=f"http://{host}:{info.port}",
            host=str(address),
            port=info.port,
            found_as=f"found {hub_id.decode()}",
        )
    ]
