"""`/api/v1/users`: the accounts; and one's own password. Process: hub."""

from __future__ import annotations

from flask import Blueprint, Response
from msgspec import UNSET, UnsetType

from convergecast.auth.access import Access, Role, allow
from convergecast.auth.accounts import Account
from convergecast.errors import Forbidden, InvalidInput
from convergecast.messages.accounts import NewUser, User, UserChange, Users
from convergecast.web.api.request_body import answer, json_body
from convergecast.web.caller import caller
from convergecast.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("users", __name__, url_prefix="/api/v1/users")
    accounts = services.gate.accounts

    @routes.get("")
    @allow(Access.INSPECT)
    def users() -> Response:
        return answer(Users(users=[_shown(account) for account in accounts.all()]))

    @routes.post("")
    @allow(Access.MANAGE, checks_secret=True)
    def add() -> Response:
        order = json_body(NewUser)
        cameras = _listed(services, order.cameras)
        made = accounts.add(
            order.name,
            order.password,
            Role(order.role),
            cameras,
            by=caller().actor,
            # The one-time link, which is an administrator's, ends with the first account.
            first_is_admin=not services.gate.has_admin_token,
        )
        return answer(_shown(made), 201)

    @routes.patch("/<name>")
    @allow(Access.OWN, checks_secret=True)
    def change(name: str) -> Response:
        order = json_body(UserChange)
        whose = _whose(services, name, order)
        changed = accounts.change(
            whose,
            password=None if order.password is UNSET else order.password,
            role=None if order.role is UNSET else Role(order.role),
            cameras=_listed(services, order.cameras),
            all_cameras=order.cameras is None,
            keep=caller().session,
            by=caller().actor,
        )
        return answer(_shown(changed))

    @routes.delete("/<name>")
    @allow(Access.MANAGE)
    def remove(name: str) -> Response:
        accounts.remove(name, by=caller().actor)
        return Response(status=204)

    return routes


def _whose(services: Services, name: str, order: UserChange) -> str | Account:
    """Return which account a caller may change as it asks to.

    Its name; or the account itself, where the caller has shown that it knows its password.

    Raises:
        Forbidden: it may not, or the current password is wrong.
        NotFound: there is no such account.
        InvalidInput: the current password is missing, or the new one is the same.
        TooMany: its account has sent too many wrong passwords.
    """
    asking, accounts = caller(), services.gate.accounts
    own = accounts.of_owner(asking.owner)
    is_own = own is not None and own.name.casefold() == name.casefold()
    if not asking.is_at_least(Role.ADMIN):
        if not is_own:
            raise Forbidden("Only an administrator changes the accounts of others.")
        if not (order.role is UNSET and order.cameras is UNSET):
            raise Forbidden("Only an administrator changes a role or a list of cameras.")
    account = own if own is not None and is_own else accounts.get(name)
    if not is_own or order.password is UNSET:
        return account.name
    if order.current_password is UNSET:
        raise InvalidInput("Send current_password, too: the password that is to be replaced.")
    services.sign_ins.check(asking.counted_as)
    known = accounts.sign_in(account.name, order.current_password)
    if known is None:
        services.sign_ins.failed(asking.counted_as)
        raise Forbidden("The current password is wrong.")
    if order.password == order.current_password:
        raise InvalidInput("This is the password that you have: choose another.")
    return known


def _listed(services: Services, cameras: list[str] | UnsetType | None) -> list[str] | None:
    """Return a list of cameras, None where there is none; raises NotFound for one that is gone."""
    if cameras is UNSET:
        return None
    for camera_id in cameras or ():
        services.camera(caller(), camera_id)
    return cameras


def _shown(account: Account) -> User:
    return User(
        name=account.name,
        role=account.role.value,
        cameras=None if account.cameras is None else sorted(account.cameras),
        created_at=account.created_at,
    )
