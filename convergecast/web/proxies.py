"""Reverse proxies that are trusted: scheme, host and client are what they say, and nobody else.

Everything behind this sees a request as its client sent it. What an untrusted sender says of
itself in such headers is left where it stands and counts for nothing. Process: hub.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from convergecast.cameras.addresses import plain_address
from convergecast.config import Network
from convergecast.web.asgi_types import Scope

FORWARDED_FOR = "x-forwarded-for"
FORWARDED = "forwarded"
_HEADERS = frozenset({FORWARDED_FOR, FORWARDED, "x-forwarded-proto", "x-forwarded-host"})
_SECURE = {"http": "https", "ws": "wss"}
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
_PAIR = re.compile(r'\s*(for|proto|host)\s*=\s*("[^"]*"|[^\s;,"]+)\s*', re.IGNORECASE)


class Proxies:
    """Puts requests back into the form in which they reached the outermost trusted proxy.

    Args:
        networks: of the proxies.
        root_path: what stands before every path, such as `/cams`; proxies may have cut it off.
    """

    def __init__(self, networks: Sequence[Network], root_path: str = "") -> None:
        """Take what is trusted."""
        self._networks = networks
        self.root_path = root_path

    def is_trusted(self, address: str) -> bool:
        """Whether a literal address is a trusted proxy's."""
        try:
            plain = plain_address(address)
        except ValueError:
            return False
        return any(plain in network for network in self._networks)

    def resolve(self, scope: Scope) -> None:
        """Set client, scheme, host, path and root path of a request or socket."""
        self._cut_root(scope)
        client = scope.get("client")
        if client is None or not self.is_trusted(client[0]):
            return
        sent = {name: list(_values(scope, name)) for name in _HEADERS}
        hops, proto, host = _forwarded(sent)
        address = client[0]
        for hop in reversed(hops):
            if not self.is_trusted(address) or not _is_address(hop):
                break
            address = hop
        scope["client"] = (address, 0 if address != client[0] else client[1])
        if proto == "https":
            scheme = scope.get("scheme", "http")
            scope["scheme"] = _SECURE.get(scheme, scheme)
        headers = [each for each in scope["headers"] if each[0].decode("latin-1") not in _HEADERS]
        if _HOST.fullmatch(host):
            headers = [each for each in headers if each[0] != b"host"]
            headers.append((b"host", host.encode()))
        scope["headers"] = headers
        scope["proxied"] = True

    def _cut_root(self, scope: Scope) -> None:
        if not self.root_path:
            return
        scope["root_path"] = self.root_path
        if scope["path"].startswith(f"{self.root_path}/"):
            scope["path"] = scope["path"].removeprefix(self.root_path)


def _forwarded(sent: dict[str, list[str]]) -> tuple[list[str], str, str]:
    """Return the addresses that a request passed, first one first, and the last scheme and host.

    From the `X-Forwarded-…` headers, or else from `Forwarded` (RFC 7239).
    """
    hops, proto, host = sent[FORWARDED_FOR], sent["x-forwarded-proto"], sent["x-forwarded-host"]
    if not (hops or proto or host):
        for element in sent[FORWARDED]:
            pairs = {match[1].lower(): match[2].strip('"') for match in _PAIR.finditer(element)}
            hops.append(pairs.get("for", ""))
            proto.extend(filter(None, [pairs.get("proto")]))
            host.extend(filter(None, [pairs.get("host")]))
    plain = [_without_port(hop) for hop in hops]
    return plain, (proto or [""])[-1].lower(), (host or [""])[-1]


def _values(scope: Scope, name: str) -> Iterator[str]:
    for key, value in scope["headers"]:
        if key.decode("latin-1") == name:
            yield from (part.strip() for part in value.decode("latin-1").split(","))


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
