"""The registration of an agent with the hub: a BSON document each way (`POST /server/`).

The agent writes the request and the hub process reads it.

Process: agent, hub, worker.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeGuard

import bson
from bson.errors import BSONError

from convergecast.protocol import ProtocolError
from convergecast.protocol.masks import Masks, read_masks
from convergecast.protocol.proof import NO_PROOF, is_proof, key_of, prove, time_text
from convergecast.protocol.texts import is_printable
from convergecast.protocol.urls import without_credentials

MAX_BODY_BYTES = 64 << 10

# field: greatest length of its text, in characters
TEXT_LIMITS = {
    "agent_id": 128,
    "camera_key": 128,
    "name": 80,
    "version": 40,
    "token": 256,
    "stream_key": 256,
    "source": 300,
    "nonce": 64,
    "epoch": 64,
    "token_proof": len(NO_PROOF),
    "proof": len(NO_PROOF),
}
_PLAIN_TEXTS = tuple(name for name in TEXT_LIMITS if name != "source")
# field: least and greatest value
NUMBER_LIMITS = {
    "width": (1, 65_535),
    "height": (1, 65_535),
    "fps": (0.01, 1_000),
    "protocol": (1, 1_000_000),
    "time": (0, 99_999_999_999),
}
CLOCK = "clock"
"""The status of a reply to a proof whose time is wrong: nothing has changed but the hub's time."""

# How a document ends whose last field is `proof`; the proof itself and two zeros follow.
_BEFORE_PROOF = b"\x02proof\x00" + (len(NO_PROOF) + 1).to_bytes(4, "little")
_PROOF_AND_END = len(NO_PROOF) + 2
_SIGNED_REQUEST = "registration", "POST", "/server/"


@dataclass(frozen=True, slots=True)
class Registration:
    """The data that an agent registers with.

    `ipaddress` (a literal IPv4 or IPv6 address) and `ports` (one port; the plural is from the first
    prototype) are required. The other fields are None or empty if unknown. `width` and `height` are
    in pixels, `fps` is in frames per second, `time` in UNIX seconds by the hub's clock. `epoch` is
    a word that each run of an agent has of its own.

    `token_proof` and `proof` show that the agent knows the token and its camera key. `signed` is
    what `proof` is about: the document up to it, once one was read.
    """

    ipaddress: str
    ports: int
    agent_id: str | None = None
    camera_key: str | None = None
    name: str | None = None
    version: str | None = None
    protocol: int = 1
    token: str | None = None
    stream_key: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    source: str | None = None
    capabilities: tuple[str, ...] = ()
    epoch: str | None = None
    nonce: str | None = None
    time: float | None = None
    token_proof: str | None = None
    proof: str | None = None
    signed: bytes = field(default=b"", compare=False, repr=False)

    @property
    def is_two_field(self) -> bool:
        """Whether the registration has only the two fields of the first prototype."""
        return self.agent_id is None and self.token is None and self.stream_key is None

    @property
    def proves(self) -> bool:
        """Whether the agent proves what it knows, as in protocol 2, instead of telling it."""
        known = self.agent_id and self.nonce and self.time is not None
        return self.protocol >= 2 and bool(known)

    def proof_of(self, token: str) -> str:
        """Return what `token_proof` must be, for this nonce, time, agent and place."""
        about = self.nonce or "", time_text(self.time or 0.0), self.agent_id or ""
        address = str(ipaddress.ip_address(self.ipaddress))  # as the hub reads it
        return prove(key_of(token), "token", *about, address, str(self.ports))

    def is_proven_by(self, camera_key: bytes) -> bool:
        """Whether `proof` is by this camera key, given as `key_of` returns it."""
        return bool(self.signed) and is_proof(self.proof, camera_key, *_SIGNED_REQUEST, self.signed)


@dataclass(frozen=True, slots=True)
class RegistrationReply:
    """The hub's reply. `camera_key` is present only if it is new and has to be told.

    `message` is a sentence for the person at the agent, such as why the camera waits; None if
    there is nothing to say. `protocol` is the hub's, for agents that offer 2. `nonce` is the hub's
    part of a new key, `agent_id` the identity that the agent shall have from now on. `masks`
    are the camera's privacy masks; None leaves the agent those that it has. `proof_key` is what
    the hub proves itself with; it is not sent.
    """

    status: str
    camera_id: str
    heartbeat_s: float
    hub_time: float
    camera_key: str | None = None
    message: str | None = None
    protocol: int | None = None
    nonce: str | None = None
    agent_id: str | None = None
    masks: Masks | None = None
    proof_key: bytes | None = field(default=None, compare=False, repr=False)


def encode_registration(registration: Registration, camera_key: bytes | None = None) -> bytes:
    """Return the BSON body of a registration, without fields that are None.

    With a camera key, as `key_of` returns it, the body ends with the proof of it.
    """
    fields = {key: value for key, value in asdict(registration).items() if value is not None}
    del fields["signed"]
    fields["capabilities"] = list(registration.capabilities)
    return _proven(fields, camera_key, *_SIGNED_REQUEST)


def decode_registration(body: bytes) -> Registration:
    """Read a registration's BSON body.

    Raises:
        ProtocolError: the body is not BSON, or a field has a wrong type or an impossible value.
    """
    document = _Document(body)
    source = document.text("source", TEXT_LIMITS["source"])
    return Registration(
        ipaddress=document.address(),
        ports=document.port(),
        protocol=document.whole("protocol") or 1,
        width=document.pixels("width"),
        height=document.pixels("height"),
        fps=document.number("fps"),
        source=without_credentials(source) if source else None,
        capabilities=document.words("capabilities"),
        time=document.number("time"),
        signed=_signed_part(body),
        **{name: document.text(name, TEXT_LIMITS[name]) for name in _PLAIN_TEXTS},
    )


def encode_reply(reply: RegistrationReply, agent_nonce: str = "") -> bytes:
    """Return the BSON body of the hub's reply, proven by its `proof_key` if it has one."""
    fields = {key: value for key, value in asdict(reply).items() if value is not None}
    return _proven(fields, fields.pop("proof_key", None), "answer", agent_nonce)


def is_proven_reply(body: bytes, key: bytes, agent_nonce: str) -> bool:
    """Whether a reply's body ends with a proof by this key, for the registration of this nonce."""
    signed = _signed_part(body)
    given = body[len(signed) : -2].decode("latin-1")
    return bool(signed) and is_proof(given, key, "answer", agent_nonce, signed)


def decode_reply(body: bytes) -> RegistrationReply:
    """Read the hub's reply, whether it is proven or not.

    Raises:
        ProtocolError: it is not BSON or lacks a field.
    """
    document = _Document(body)
    status, camera_id = document.text("status", 20), document.text("camera_id", 128)
    heartbeat_s, hub_time = document.fields.get("heartbeat_s"), document.fields.get("hub_time")
    named, masks = camera_id or status == CLOCK, document.fields.get("masks")
    if not (status and named and _is_number(heartbeat_s) and _is_number(hub_time)):
        raise ProtocolError("the hub's answer lacks a field")
    return RegistrationReply(
        status=status,
        camera_id=camera_id or "",
        heartbeat_s=min(max(float(heartbeat_s), 0.5), 60.0),
        hub_time=float(hub_time),
        camera_key=document.text("camera_key", 128),
        message=document.text("message", 300),
        protocol=document.whole("protocol"),
        nonce=document.text("nonce", TEXT_LIMITS["nonce"]),
        agent_id=document.text("agent_id", TEXT_LIMITS["agent_id"]),
        masks=None if masks is None else read_masks(masks),
    )


def _proven(fields: Mapping[str, object], key: bytes | None, *about: str) -> bytes:
    """Return a document; with a key, its last field proves all before it and what it is about."""
    if key is None:
        return bson.encode(fields)
    signed = bson.encode({**fields, "proof": NO_PROOF})[:-_PROOF_AND_END]
    return signed + prove(key, *about, signed).encode() + bytes(2)


def _signed_part(body: bytes) -> bytes:
    """Return a document up to the proof that ends it; empty if it does not end with one."""
    signed = body[:-_PROOF_AND_END]
    return signed if signed.endswith(_BEFORE_PROOF) and body.endswith(bytes(2)) else b""


class _Document:
    """A BSON document with methods that read and check its fields. They raise ProtocolError."""

    def __init__(self, body: bytes) -> None:
        """Read a document of at most `MAX_BODY_BYTES`."""
        if len(body) > MAX_BODY_BYTES:
            raise ProtocolError(f"the document is larger than {MAX_BODY_BYTES >> 10} KB")
        try:
            self.fields = bson.decode(body)
        except (BSONError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ProtocolError("the body is not a BSON document") from error

    def address(self) -> str:
        """Return the literal IP address at which the agent serves."""
        value = self.fields.get("ipaddress")
        if not isinstance(value, str):
            raise ProtocolError("ipaddress is missing or not a string")
        # A zone may be any text, and would become part of the hub's requests.
        if "%" in value:
            raise ProtocolError("ipaddress has a zone (%), which only its own host understands")
        try:
            return str(ipaddress.ip_address(value.strip()))
        except ValueError as error:
            raise ProtocolError("ipaddress is not a literal IPv4 or IPv6 address") from error

    def port(self) -> int:
        """Return the agent's port, 1 to 65535."""
        value = self.fields.get("ports")
        if not isinstance(value, int) or isinstance(value, bool):
            raise ProtocolError("ports is missing or not a whole number")
        if not 1 <= value <= 65_535:
            raise ProtocolError("ports is not between 1 and 65535")
        return int(value)

    def text(self, name: str, limit: int) -> str | None:
        """Return printable text of at most `limit` characters; None if it is absent or blank."""
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
        """Return a number within `NUMBER_LIMITS`; None if it is absent."""
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
        """Return a number without its fraction; None if it is absent."""
        value = self.number(name)
        return None if value is None else int(value)

    def whole(self, name: str) -> int | None:
        """Return a whole number; None if it is absent."""
        value = self.number(name)
        if value is not None and value % 1:
            raise ProtocolError(f"{name} is not a whole number")
        return None if value is None else int(value)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of at most 16 short words; empty if it is absent."""
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
