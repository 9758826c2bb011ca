"""What a route or socket message asks of its caller. Nothing is allowed that does not say so."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_ATTRIBUTE = "convergecast_access"


class Access(StrEnum):
    """PUBLIC: anyone. VIEW: signed in. CHANGE: signed in, from the hub's own page or by token."""

    PUBLIC = "public"
    VIEW = "view"
    CHANGE = "change"


def allow(access: Access) -> Callable[[F], F]:
    """Declare who may call a view function; without it every call is refused."""

    def mark(function: F) -> F:
        setattr(function, _ATTRIBUTE, access)
        return function

    return mark


def declared_access(function: Callable[..., Any] | None) -> Access | None:
    """Return what a view function declares, or None."""
    return getattr(function, _ATTRIBUTE, None)
