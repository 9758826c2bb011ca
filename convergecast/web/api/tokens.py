"""`/api/v1/tokens`: one's own API tokens. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET
from msgspec.structs import asdict

from convergecast.auth.access import Access, Role, allow
from convergecast.auth.accounts import ADMINISTRATORS_SEE_ALL
from convergecast.auth.api_tokens import NO_SUCH_TOKEN, ApiToken
from convergecast.auth.caller import Caller
from convergecast.errors import Conflict, Forbidden, NotFound
from convergecast.messages.accounts import MadeToken, NewToken, TokenList, TokenView
from convergecast.messages.api import ListQuery
from convergecast.names import shown_name
from convergecast.web.api.request_body import answer, json_body, query
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("tokens", __name__, url_prefix="/api/v1/tokens")
    gate = services.gate

    @routes.get("")
    @allow(Access.VIEW)
    def tokens() -> Response:
        asked = query(ListQuery)
        found = [each for each in _of_caller() if asked.includes(each[0].id)][: asked.most]
        return answer(TokenList(tokens=[_shown(*each) for each in found]))

    @routes.post("")
    @allow(Access.OWN)
    def make() -> Response:
        order, asking = json_body(NewToken), caller()
        role, cameras = Role(order.role), asking.cameras
        if asking.token is not None:
            raise Forbidden("A token makes no tokens: sign in on the hub's page.")
        if not (gate.has_admin_token or gate.accounts.of_owner(asking.owner)):
            raise Conflict(
                "Sign in with an account first, or make one on the page Accounts: it can list the "
                "token, and end it."
            )
        if not asking.is_at_least(role):
            raise Forbidden(f"A token has at most your own role, {asking.role}.")
        if order.cameras is not UNSET and order.cameras is not None:
            cameras = _listed(services, order.cameras, role)
        expires_at = None if order.expires_at is UNSET else order.expires_at
        if expires_at is not None and expires_at <= services.clock.now():
            raise Conflict("expires_at must be in the future.")
        token, text = gate.tokens.add(
            asking.owner, shown_name(order.name), role, cameras, expires_at, asking.actor
        )
        holder = gate.token_holder(token)
        if holder is None:
            raise NotFound("Your account was removed meanwhile.")
        return answer(MadeToken(**asdict(_shown(token, holder)), token=text), 201)

    @routes.delete("/<token_id>")
    @allow(Access.OWN)
    def end(token_id: str) -> Response:
        for token, _ in _of_caller():
            if str(token.id) == token_id:
                gate.tokens.end(token, caller().actor)
                return Response(status=204)
        raise NotFound(NO_SUCH_TOKEN)

    def _of_caller() -> list[tuple[ApiToken, Caller]]:
        """Return the caller's tokens, and what each may now."""
        mine = [token for token in gate.tokens.all() if token.owner == caller().owner]
        return [(token, holder) for token in mine if (holder := gate.token_holder(token))]

    return routes


def _listed(services: Services, cameras: list[str], role: Role) -> frozenset[str]:
    """Return a list of cameras.

    Raises:
        Conflict: an administrator would have a list.
        NotFound: a camera does not exist for the caller.
    """
    if role is Role.ADMIN:
        raise Conflict(ADMINISTRATORS_SEE_ALL)
    for camera_id in cameras:
        services.camera(caller(), camera_id)
    return frozenset(cameras)


def _shown(token: ApiToken, holder: Caller) -> TokenView:
    """Return what a token may now, and of its cameras those that exist for the caller."""
    lists = [each for each in (holder.cameras, caller().cameras) if each is not None]
    return TokenView(
        id=str(token.id),
        name=token.name,
        role=(holder.role or token.role).value,
        cameras=sorted(frozenset.intersection(*lists)) if lists else None,
        created_at=token.created_at,
        expires_at=token.expires_at,
    )
