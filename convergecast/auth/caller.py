"""Who asks, and the one rule of which cameras exist for it. Process: hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from convergecast.auth.access import Role
from convergecast.auth.sessions import SessionKey
from convergecast.storage.audit import Actor


class CallerKind(StrEnum):
    """How a caller has shown who it is. ANYONE: it was not asked, because everybody may."""

    ANYONE = "anyone"
    SESSION = "session"
    TOKEN = "token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks; made once for a request or socket.

    Attributes:
        kind: a browser's session, or a token in the request itself.
        name: of its account; without one, what the audit calls it.
        via: how it has shown who it is, in words for the audit.
        role: what it may do; None for anyone.
        cameras: ids of the cameras that exist for it; None: all.
        owner: what its sessions and tokens are found by; see `Gate`.
        session: of a session, what the gate knows it by.
        token: of an API token, its number.
        address: the literal address that it asks from.
    """

    kind: CallerKind
    name: str
    via: str = ""
    role: Role | None = None
    cameras: frozenset[str] | None = None
    owner: str = ""
    session: SessionKey | None = field(default=None, repr=False)
    token: int | None = None
    address: str = field(default="", compare=False)

    @property
    def credential(self) -> str:
        """What connections and viewers are counted by."""
        return self.session or (self.name if self.token is None else f"token {self.token}")

    @property
    def counted_as(self) -> str:
        """What its wrong secrets are counted by: its account; empty: its address.

        So nobody beside it at the address keeps it from changing an account.
        """
        return "" if self.kind is CallerKind.ANYONE else f"the account {self.name}"

    @property
    def actor(self) -> Actor:
        """Who it is, for the audit."""
        return Actor(self.name, self.via, self.address)

    def is_at_least(self, role: Role) -> bool:
        """Whether it may do what a role may."""
        return self.role is not None and self.role.includes(role)


ANYONE = Caller(kind=CallerKind.ANYONE, name="anyone")


def may_see(caller: Caller, camera_id: str) -> bool:
    """Whether a camera, and all that comes from it, exists for a caller."""
    if caller.role is None:
        return False
    return caller.cameras is None or camera_id in caller.cameras


def may_name(caller: Caller) -> bool:
    """Whether a caller learns who people are beyond the results of its cameras."""
    return caller.cameras is None
