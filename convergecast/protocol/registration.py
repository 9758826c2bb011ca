"""How an agent makes itself known: one BSON document each way (`POST /server/`).

Runs in the agent (writing the request) and in the hub process (reading it).

Process: agent, hub, worker.
"""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass
from typing import TypeGuard
from urllib.parse import urlsplit, urlunsplit

import bson
from bson.errors import BSONError

from convergecast.protocol import PROTOCOL_VERSION, ProtocolError
from convergecast.protocol.texts import is_printable

MAX_BODY_BYTES = 64 << 10

# field: longest text allowed, in characters
TEXT_LIMITS = {
    "agent_id": 128,
    "camera_key": 128,
    "name": 80,
    "version": 40,
    "token": 256,
    "stream_key": 256,
    "source": 300,
}
_PLAIN_TEXTS = ("agent_id", "camera_key", "name", "version", "token", "stream_key")
# field: least and most
NUMBER_LIMITS = {
    "width": (1, 65_535),
    "height": (1, 65_535),
    "fps": (0.01, 1_000),
    "protocol": (1, 1_000_000),
}


@dataclass(frozen=True, slots=True)
class Registration:
    """What an agent says of itself.

    `ipaddress` (a literal IPv4 or IPv6 address) and `ports` (one port, the plural is the first
    prototype's) are required; the rest is None or empty when unknown. `width` and `height` are
    in pixels, `fps` in frames a second.
    """

    ipaddress: str
    ports: int
    agent_id: str | None = None
    camera_key: str | None = None
    name: str | None = None
    version: str | None = None
    protocol: int = PROTOCOL_VERSION
    token: str | None = None
    stream_key: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    source: str | None = None
    capabilities: tuple[str, ...] = ()

    @property
    def is_two_field(self) -> bool:
        """Whether only the prototype's two fields were given."""
        return self.agent_id is None and self.token is None and self.stream_key is None


@dataclass(frozen=True, slots=True)
class RegistrationReply:
    """What the hub answers; `camera_key` only when it is new."""

    status: str
    camera_id: str
    heartbeat_s: float
    hub_time: float
    camera_key: str | None = None


def encode_registration(registration: Registration) -> bytes:
    """Return the BSON body of a registration; unknown fields are left out."""
    fields = {key: value for key, value in asdict(registration).items() if value is not None}
    return bson.encode({**fields, "capabilities": list(registration.capabilities)})


def decode_registration(body: bytes) -> Registration:
    """Read a registration's BSON body.

    Raises:
        ProtocolError: the body is no BSON, a field has the wrong type or an impossible value.
    """
    document = _Document(body)
    source = document.text("source", TEXT_LIMITS["source"])
    return Registration(
        ipaddress=document.address(),
        ports=document.port(),
        protocol=document.whole("protocol") or PROTOCOL_VERSION,
        width=document.pixels("width"),
        height=document.pixels("height"),
        fps=document.number("fps"),
        source=without_credentials(source) if source else None,
        capabilities=document.words("capabilities"),
        **{name: document.text(name, TEXT_LIMITS[name]) for name in _PLAIN_TEXTS},
    )


def encode_reply(reply: RegistrationReply) -> bytes:
    """Return the BSON body of the hub's answer."""
    return bson.encode({key: value for key, value in asdict(reply).items() if value is not None})


def decode_reply(body: bytes) -> RegistrationReply:
    """Read the hub's answer.

    Raises:
        ProtocolError: it is no BSON or lacks a field.
    """
    document = _Document(body)
    status, camera_id = document.text("status", 20), document.text("camera_id", 128)
    heartbeat_s, hub_time = document.fields.get("heartbeat_s"), document.fields.get("hub_time")
    if not (status and camera_id and _is_number(heartbeat_s) and _is_number(hub_time)):
        raise ProtocolError("the hub's answer lacks a field")
    return RegistrationReply(
        status=status,
        camera_id=camera_id,
        heartbeat_s=min(max(float(heartbeat_s), 0.5), 60.0),
        hub_time=float(hub_time),
        camera_key=document.text("camera_key", 128),
    )


def without_credentials(source: str) -> str:
    """Return a source's address without user, password, query and fragment; other text as it is."""
    if "://" not in source:
        return source
    try:
        parts = urlsplit(source)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
        # A password with an unescaped "/" would else be taken for a port and a path.
        if parts.port is not None and "@" in parts.path:
            raise ValueError(source)
    except ValueError:
        return "(an address that cannot be read)"
    return urlunsplit(
        (parts.scheme, f"[{host}]{port}" if ":" in host else host + port, parts.path, "", "")
    )


class _Document:
    """A BSON document, whose fields are read as what they have to be; raises ProtocolError."""

    def __init__(self, body: bytes) -> None:
        """Read a document of at most `MAX_BODY_BYTES`."""
        if len(body) > MAX_BODY_BYTES:
            raise ProtocolError(f"the document is larger than {MAX_BODY_BYTES >> 10} KB")
        try:
            self.fields = bson.decode(body)
        except (BSONError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ProtocolError("the body is not a BSON document") from error

    def address(self) -> str:
        """Return the literal IP address where the agent serves."""
        value = self.fields.get("ipaddress")
        if not isinstance(value, str):
            raise ProtocolError("ipaddress is missing or not a string")
        if (
            "%" in value
        ):  # what follows may be any text, and would become part of the hub's requests
            raise ProtocolError("ipaddress has a zone (%), which only its own host understands")
        try:
            return str(ipaddress.ip_address(value.strip()))
        except ValueError as error:
            raise ProtocolError("ipaddress is not a literal IPv4 or IPv6 address") from error

    def port(self) -> int:
        """Return its port, 1 to 65535."""
        value = self.fields.get("ports")
        if not isinstance(value, int) or isinstance(value, bool):
            raise ProtocolError("ports is missing or not a whole number")
        if not 1 <= value <= 65_535:
            raise ProtocolError("ports is not between 1 and 65535")
        return int(value)

    def text(self, name: str, limit: int) -> str | None:
        """Return printable text of at most `limit` characters; None where it is absent or blank."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise ProtocolError(f"{name} is not a string")
        if len(value) > limit:
            raise ProtocolError(f"{name} has more than {limit} characters")
        if not is_printable(value):
            raise ProtocolError(f"{name} has characters that cannot be printed")
        return value.strip() or None

    def number(self, name: str) -> float | None:
        """Return a number within `NUMBER_LIMITS`; None where it is absent."""
        least, most = NUMBER_LIMITS[name]
        value = self.fields.get(name)
        if value is None:
            return None
        if not _is_number(value):
            raise ProtocolError(f"{name} is not a number")
        if not least <= value <= most:
            raise ProtocolError(f"{name} is not between {least} and {most}")
        return float(value)

    def pixels(self, name: str) -> int | None:
        """Return a number without its fraction; None where it is absent."""
        value = self.number(name)
        return None if value is None else int(value)

    def whole(self, name: str) -> int | None:
        """Return a number that has no fraction; None where it is absent."""
        value = self.number(name)
        if value is not None and value % 1:
            raise ProtocolError(f"{name} is not a whole number")
        return None if value is None else int(value)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of at most 16 short words; empty where it is absent."""
        value = self.fields.get(name, [])
        if not isinstance(value, list) or len(value) > 16:
            raise ProtocolError(f"{name} is not a short list")
        if not all(
            isinstance(word, str) and len(word) <= 32 and is_printable(word) for word in value
        ):
            raise ProtocolError(f"{name} is not a list of short words")
        return tuple(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
