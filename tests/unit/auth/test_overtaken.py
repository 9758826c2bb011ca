"""What is changed while another change is on its way: it is not undone, and what ended stays so."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from convergecast.auth import sessions
from convergecast.auth.access import Role
from convergecast.auth.accounts import Accounts
from convergecast.auth.gate import Gate
from convergecast.auth.passwords import Passwords
from convergecast.config import HubConfig
from convergecast.errors import Conflict, NotFound
from convergecast.hub import Hub
from convergecast.storage.audit import newest
from convergecast.storage.database import Database
from convergecast.web.asgi import create_asgi
from tests.fakes import FakeClock
from tests.support.asgi import ask
from tests.support.callers import CHEAP, TESTER

PASSWORD, OTHER, THIRD = "four words that differ", "and four quite new ones", "a third one, as long"
Overtake = Callable[[Callable[[], object]], None]


@pytest.fixture
def gate(database: Database) -> Gate:
    passwords = Passwords(CHEAP)
    gate = Gate(database=database, clock=FakeClock(), admin_token=None, passwords=passwords)
    gate.accounts.add("root", PASSWORD, Role.ADMIN, by=TESTER)
    gate.accounts.add("anna", PASSWORD, Role.OPERATOR, ["a", "b"], by=TESTER)
    return gate


@pytest.fixture
def overtake(monkeypatch: pytest.MonkeyPatch) -> Overtake:
    """Have something else be done while the next password is hashed, which takes a while."""
    hash_ = Passwords.hash

    def once(change: Callable[[], object]) -> None:
        def slow(self: Passwords, password: str) -> str:
            monkeypatch.setattr(Passwords, "hash", hash_)
            change()
            return hash_(self, password)

        monkeypatch.setattr(Passwords, "hash", slow)

    return once


def test_a_new_password_does_not_undo_a_demotion(gate: Gate, overtake: Overtake) -> None:
    accounts = gate.accounts
    overtake(lambda: accounts.change("anna", role=Role.VIEWER, cameras=["b"], by=TESTER))
    accounts.change("anna", password=OTHER, by=TESTER)
    account = accounts.get("anna")
    assert (account.role, account.cameras) == (Role.VIEWER, frozenset({"b"}))
    assert accounts.sign_in("anna", OTHER)


def test_a_new_password_does_not_undo_a_promotion_that_others_rely_on(
    gate: Gate, overtake: Overtake
) -> None:
    """Root goes, because anna is an administrator by now."""

    def hand_over() -> None:
        gate.accounts.change("anna", role=Role.ADMIN, by=TESTER)
        gate.accounts.remove("root", by=TESTER)

    overtake(hand_over)
    gate.accounts.change("anna", password=OTHER, by=TESTER)
    assert [(each.name, each.role) for each in gate.accounts.all()] == [("anna", Role.ADMIN)]
    with pytest.raises(Conflict, match="last administrator"):
        gate.accounts.change("anna", role=Role.VIEWER, by=TESTER)


def test_who_knows_the_old_password_does_not_overtake_its_replacement(
    gate: Gate, overtake: Overtake, database: Database
) -> None:
    known = gate.accounts.sign_in("anna", PASSWORD)
    assert known
    overtake(lambda: gate.accounts.change("anna", password=OTHER, by=TESTER))
    with pytest.raises(Conflict, match="changed meanwhile"):
        gate.accounts.change(known, password=THIRD, by=TESTER)
    assert gate.accounts.sign_in("anna", OTHER) and not gate.accounts.sign_in("anna", THIRD)
    details = [change.detail for _, change in newest(database, 2)]
    assert details == ["password", "operator; cameras a, b"], "one change, and anna's beginning"


def test_two_administrators_who_demote_each_other_at_once_leave_one(
    gate: Gate, database: Database
) -> None:
    """One of them by the hub, the other by a command beside it, again and again."""
    gate.accounts.change("anna", role=Role.ADMIN, by=TESTER)
    second = Database(database.path)
    beside = Accounts(second, FakeClock(), Passwords(CHEAP))
    outcomes: list[str] = []

    def demote(accounts: Accounts, name: str) -> None:
        meet.wait()
        try:
            accounts.change(name, role=Role.VIEWER, by=TESTER)
            outcomes.append("done")
        except Conflict:
            outcomes.append("refused")

    for _ in range(25):
        meet = threading.Barrier(2)
        both = [
            threading.Thread(target=demote, args=each)
            for each in ((gate.accounts, "root"), (beside, "anna"))
        ]
        for each in both:
            each.start()
        for each in both:
            each.join()
        gate.refresh()
        (left,) = [each.name for each in gate.accounts.all() if each.role is Role.ADMIN]
        assert sorted(outcomes) == ["done", "refused"]
        outcomes.clear()
        (other,) = {"root", "anna"} - {left}
        gate.accounts.change(other, role=Role.ADMIN, by=TESTER)
    second.close()


def test_what_a_change_has_read_is_still_so_when_it_is_made(database: Database) -> None:
    """Beside it writes a command: it waits."""
    beside = sqlite3.connect(database.path, timeout=0, check_same_thread=False)

    def write(connection: sqlite3.Connection) -> int:
        (count,) = connection.execute("SELECT count(*) FROM accounts").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            beside.execute("DELETE FROM accounts")
        return int(count)

    assert database.write(write) == 0
    beside.close()


@pytest.fixture
def read_meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Gate], None]:
    """Have all be read again while the next change is stored, as another's change has it read."""

    def once(gate: Gate) -> None:
        write, readers = Database.write, []

        def slow(self: Database, work: Callable[[sqlite3.Connection], object]) -> object:
            monkeypatch.setattr(Database, "write", write)
            for part in (gate.sessions, gate.tokens):
                readers.append(threading.Thread(target=part.read))
                readers[-1].start()
                readers[-1].join(0.2)
            return write(self, work)

        monkeypatch.setattr(Database, "write", slow)

    return once


def test_an_ended_session_does_not_come_back(
    gate: Gate, read_meanwhile: Callable[[Gate], None]
) -> None:
    cookie = gate.sign_in_as("anna", PASSWORD)
    session = gate.sessions.of_cookie(cookie)
    assert session
    read_meanwhile(gate)
    gate.sessions.end([session.key], TESTER)
    assert gate.by_session(cookie) is None


def test_a_revoked_token_does_not_come_back_and_is_revoked_once(
    gate: Gate, database: Database, read_meanwhile: Callable[[Gate], None]
) -> None:
    owner = gate.accounts.get("anna").owner
    token, text = gate.tokens.add(owner, "tv", Role.VIEWER, None, None, TESTER)
    read_meanwhile(gate)
    gate.tokens.end(token, TESTER)
    assert gate.by_token(text) is None
    with pytest.raises(NotFound):
        gate.tokens.end(token, TESTER)
    assert [change.action for _, change in newest(database, 2)] == ["revoked", "made"]


def test_who_signs_in_again_and_again_ends_its_own_sessions_alone(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_OF_OWNER", 3)
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 5)
    others = gate.sign_in_as("root", PASSWORD)
    mine = [gate.sign_in_as("anna", PASSWORD) for _ in range(8)]
    assert gate.by_session(others)
    assert [bool(gate.by_session(each)) for each in mine] == [False] * 5 + [True] * 3


LEAVING: dict[str, Callable[[Accounts], object]] = {
    "removed": lambda accounts: accounts.remove("anna", by=TESTER),
    "demoted": lambda accounts: accounts.change("anna", role=Role.VIEWER, by=TESTER),
}


@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING)
def test_a_request_whose_sender_has_gone_when_its_body_comes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leave: Callable[[Accounts], object]
) -> None:
    """It was let in when its head came."""
    monkeypatch.setattr("convergecast.auth.gate.Passwords", lambda: Passwords(CHEAP))
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    gate = hub.services.gate
    for name in ("root", "anna"):
        gate.accounts.add(name, PASSWORD, Role.ADMIN, by=TESTER)
    headers = {
        "Origin": "http://localhost",
        "Cookie": f"{hub.services.guard.cookie}={gate.sign_in_as('anna', PASSWORD)}",
        "Content-Type": "application/json",
    }
    order = {"name": "ghost", "password": PASSWORD, "role": "admin", "cameras": None}
    answer = ask(
        create_asgi(hub.services),
        "POST",
        "/api/v1/users",
        headers=headers,
        body=json.dumps(order).encode(),
        before_body=lambda: leave(gate.accounts),
    )
    names = {account.name for account in gate.accounts.all()}
    hub.close()
    assert (answer.status, names - {"root", "anna"}) == (401, set())
