"""The hub's own words as values: cameras, their states, the options. Pure data, any process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Approval(StrEnum):
    """Whether a person (or a valid agent token) let a camera in."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class State(StrEnum):
    """What a camera is doing; the words that users see."""

    PENDING = "pending"
    CONNECTING = "connecting"
    ONLINE = "online"
    STALLED = "stalled"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Option:
    """One kind of analysis: its name in the API and the words on its button."""

    name: str
    label: str


# In the order of the buttons. An option stands here once it works.
OPTIONS = (
    Option("faces", "Face Detection"),
    Option("landmarks", "Face Landmarks"),
    Option("recognition", "Face Recognition"),
    Option("objects", "Object Detection"),
    Option("people", "Number of People"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera as the database knows it.

    `address` is a literal IP address; `agent_id` is None for agents that name no identity, whose
    identity is address and port. Times are UNIX seconds. `fps` is what the agent announced.
    Objects are shown from `object_min_score` up, and of `object_labels` only; None: of all.
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
    registered_at: float
    last_seen: float

    @property
    def netloc(self) -> str:
        """Address and port, as in a URL."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"
