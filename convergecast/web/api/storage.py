"""`/api/v1/storage`: what clips and pictures of events take, and may take. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET

from convergecast.auth.access import Access, allow
from convergecast.messages.recording import StorageChange
from convergecast.storage.audit import AuditKind, Change, note
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("storage", __name__, url_prefix="/api/v1/storage")
    clips = services.clips

    @routes.get("")
    @allow(Access.INSPECT)
    def storage() -> Response:
        return answer(clips.storage())

    @routes.put("")
    @allow(Access.MANAGE)
    def change() -> Response:
        order = json_body(StorageChange)
        words = []
        if order.budget_bytes is not UNSET:
            clips.check_budget(order.budget_bytes)
            words.append(f"{order.budget_bytes:,} bytes")
        if order.days is not UNSET:
            words.append("no limit of days" if order.days is None else f"{order.days:g} days")
        if words:
            told = Change(
                by=caller().actor,
                at=services.clock.now(),
                action="storage changed",
                kind=AuditKind.SETTINGS,
                detail="; ".join(words),
            )
            services.database.write(lambda connection: note(connection, told))
            clips.change(
                None if order.budget_bytes is UNSET else order.budget_bytes,
                days=None if order.days is UNSET else order.days,
                set_days=order.days is not UNSET,
            )
            services.supervisor.update_all()
        return answer(clips.storage())

    return routes
