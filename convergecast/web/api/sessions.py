"""`/api/v1/sessions`: which browsers are signed in; end them. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response

from convergecast.auth.access import Access, Role, allow
from convergecast.auth.sessions import Session
from convergecast.errors import NotFound
from convergecast.messages.accounts import SessionList, SessionView
from convergecast.messages.api import ListQuery
from convergecast.web.api.request_body import answer, query
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("sessions", __name__, url_prefix="/api/v1/sessions")
    gate = services.gate

    @routes.get("")
    @allow(Access.VIEW)
    def sessions() -> Response:
        asked = query(ListQuery)
        found = [each for each in _of_caller() if asked.includes(each.id)][: asked.most]
        return answer(SessionList(sessions=[_shown(each) for each in found]))

    @routes.delete("")
    @allow(Access.OWN)
    def end_all() -> Response:
        gate.sessions.end([session.key for session in _of_caller()], caller().actor)
        return Response(status=204)

    @routes.delete("/<session_id>")
    @allow(Access.OWN)
    def end(session_id: str) -> Response:
        found = [session.key for session in _of_caller() if str(session.id) == session_id]
        if not found:
            raise NotFound("There is no such session: it may have ended.")
        gate.sessions.end(found, caller().actor)
        return Response(status=204)

    def _of_caller() -> list[Session]:
        """Return the sessions that exist for the caller: its own, or all for an administrator."""
        asking = caller()
        everyone = asking.is_at_least(Role.ADMIN)
        return [
            session
            for session in gate.sessions.all()
            if gate.holder(session) and (everyone or session.owner == asking.owner)
        ]

    def _shown(session: Session) -> SessionView:
        holder = gate.holder(session)
        return SessionView(
            id=str(session.id),
            user=holder.name if holder else "",
            created_at=session.created_at,
            expires_at=session.expires_at,
            seen_at=gate.sessions.seen_at(session),
            address=session.address,
            browser=session.browser,
            current=session.key == caller().session,
        )

    return routes
