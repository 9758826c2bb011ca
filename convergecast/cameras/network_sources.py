"""Addresses of cameras without a computer of their own: stored encrypted, told apart, checked.

Process: hub.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from convergecast.cameras import store
from convergecast.errors import Forbidden, InvalidInput, Unavailable
from convergecast.protocol.hosts import addresses_of, is_camera_place
from convergecast.protocol.texts import is_printable
from convergecast.protocol.urls import ESCAPE, Address, read_address
from convergecast.storage.database import Database
from convergecast.storage.vault import Vault

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_NEEDED = "Send the address of a camera that begins with rtsp:// or http://."


class NetworkSources:
    """The stored addresses of cameras, by camera. Any thread may call it."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep where they are and what encrypts them."""
        self._database = database
        self._vault = vault

    def sealed(self, camera_id: str, source: str) -> bytes:
        """Return an address as it is stored. Raises Unavailable: the key cannot be had."""
        return self._vault.seal(source, camera_id)

    def read(self, camera_id: str) -> str:
        """Return a stored address. Raises Unavailable: it cannot be decrypted."""
        sealed = store.load_source(self._database, camera_id)
        if sealed is None:
            raise Unavailable("The address of this camera is not stored: set it again.")
        return self._vault.open(sealed, camera_id)

    def same(self, source: str, camera_ids: Iterable[str]) -> str | None:
        """Return which of the cameras has this address, whatever its user and password are."""
        wanted = _without_user(source)
        for camera_id in camera_ids:
            with contextlib.suppress(Unavailable):
                if _without_user(self.read(camera_id)) == wanted:
                    return camera_id
        return None


def place_in(source: str) -> str:
    """Return host and port of an address, as it is written."""
    return urlsplit(source).netloc.rpartition("@")[2]


def usable_source(text: str, own_ports: Collection[int]) -> str:
    """Return an address that may be tried. It may be looked up, which takes time.

    Args:
        text: what was typed.
        own_ports: those of this machine that are the hub's.

    Raises:
        InvalidInput: it is no address of a camera.
        Forbidden: it is one that the hub does not fetch from.
    """
    source = text.strip()
    if not is_printable(source) or _scheme(source) not in _PORTS:
        raise InvalidInput(_NEEDED)
    try:
        address = read_address(source)
    except ValueError as error:
        raise InvalidInput(f"{ESCAPE[0].upper()}{ESCAPE[1:]}.") from error
    if not address.host:
        raise InvalidInput(_NEEDED)
    if not is_camera_place(address.host):
        raise Forbidden("No camera is looked for at a link-local, multicast or reserved address.")
    if _port(address) in own_ports and _is_this_machine(address.host):
        raise Forbidden("This address is the hub's own: give the one of a camera.")
    return source


def _scheme(source: str) -> str:
    """Return the scheme of an address in small letters; empty if it has none."""
    scheme, found, _ = source.partition("://")
    return scheme.lower() if found else ""


def _port(address: Address) -> int:
    return address.port or _PORTS[_scheme(address.url)]


def _without_user(source: str) -> tuple[str, int, str]:
    address = read_address(source)
    parts = urlsplit(address.url)
    return address.host.lower(), _port(address), f"{parts.path.rstrip('/')}?{parts.query}"


def _is_this_machine(host: str) -> bool:
    for address in addresses_of(host):
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))  # only an own address can be bound
            return True
    return False
