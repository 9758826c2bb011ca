"""`/api/v1/views`: which cameras a caller shows together, and those that are shared.

A view is its account's. Callers with less than the role of an operator see what their account
shares, and what it has of cameras that do not exist for them, but do not change it.

Process: hub.
"""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response
from msgspec import UNSET

from convergecast.auth.access import Access, Role, allow
from convergecast.auth.caller import Caller, may_see
from convergecast.cameras.camera import Approval
from convergecast.cameras.registry import NO_SUCH_CAMERA
from convergecast.errors import Forbidden, InvalidInput, NotFound, TooMany
from convergecast.messages.views import MAX_VIEWS, NewView, NewViews, Views, ViewShown
from convergecast.names import shown_name
from convergecast.storage import audit
from convergecast.storage.audit import AuditKind, Change
from convergecast.storage.views import View, replace_views, stored_views
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services

_HUB = "hub"
"""The owner of what is kept without an account; unlike that of sessions it stays the same."""


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("views", __name__, url_prefix="/api/v1/views")

    @routes.get("")
    @allow(Access.VIEW)
    def views() -> Response:
        return answer(_CallersViews(services, caller()).shown())

    @routes.put("")
    @allow(Access.OWN)
    def change() -> Response:
        found = _CallersViews(services, caller())
        found.replace(json_body(NewViews).views)
        return answer(found.shown())

    return routes


class _CallersViews:
    """The views that exist for a caller, and the change of its own."""

    def __init__(self, services: Services, asking: Caller) -> None:
        """Note which cameras exist for the caller."""
        self._services = services
        self._asking = asking
        self._owner = asking.owner if services.gate.accounts.of_owner(asking.owner) else _HUB
        self._cameras = {
            camera.id
            for camera in services.registry.all()
            if camera.approval is not Approval.REJECTED and may_see(asking, camera.id)
        }

    def shown(self) -> Views:
        """Return the caller's views, then those that others share."""
        found = [each for each in stored_views(self._services.database) if self._exists(each)]
        found.sort(key=lambda each: (each.owner != self._owner, not self._is_own(each)))
        return Views(views=[self._shown(each) for each in found])

    def replace(self, views: list[NewView]) -> None:
        """Have these be the caller's views; those that are not its own stay.

        Raises:
            InvalidInput: a name that cannot be, or twice the same.
            NotFound: a camera does not exist for the caller.
            Forbidden: one is shared, and the caller is no operator.
            TooMany: there are more than may be.
        """
        checked = [(each, _stored(each, self._owner)) for each in views]
        new = [stored for sent, stored in checked if sent.own is not False]
        names = [each.name.casefold() for each in new]
        for each in new:
            if names.count(each.name.casefold()) > 1:
                raise InvalidInput(f"Two views are called {each.name}: give each another name.")
            if each.shared and not self._asking.is_at_least(Role.OPERATOR):
                raise Forbidden("Only an operator shares views.")
            if not self._cameras.issuperset(each.cameras):
                raise NotFound(NO_SUCH_CAMERA)

        def write(connection: sqlite3.Connection) -> None:
            before = [each for each in stored_views(connection) if each.owner == self._owner]
            kept = [each for each in before if not (self._exists(each) and self._is_own(each))]
            now = [*new, *kept]
            if len(now) > MAX_VIEWS:
                raise TooMany(f"An account has at most {MAX_VIEWS} views: remove some first.")
            replace_views(connection, self._owner, now)
            was_shared, is_shared = (list(filter(self._is_shared, all_)) for all_ in (before, now))
            if was_shared != is_shared:
                audit.note(connection, self._change(was_shared, is_shared))

        self._services.database.write(write)

    def _exists(self, view: View) -> bool:
        mine = view.owner == self._owner
        return (mine or self._is_shared(view)) and not self._cameras.isdisjoint(view.cameras)

    def _is_shared(self, view: View) -> bool:
        """Whether everybody sees it: its owner shares it, and is an operator still."""
        account = self._services.gate.accounts.of_owner(view.owner)
        may = view.owner == _HUB or (account and account.role.includes(Role.OPERATOR))
        return view.shared and bool(may)

    def _is_own(self, view: View) -> bool:
        may = self._asking.is_at_least(Role.OPERATOR) or not self._is_shared(view)
        return view.owner == self._owner and may

    def _shown(self, view: View) -> ViewShown:
        return ViewShown(
            name=view.name,
            cameras=[each for each in view.cameras if each in self._cameras],
            columns=view.columns,
            shape=view.shape,
            shared=self._is_shared(view),
            own=self._is_own(view),
        )

    def _change(self, before: list[View], now: list[View]) -> Change:
        words = [each.name for each in now if each not in before]
        gone = {each.name for each in before} - {each.name for each in now}
        words += [f"{name} removed" for name in sorted(gone)]
        return Change(
            by=self._asking.actor,
            at=self._services.clock.now(),
            action="shared views changed",
            kind=AuditKind.VIEW,
            detail="; ".join(words) or "their order",
        )


def _stored(view: NewView, owner: str) -> View:
    """Return a view as it is stored; raises InvalidInput."""
    if len(set(view.cameras)) < len(view.cameras):
        raise InvalidInput(f"The view {view.name} has a camera twice: name each once.")
    return View(
        owner=owner,
        name=shown_name(view.name),
        cameras=tuple(view.cameras),
        columns=None if view.columns is UNSET else view.columns,
        shape=None if view.shape is UNSET else view.shape,
        shared=view.shared is True,
    )
