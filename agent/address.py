"""Which address and port the agent serves on. Process: agent."""

from __future__ import annotations

import ipaddress
import socket
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import SetupError

FIRST_PORT = 5000
LAST_PORT = 5099
_PROBE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub's address as given, without a slash at the end, and its parts.

    `found_as` names a hub that announced itself: its address may change, its key does not.
    """

    url: str
    host: str
    port: int
    found_as: str = ""

    @property
    def known_as(self) -> str:
        """The name by which an identity keeps what it knows of the hub."""
        return self.found_as or self.url

    @property
    def shown(self) -> str:
        """The address without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{urlsplit(self.url).scheme}://{host}:{self.port}{urlsplit(self.url).path}"


ANY_HUB = Hub("", "", 0)
"""The hub that proves to know the token, wherever it is."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket, and the literal address and port at which the hub reaches it."""

    socket: socket.socket
    address: str
    port: int

    @property
    def url(self) -> str:
        """The address as a URL."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"


def parse_hub(text: str) -> Hub:
    """Return the hub that `--hub` names; `http://` may be left out.

    Raises:
        ValueError: it is not an http or https address.
    """
    url = text.strip() if "://" in text else f"http://{text.strip()}"
    wrong = f"{text!r} is no address of a hub, such as http://192.168.1.10:5000"
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:  # a port that is no number, a bracket that is not closed
        raise ValueError(wrong) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(wrong)
    return Hub(url=url.rstrip("/"), host=parts.hostname, port=port)


def own_address(hub: Hub) -> str:
    """Return the literal address of this host from which it reaches the hub.

    A connection to the hub tells it; without an answer the routing table does, IPv4 first.

    Raises:
        OSError: the hub's name is unknown, or there is no route to it.
    """
    found = socket.getaddrinfo(hub.host, hub.port, type=socket.SOCK_STREAM)
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    failure: OSError | None = None
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for family, _, _, _, place in found:
            try:
                with socket.socket(family, kind) as probe:
                    probe.settimeout(_PROBE_TIMEOUT_S)
                    probe.connect(place)  # a datagram socket sends nothing here
                    return str(probe.getsockname()[0])
            except OSError as error:
                failure = error
    raise failure or OSError(f"no address is known for {hub.host}")


def parse_place(text: str) -> tuple[str, int | None]:
    """Return host and port that `--announce` names: `HOST:PORT`, or `HOST` alone.

    Raises:
        ValueError: it is neither.
    """
    wrong = f"{text!r} is no address and port such as 192.168.1.20:5000"
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(wrong) from error
    if not host or port == 0 or parts.path or parts.query or "@" in parts.netloc:
        raise ValueError(wrong)
    return host, port


def open_listener(
    *,
    hub: Hub,
    host: str | None = None,
    port: int | None = None,
    announce: tuple[str, int | None] | None = None,
) -> Listener:
    """Listen on `host` and `port`; return the socket and what to announce.

    Without `port` the first free port from 5000 is used. On the hub's machine the hub's port is
    never used, because the hub may start later. `announce` is where the hub reaches this agent, if
    that is another place: behind NAT, or in a container.

    Raises:
        OSError: `host` is None, and there is no route to the hub yet; try again later.
        SetupError: the address is not this machine's, or the port is not free.
    """
    bound, announced = _bound_and_announced(hub, host)
    announced = _literal(announce[0]) if announce else announced
    ports = [port] if port else _usual_ports(hub)
    failure: OSError | None = None
    for candidate in ports:
        try:
            listening = _listen(bound, candidate)
        except OSError as error:
            failure = error
            continue
        return Listener(listening, announced, (announce and announce[1]) or candidate)
    reason = failure.strerror if failure else "none is free"
    if port:
        raise SetupError(f"port {port} of {bound} cannot be used: {reason}")
    raise SetupError(f"no port from {FIRST_PORT} to {LAST_PORT} of {bound} can be used: {reason}")


def _usual_ports(hub: Hub) -> list[int]:
    taken = {hub.port} if _is_this_machine(hub) else set()
    return [port for port in range(FIRST_PORT, LAST_PORT + 1) if port not in taken]


def _is_this_machine(hub: Hub) -> bool:
    try:
        own = own_address(hub)
        found = socket.getaddrinfo(hub.host, hub.port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(own == entry[4][0] for entry in found)


def _bound_and_announced(hub: Hub, host: str | None) -> tuple[str, str]:
    if host is None:
        address = own_address(hub)
        return address, address
    try:
        bound = str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise SetupError(f"--host {host} is no address of this machine") from error
    everywhere = ipaddress.ip_address(bound).is_unspecified
    return bound, own_address(hub) if everywhere else bound


def _literal(host: str) -> str:
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise SetupError(f"--announce: the name {host} is not found") from error


def _listen(host: str, port: int) -> socket.socket:
    family, kind, number, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, number)
    try:
        if sys.platform == "win32":
            # SO_REUSEADDR would let two programs share the port on Windows.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(64)
    except OSError:
        listening.close()
        raise
    return listening
