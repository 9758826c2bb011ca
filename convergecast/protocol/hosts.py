"""Hosts by name and address. Process: agent, hub, worker."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Tell whether a host name or literal address is the loopback of this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def place_text(address: str, port: int) -> str:
    """Return a literal address and a port as they are proven: as both sides write the address."""
    return f"{ipaddress.ip_address(address)} {port}"
