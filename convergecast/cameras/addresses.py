"""Decides from which addresses the hub may fetch frames.

An agent announces the address that the hub will request. Without rules, any agent could make the
hub request any address (server-side request forgery). Process: hub.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from convergecast.errors import Forbidden

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def check_address(announced: str, sender: str, networks: Sequence[_Network]) -> None:
    """Raise Forbidden unless frames may be fetched from `announced`.

    Args:
        announced: the literal address at which the agent says it serves.
        sender: the literal address from which the registration came.
        networks: the networks in which an announced address may differ from the sender.
    """
    address, origin = plain_address(announced), plain_address(sender)
    reserved = address.is_reserved and not address.is_loopback  # ::1 is in a reserved block
    if address.is_unspecified or address.is_multicast or reserved:
        raise Forbidden(
            f"{announced} is not an address of one machine: announce another with --announce"
        )
    if address.is_link_local:
        raise Forbidden(f"{announced} is link-local: announce another address with --announce")
    if address == origin:
        return
    if address.is_loopback:
        raise Forbidden(
            f"{announced} is this hub's own machine, but the registration came from {sender}: "
            "announce an address that the hub can reach with --announce"
        )
    if not any(address in network for network in networks):
        raise Forbidden(
            f"the registration came from {sender} but announces {announced}: announce {sender} "
            "with --announce, or allow the network in the hub's agent_networks"
        )


def plain_address(text: str) -> _Address:
    """Return a literal address. An IPv4 address in IPv6 notation (`::ffff:…`) becomes IPv4."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
