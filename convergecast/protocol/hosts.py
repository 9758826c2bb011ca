"""Hosts by name and address. Process: agent, hub, worker."""

from __future__ import annotations

import ipaddress
import socket


def is_loopback(host: str) -> bool:
    """Tell whether a host name or literal address is the loopback of this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def place_text(address: str, port: int) -> str:
    """Return a literal address and a port as they are proven: as both sides write the address."""
    return f"{ipaddress.ip_address(address)} {port}"


def addresses_of(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the addresses of a host, IPv4 in IPv6 notation as IPv4; none if it is not found."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return []
    addresses = map(ipaddress.ip_address, sorted(found))
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]


def is_camera_place(host: str) -> bool:
    """Tell whether a camera may be at a host: at an ordinary address, or one not found now.

    On link-local addresses clouds keep secrets of their machines.
    """
    return not any(
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
        for address in addresses_of(host)
    )
