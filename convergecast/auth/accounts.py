"""Accounts: who may sign in, what each may do, and which cameras it sees.

They are held in memory too, so that asking for one waits for no disk. A command may change them
beside a live hub, which reads them again when `mark_changed` has left a new mark.

Process: hub, command.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from convergecast.auth import api_tokens, sessions
from convergecast.auth.access import Role
from convergecast.auth.passwords import Passwords, check_password
from convergecast.auth.sessions import SessionKey
from convergecast.clock import Clock
from convergecast.errors import Conflict, InvalidInput, NotFound, TooMany
from convergecast.storage import audit, views
from convergecast.storage.audit import Actor, AuditKind, Change
from convergecast.storage.database import Database
from convergecast.storage.hub_values import set_value, stored_value

MAX_ACCOUNTS = 1000
MAX_LISTED = 1000
"""The most cameras in an account's list."""
ADMINISTRATORS_SEE_ALL = "An administrator sees every camera: leave the list of cameras out."
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,39}")
_MARK = "accounts_mark"

_READ = "SELECT id, name, password_hash, role, cameras, version, created_at FROM accounts"
_INSERT = """
INSERT INTO accounts (name, password_hash, role, cameras, version, created_at)
VALUES (?, ?, ?, ?, 1, ?)
"""
_UPDATE = """
UPDATE accounts SET password_hash = coalesce(?, password_hash), role = ?, cameras = ?,
    version = version + 1 WHERE id = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may sign in.

    Attributes:
        id: its number, never given twice.
        name: what is typed at the sign-in; large and small letters are the same.
        password_hash: argon2's text.
        role: what it may do.
        cameras: ids of the cameras that it sees; None: all.
        version: one more with each change of password, role or cameras.
        created_at: UNIX seconds.
    """

    id: int
    name: str
    password_hash: str = field(repr=False)
    role: Role
    cameras: frozenset[str] | None
    version: int
    created_at: float

    @property
    def owner(self) -> str:
        """What its sessions and tokens are found by."""
        return str(self.id)


class Accounts:
    """Every account; methods may be called from any thread.

    Args:
        database: where they are kept.
        clock: says when one was made.
        passwords: hashes and compares.
        on_change: called after each change that is made here; None: they are read again.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        passwords: Passwords,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """Read them."""
        self._on_change = on_change or self.read
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._lock = threading.Lock()
        self._by_owner: dict[str, Account] = {}
        self.read()

    def read(self) -> None:
        """Read them again: they have been changed in the database."""
        with self._lock:
            found = [_account(row) for row in self._database.read(_READ)]
            self._by_owner = {account.owner: account for account in found}

    def all(self) -> list[Account]:
        """Return all, by name."""
        return sorted(self._by_owner.values(), key=lambda account: account.name.casefold())

    def of_owner(self, owner: str) -> Account | None:
        """Return the account that a session or token belongs to; None where it has gone."""
        return self._by_owner.get(owner)

    def get(self, name: str) -> Account:
        """Return an account by its name; raises NotFound."""
        found = self._named(name)
        if found is None:
            raise NotFound("There is no such account.")
        return found

    def sign_in(self, name: str, password: str) -> Account | None:
        """Return the account of a name and password; one wrong takes as long as the other."""
        account = self._named(name)
        stored = account.password_hash if account else None
        return account if self._passwords.is_right(password, stored) else None

    def add(
        self,
        name: str,
        password: str,
        role: Role,
        cameras: Sequence[str] | None = None,
        *,
        by: Actor,
        first_is_admin: bool = False,
    ) -> Account:
        """Make an account.

        Args:
            name, password, role, cameras: of the account; see `Account`.
            by: who makes it.
            first_is_admin: whether nobody else is administrator while there is no account.

        Raises:
            InvalidInput: a name, password or list that cannot be.
            Conflict: there is one of this name, an administrator would have a list, or it is the
                first account and must be an administrator's.
            TooMany: there are as many as may be.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                "A name has 1 to 40 letters (a to z), digits, dots, dashes, underscores or @, and "
                "begins with a letter or digit."
            )
        check_password(password, name)
        listed = _listed(role, cameras)
        stored, now = self._passwords.hash(password), self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            there = connection.execute("SELECT count(*) FROM accounts").fetchone()[0]
            if there >= MAX_ACCOUNTS:
                raise TooMany(f"There are {MAX_ACCOUNTS} accounts already.")
            if first_is_admin and not there and role is not Role.ADMIN:
                raise Conflict(
                    "The first account must be an administrator's: make one of the role admin."
                )
            try:
                connection.execute(_INSERT, (name, stored, role, listed, now))
            except sqlite3.IntegrityError as error:
                raise Conflict(f"There is an account called {name} already.") from error
            self._note(connection, by, "added", name, _told(role, listed))
            mark_changed(connection)

        self._database.write(write)
        self._on_change()
        return self.get(name)

    def change(
        self,
        whose: str | Account,
        *,
        password: str | None = None,
        role: Role | None = None,
        cameras: Sequence[str] | None = None,
        all_cameras: bool = False,
        keep: SessionKey | None = None,
        by: Actor,
    ) -> Account:
        """Change an account; where it is another then, its sessions end, but for the one to keep.

        A password that is given by others ends its tokens, too: whoever had it may have made some.

        Args:
            whose: its name; or, where its own password was shown, the account: it is changed only
                if it is still as that.
            password, role: the new ones; None: they stay.
            cameras: the new list; None: it stays.
            all_cameras: whether there is no list from now on.
            keep: a session that goes on.
            by: who changes it.

        Raises:
            NotFound: there is no such account.
            InvalidInput: a password or list that cannot be.
            Conflict: it is the last administrator, an administrator would have a list, or the
                account is not as it was.
        """
        self.read()
        account, stored = self.get(whose) if isinstance(whose, str) else whose, None
        if password is not None:
            check_password(password, account.name)
            stored = self._passwords.hash(password)

        def write(connection: sqlite3.Connection) -> bool:
            # As it is now: another may have changed it while the password was hashed.
            now = _found(connection, account.id)
            if account is whose and account.version != now.version:
                raise Conflict("This account was changed meanwhile: sign in again.")
            new_role = role or now.role
            kept = now.cameras if new_role is not Role.ADMIN and not all_cameras else None
            wanted = sorted(kept) if cameras is None and kept is not None else cameras
            new, old = (new_role, _listed(new_role, wanted)), (now.role, _stored(now.cameras))
            if stored is None and new == old:
                return False
            if new_role is not Role.ADMIN:
                _check_not_last(connection, now)
            connection.execute(_UPDATE, (stored, *new, account.id))
            sessions.renew(connection, account.owner, now.version + 1, keep)
            words = []
            if stored is not None:
                words = ["password"]
                if account is not whose and api_tokens.remove_of(connection, account.owner):
                    words.append("its tokens ended")
            words += [_told(*new)] if new != old else []
            self._note(connection, by, "changed", account.name, "; ".join(words))
            mark_changed(connection)
            return True

        if self._database.write(write):
            self._on_change()
        return self.get(account.name)

    def remove(self, name: str, *, by: Actor) -> Account:
        """Remove an account and end its sessions; return what it was.

        Args:
            name: whose.
            by: who removes it.

        Raises:
            NotFound: there is no such account.
            Conflict: it is the last administrator.
        """
        account = self.get(name)

        def write(connection: sqlite3.Connection) -> None:
            _check_not_last(connection, _found(connection, account.id))
            connection.execute("DELETE FROM accounts WHERE id = ?", (account.id,))
            sessions.renew(connection, account.owner, -1, None)
            api_tokens.remove_of(connection, account.owner)
            views.remove_of(connection, account.owner)
            self._note(connection, by, "removed", account.name)
            mark_changed(connection)

        self._database.write(write)
        self._on_change()
        return account

    def _note(
        self, connection: sqlite3.Connection, by: Actor, action: str, name: str, detail: str = ""
    ) -> None:
        change = Change(
            by=by,
            at=self._clock.now(),
            action=action,
            kind=AuditKind.ACCOUNT,
            subject=name,
            detail=detail,
        )
        audit.note(connection, change)

    def _named(self, name: str) -> Account | None:
        wanted = name.casefold()
        return next((a for a in self._by_owner.values() if a.name.casefold() == wanted), None)


def mark_changed(connection: sqlite3.Connection) -> None:
    """Within a change of accounts, sessions or tokens: have a live hub read them again."""
    set_value(connection, _MARK, secrets.token_hex(8))


def change_mark(database: Database) -> str | None:
    """Return the mark of the newest change."""
    return stored_value(database, _MARK)


def _found(connection: sqlite3.Connection, number: int) -> Account:
    """Return an account as the database has it; raises NotFound."""
    row = connection.execute(f"{_READ} WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFound("There is no such account.")
    return _account(row)


def _account(row: sqlite3.Row) -> Account:
    cameras = row["cameras"]
    return Account(
        id=row["id"],
        name=row["name"],
        password_hash=row["password_hash"],
        role=Role(row["role"]),
        cameras=None if cameras is None else frozenset(json.loads(cameras)),
        version=row["version"],
        created_at=row["created_at"],
    )


def _listed(role: Role, cameras: Sequence[str] | None) -> str | None:
    """Return a list of cameras as it is stored; raises InvalidInput and Conflict."""
    if cameras is None:
        return None
    if role is Role.ADMIN:
        raise Conflict(ADMINISTRATORS_SEE_ALL)
    if len(cameras) > MAX_LISTED:
        raise InvalidInput(f"A list has at most {MAX_LISTED} cameras.")
    return _stored(frozenset(cameras))


def _stored(cameras: frozenset[str] | None) -> str | None:
    return None if cameras is None else json.dumps(sorted(cameras))


def _told(role: Role, listed: str | None) -> str:
    """Return role and cameras, for the audit."""
    if listed is None:
        return f"{role}; all cameras"
    cameras = ", ".join(json.loads(listed))
    return f"{role}; cameras {cameras}" if cameras else f"{role}; no camera"


def _check_not_last(connection: sqlite3.Connection, account: Account) -> None:
    if account.role is not Role.ADMIN:
        return
    others = "SELECT count(*) FROM accounts WHERE role = 'admin' AND id <> ?"
    if not connection.execute(others, (account.id,)).fetchone()[0]:
        raise Conflict(f"{account.name} is the last administrator: make another one first.")
