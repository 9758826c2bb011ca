"""The query and the answer of the audit. Process: hub."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from convergecast.checks import MUST_BE
from convergecast.messages.api import ListQuery
from convergecast.messages.values import Message, Time
from convergecast.storage.audit import AuditKind


class AuditQuery(ListQuery, frozen=True, kw_only=True):
    """The entries to return."""

    kind: Annotated[
        list[AuditKind],
        Meta(
            description="Only what is about these. The default is all.",
            extra={MUST_BE: f"one of {', '.join(AuditKind)}"},
        ),
    ] = msgspec.field(default_factory=list)


class AuditEntry(Message, frozen=True, kw_only=True):
    """A change, and who made it. It has no names of people."""

    id: Annotated[str, Meta(description="Newer entries have higher numbers.")]
    at: Time
    action: str
    kind: Annotated[AuditKind, Meta(description="What it is about.")]
    subject: Annotated[
        str | None, Meta(description="Its id, or the name of an account. Null: several, or one.")
    ]
    person: Annotated[str | None, Meta(description="The id of a person, if it is about one.")]
    other: Annotated[str | None, Meta(description="The id of the person who was merged in.")]
    by: Annotated[str, Meta(description="An account, or what stands for it.")]
    via: Annotated[str, Meta(description="The credential. Empty: not known, or the hub itself.")]
    address: Annotated[str, Meta(description="A literal address. Empty: not known, or none.")]
    detail: str


class Audit(Message, frozen=True, kw_only=True):
    """The entries, newest first."""

    entries: list[AuditEntry]
