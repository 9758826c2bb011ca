"""The networks that this machine is in, and which of them a hub serves. Process: hub, command."""

from __future__ import annotations

import errno
import ipaddress
import socket

import psutil


def served_addresses(host: str) -> list[str]:
    """Return the literal addresses at which machines of these networks reach a hub.

    None for a hub on loopback. A link-local address would need a zone, which is each machine's own.

    Args:
        host: the literal address that it listens on.
    """
    bound = ipaddress.ip_address(host)
    if not bound.is_unspecified:
        return [] if bound.is_loopback or bound.is_link_local else [str(bound)]
    families = {socket.AF_INET} if bound.version == 4 else {socket.AF_INET, socket.AF_INET6}
    found = []
    for entries in psutil.net_if_addrs().values():
        for entry in entries:
            if entry.family in families:
                address = ipaddress.ip_address(entry.address.partition("%")[0])
                if not (address.is_loopback or address.is_link_local):
                    found.append(str(address))
    return sorted(found)


def why_not_bound(error: OSError) -> str:
    """Return what a person can do where a hub cannot listen on its address."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "choose an address of this machine with --host"
    return "stop the program that uses it, or choose another port with --port"
