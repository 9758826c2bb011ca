"""`GET /api/v1/audit`: what was changed, and by whom. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, allow
from convergecast.messages.audit import Audit, AuditEntry, AuditQuery
from convergecast.storage.audit import AuditKind, Change, newest
from convergecast.web.api.request_body import answer, query
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the route."""
    routes = Blueprint("audit", __name__)

    @routes.get("/api/v1/audit")
    @allow(Access.INSPECT)
    def audit() -> Response:
        asked = query(AuditQuery)
        kinds = tuple(asked.kind)
        found = newest(services.database, asked.most, before=asked.below, kinds=kinds)
        return answer(Audit(entries=[_shown(*each) for each in found]))

    return routes


def _shown(number: int, change: Change) -> AuditEntry:
    is_person = change.kind is AuditKind.PERSON
    return AuditEntry(
        id=str(number),
        at=change.at,
        action=change.action,
        kind=change.kind,
        subject=change.subject,
        person=change.subject if is_person else None,
        other=change.other,
        by=change.by.name,
        via=change.by.via,
        address=change.by.address,
        detail=change.detail,
    )
