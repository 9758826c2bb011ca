"""Signs people in: accounts, the administrator's token, the one-time link.

Secrets are compared in constant time, stored as hashes where the hub need not show them again,
and never logged. Everything is kept in memory too, so that asking never waits for a disk.

Process: hub.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
import threading

from convergecast.auth.access import Role
from convergecast.auth.accounts import Accounts, change_mark
from convergecast.auth.api_tokens import ApiToken, ApiTokens
from convergecast.auth.caller import Caller, CallerKind
from convergecast.auth.passwords import Passwords
from convergecast.auth.sessions import Session, Sessions
from convergecast.auth.trivial import is_trivial
from convergecast.clock import Clock
from convergecast.errors import ConvergeCastError, InvalidInput
from convergecast.storage.audit import Actor
from convergecast.storage.database import Database

ADMIN_TOKEN_VARIABLE = "CONVERGECAST_ADMIN_TOKEN"
LINK_HOURS = 24
_MIN_ADMIN_TOKEN = 16
_MARK_LETTERS = 8
_CLIENT, _PAGE = "an API client", "the hub's page"
_BY_ADMIN_TOKEN = "the administrator's token"
_LOOK_EVERY_S = 0.5

log = logging.getLogger("sign-in")


class Gate:
    """Knows who may come in.

    What belongs to an account is found by the account's number. What belongs to the administrator's
    token or the link is the hub's own: `hub` and a mark of the token, so that another token, or
    none, ends it all. The mark is enough to notice a change, and too short to find the token by.

    Args:
        database: where accounts and sessions outlive the hub.
        clock: for the sessions' end.
        admin_token: `CONVERGECAST_ADMIN_TOKEN`, or None; raises InvalidInput when it is weak.
        passwords: hashes passwords; None: at the usual cost.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        admin_token: str | None,
        passwords: Passwords | None = None,
    ) -> None:
        """Read what is stored and make this start's link."""
        if admin_token is not None:
            check_admin_token(admin_token)
        self._database = database
        self._clock = clock
        self._admin_token = admin_token
        self._lock = threading.Lock()
        self._link_token, self._link_until = self._new_link()
        self._mark = change_mark(database)
        self.accounts = Accounts(database, clock, passwords or Passwords(), self.refresh)
        self.sessions = Sessions(database, clock)
        self.tokens = ApiTokens(database, clock)
        self.hub_owner = _hub_owner(admin_token)

    @property
    def has_admin_token(self) -> bool:
        """Whether an administrator's token was configured."""
        return self._admin_token is not None

    @property
    def offers_link(self) -> bool:
        """Whether the link signs in: while there is neither an account nor a token."""
        return not (self.has_admin_token or self.accounts.all())

    def link_token(self) -> str:
        """Return what the next first link carries: whoever opens it first, in time, signs in."""
        with self._lock:
            return self._link_token

    def sign_in(self, token: str, address: str = "", browser: str = "") -> str | None:
        """Trade an administrator's or one-time token for a session; return the cookie's value.

        Raises:
            Unavailable: the session cannot be stored; there is none then.
        """
        if self.is_token(token):
            by = Actor(_PAGE, _BY_ADMIN_TOKEN, address)
            return self.sessions.add(self.hub_owner, 0, by, browser)
        return self.sign_in_by_link(token, address, browser)

    def sign_in_by_link(self, token: str, address: str = "", browser: str = "") -> str | None:
        """Trade the one-time token of a link, as `sign_in` does; no other token is taken."""
        if not self._use_link_token(token):
            return None
        by = Actor(_PAGE, "the one-time link", address)
        return self.sessions.add(self.hub_owner, 0, by, browser)

    def sign_in_as(
        self, name: str, password: str, address: str = "", browser: str = ""
    ) -> str | None:
        """Trade an account's name and password for a session; return the cookie's value.

        A wrong name takes as long as a wrong password.

        Raises:
            Unavailable: the session cannot be stored; there is none then.
        """
        account = self.accounts.sign_in(name, password)
        if account is None:
            return None
        by = Actor(account.name, "password", address)
        return self.sessions.add(account.owner, account.version, by, browser)

    def sign_out(self, cookie: str, by: Actor) -> None:
        """End a session: at once here, and in the database.

        Raises:
            Unavailable: it cannot be taken off the disk, and would be back after a restart.
        """
        session = self.sessions.of_cookie(cookie)
        if session is not None:
            self.sessions.end([session.key], by)

    def by_session(self, cookie: str | None) -> Caller | None:
        """Return whom a cookie's value signs in, or None; from memory."""
        session = self.sessions.of_cookie(cookie)
        return self.holder(session) if session else None

    def by_token(self, token: str) -> Caller | None:
        """Return whom a token stands for, or None; from memory."""
        if self.is_token(token):
            return Caller(
                kind=CallerKind.TOKEN,
                name=_CLIENT,
                via=_BY_ADMIN_TOKEN,
                role=Role.ADMIN,
                owner=self.hub_owner,
            )
        found = self.tokens.find(token)
        return self.token_holder(found) if found else None

    def may_stay(self, caller: Caller) -> bool:
        """Whether one who was let in is still who it was, and may what it might; from memory."""
        if caller.token is not None:
            token = self.tokens.get(caller.token)
            return token is not None and self.token_holder(token) == caller
        if caller.session is None:
            return True
        session = self.sessions.find(caller.session)
        return session is not None and self.holder(session) == caller

    def holder(self, session: Session) -> Caller | None:
        """Return who a session is; None where its account has changed or gone."""
        if session.owner == self.hub_owner:
            return Caller(
                kind=CallerKind.SESSION,
                name=_PAGE,
                via=f"session {session.id}",
                role=Role.ADMIN,
                owner=session.owner,
                session=session.key,
            )
        account = self.accounts.of_owner(session.owner)
        if account is None or account.version != session.version:
            return None
        return Caller(
            kind=CallerKind.SESSION,
            name=account.name,
            via=f"session {session.id}",
            role=account.role,
            cameras=account.cameras,
            owner=account.owner,
            session=session.key,
        )

    def token_holder(self, token: ApiToken) -> Caller | None:
        """Return who a token is: at most what its owner is now; None where the owner has gone.

        The hub's own count while there is an administrator's token, whose holders can end them.
        """
        name, role, cameras = _CLIENT, token.role, token.cameras
        if token.owner != self.hub_owner or not self.has_admin_token:
            account = self.accounts.of_owner(token.owner)
            if account is None:
                return None
            name, role = account.name, min(role, account.role, key=list(Role).index)
            if account.cameras is not None:
                cameras = account.cameras & (account.cameras if cameras is None else cameras)
        return Caller(
            kind=CallerKind.TOKEN,
            name=name,
            via=f"token {token.name}",
            role=role,
            cameras=cameras,
            owner=token.owner,
            token=token.id,
        )

    async def follow(self) -> None:
        """Notice what commands change beside this hub, without end."""
        failing = False
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await asyncio.to_thread(self.refresh)
            except ConvergeCastError as problem:
                if not failing:
                    log.error("changes of accounts are not noticed: %s", problem)
                failing = True
            else:
                failing = False

    def refresh(self) -> None:
        """Read again what a command has changed beside this hub.

        Raises:
            Unavailable: the database cannot be read now.
        """
        mark = change_mark(self._database)
        if mark != self._mark:
            self.accounts.read()
            self.sessions.read()
            self.tokens.read()
            self._mark = mark

    def is_token(self, token: str) -> bool:
        """Whether this is the administrator's token; in constant time."""
        return self._admin_token is not None and _same(token, self._admin_token)

    def _use_link_token(self, token: str) -> bool:
        with self._lock:
            if not _same(token, self._link_token) or not self.offers_link:
                return False
            in_time = self._clock.now() < self._link_until
            self._link_token, self._link_until = self._new_link()
            return in_time

    def _new_link(self) -> tuple[str, float]:
        return secrets.token_urlsafe(24), self._clock.now() + LINK_HOURS * 3600


def check_admin_token(token: str) -> None:
    """Raise InvalidInput unless the token is long and printable enough, and not trivial."""
    if len(token) < _MIN_ADMIN_TOKEN or not token.isascii() or not token.isprintable():
        raise InvalidInput(
            f"{ADMIN_TOKEN_VARIABLE} must have at least {_MIN_ADMIN_TOKEN} printable ASCII "
            "characters"
        )
    if is_trivial(token):
        raise InvalidInput(
            f"{ADMIN_TOKEN_VARIABLE} is among the first that anybody would try: choose another, "
            "for instance what `openssl rand -hex 20` prints"
        )


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _hub_owner(admin_token: str | None) -> str:
    if admin_token is None:
        return "hub"
    digest = hashlib.sha256(b"ConvergeCast administrator's token\0" + admin_token.encode())
    return f"hub {digest.hexdigest()[:_MARK_LETTERS]}"
