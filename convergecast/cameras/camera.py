"""A camera as the hub stores it. Process: hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from convergecast.messages.recording import USUAL, Recording
from convergecast.messages.zones import NO_ZONES, CameraZones


class Approval(StrEnum):
    """Whether a user, or a valid agent token, has approved a camera."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Waits(StrEnum):
    """What a pending camera waits for.

    TOKEN: a valid agent token, or a person. The others wait for a person, whatever they show later:
    KEY, because another camera has its `agent_id` and it did not show that camera's key, or because
    it proves a key that this hub does not know; FORGOTTEN, because a person has forgotten it;
    ADDRESS, because the token has let in as many cameras of its address as it may.
    """

    TOKEN = "token"
    KEY = "key"
    FORGOTTEN = "forgotten"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera as stored in the database.

    `address` is a literal IP address. `agent_id` is None for agents that send no identity; address
    and port identify them. Times are UNIX seconds. `fps` is the rate that the agent announced.
    Objects are shown if their score is `object_min_score` or more and their label is in
    `object_labels`; None means all labels.
    `wrong_token` is whether the last registration had a token that is not the hub's. It is not
    stored, because the next heartbeat tells it again.
    `waits` is None unless the camera is pending. `token_shown` is whether its agent has shown the
    hub's token while it was pending: such cameras are counted on their own. `sender` is the literal
    IP address that it registers from; while it is pending, that of its first registration.
    `copied` is whether its agent has the identity and the key of another camera's. It is not stored
    either.
    `protocol` is 2 once its agent proves its key instead of sending it; it never becomes 1 again.
    `by_hub` is whether the hub itself runs its agent; then `port` says nothing before that serves.
    """

    id: str
    agent_id: str | None
    key_hash: str | None
    key_used: bool
    name: str
    named_by_user: bool
    address: str
    port: int
    stream_key: str | None
    width: int | None
    height: int | None
    fps: float | None
    source: str | None
    version: str | None
    capabilities: tuple[str, ...]
    approval: Approval
    options: tuple[str, ...]
    object_min_score: float = 0.5
    object_labels: tuple[str, ...] | None = None
    zones: CameraZones = NO_ZONES
    recording: Recording = USUAL
    registered_at: float
    last_seen: float
    waits: Waits | None = None
    token_shown: bool = False
    sender: str | None = None
    protocol: int = 1
    by_hub: bool = False
    wrong_token: bool = field(default=False, compare=False)
    copied: bool = field(default=False, compare=False)

    @property
    def netloc(self) -> str:
        """Address and port, as in a URL."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"
