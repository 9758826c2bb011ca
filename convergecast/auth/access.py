"""What a route or socket asks of its caller, declared beside it: who, and how large a body.

Nothing is allowed that does not say so. Process: hub.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])
USUAL_BODY_BYTES = 1 << 20
_ATTRIBUTE = "convergecast_rule"


class Role(StrEnum):
    """What a caller may do; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Access(StrEnum):
    """Who may use a route; what changes something is accepted from the hub's own page or by token.

    PUBLIC: anyone. VIEW: a viewer looks. OWN: a viewer changes what is its own, or opens the
    socket. OPERATE: an operator changes something. INSPECT: an administrator looks. MANAGE: an
    administrator changes something.
    """

    PUBLIC = "public"
    VIEW = "view"
    OWN = "own"
    OPERATE = "operate"
    INSPECT = "inspect"
    MANAGE = "manage"

    @property
    def role(self) -> Role | None:
        """The least role that may; None: nobody is asked."""
        return _ROLES.get(self)

    @property
    def changes(self) -> bool:
        """Whether a session must come from the hub's own page."""
        return self in (Access.OWN, Access.OPERATE, Access.MANAGE)


_ROLES = {
    Access.VIEW: Role.VIEWER,
    Access.OWN: Role.VIEWER,
    Access.OPERATE: Role.OPERATOR,
    Access.INSPECT: Role.ADMIN,
    Access.MANAGE: Role.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route declares.

    Attributes:
        access: who may call it.
        body_bytes: the largest body it takes; of a socket, the largest message.
        basic: whether a token may come as the password of Basic, as players send it.
        checks_secret: whether the body has a password or token that is to be checked or hashed in
            turn, so that no caller holds every thread with that.
    """

    access: Access
    body_bytes: int = USUAL_BODY_BYTES
    checks_secret: bool = False
    basic: bool = False

    @property
    def takes_large_body(self) -> bool:
        """Whether a request may bring so much that its sender is asked for before it is read."""
        return self.body_bytes > USUAL_BODY_BYTES


def allow(
    access: Access,
    *,
    body_bytes: int = USUAL_BODY_BYTES,
    checks_secret: bool = False,
    basic: bool = False,
) -> Callable[[F], F]:
    """Declare the rule of a view function or native handler; without it every call is refused."""

    def mark(function: F) -> F:
        setattr(function, _ATTRIBUTE, Rule(access, body_bytes, checks_secret, basic))
        return function

    return mark


def declared_rule(function: Callable[..., object] | None) -> Rule | None:
    """Return the rule that a function declares, or None."""
    return getattr(function, _ATTRIBUTE, None)
