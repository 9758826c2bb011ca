"""Bodies and replies of the API about accounts and sessions. Process: hub."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from convergecast.checks import MUST_BE
from convergecast.messages.values import Message, Name, Time

RoleName = Literal["viewer", "operator", "admin"]
ListedCameras = Annotated[
    list[str] | None,
    Meta(
        description="`id`s of the cameras that exist for it. Null: all.",
        extra={MUST_BE: "a list of strings, or null for all"},
    ),
]
Password = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=200,
        description="8 to 200 characters, and none of the first guesses.",
        extra_json_schema={"format": "password"},
        extra={MUST_BE: "a text of 8 to 200 characters"},
    ),
]
SessionId = Annotated[str, Meta(description="Newer sessions have higher numbers.")]


class Me(Message, frozen=True, kw_only=True):
    """The caller."""

    name: str
    role: RoleName
    cameras: ListedCameras
    kind: Literal["session", "token"]


class User(Message, frozen=True, kw_only=True):
    """An account."""

    name: str
    role: RoleName
    cameras: ListedCameras
    created_at: Time


class Users(Message, frozen=True, kw_only=True):
    """All accounts, by name."""

    users: list[User]


class NewUser(Message, frozen=True, kw_only=True):
    """A new account."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,39}\Z",
            description="1 to 40 letters, digits, dots, dashes, _ or @.",
            extra={MUST_BE: "1 to 40 letters (a to z), digits, dots, dashes, _ or @"},
        ),
    ]
    password: Password
    role: RoleName
    cameras: ListedCameras | UnsetType = UNSET


class UserChange(Message, frozen=True, kw_only=True):
    """A change of an account, which ends its other sessions. All fields are applied or none."""

    password: Password | UnsetType = UNSET
    current_password: (
        Annotated[str, Meta(description="Needed for a new password of one's own.")] | UnsetType
    ) = UNSET
    role: RoleName | UnsetType = UNSET
    cameras: ListedCameras | UnsetType = UNSET


class SessionView(Message, frozen=True, kw_only=True):
    """A browser that is signed in.

    Attributes:
        id: its number; newer ones have higher numbers.
        user: the account; without one, what the audit calls it.
        created_at, expires_at: UNIX seconds.
        seen_at: when it was last used, UNIX seconds; None: not since the hub started.
        address: where it signed in from.
        browser: what the browser called itself.
        current: whether it is the caller's own.
    """

    id: SessionId
    user: str
    created_at: Time
    expires_at: Time
    seen_at: Annotated[
        float | None, Meta(description="UNIX seconds. Null: not since the hub started.")
    ]
    address: str
    browser: str
    current: bool


class SessionList(Message, frozen=True, kw_only=True):
    """Sessions, newest first."""

    sessions: list[SessionView]


class TokenView(Message, frozen=True, kw_only=True):
    """An API token, without its text."""

    id: SessionId
    name: str
    role: RoleName
    cameras: ListedCameras
    created_at: Time
    expires_at: Annotated[float | None, Meta(description="UNIX seconds. Null: never.")]


class TokenList(Message, frozen=True, kw_only=True):
    """The caller's tokens, newest first."""

    tokens: list[TokenView]


class MadeToken(TokenView, frozen=True, kw_only=True):
    """A new token."""

    token: Annotated[str, Meta(description="Its text. It is shown this once.")]


class NewToken(Message, frozen=True, kw_only=True):
    """A token to make, with at most the caller's own role and cameras."""

    name: Name
    role: RoleName
    cameras: ListedCameras | UnsetType = UNSET
    expires_at: Time | UnsetType | None = UNSET
