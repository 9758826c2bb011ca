"""Accounts, and the sessions that belong to them: what ends them, here and from beside the hub."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from convergecast import cli
from convergecast.auth import command
from convergecast.auth.access import Role
from convergecast.auth.accounts import Account, Accounts
from convergecast.auth.caller import Caller
from convergecast.auth.gate import Gate
from convergecast.auth.passwords import Passwords
from convergecast.config import HubConfig
from convergecast.errors import Conflict, InvalidInput, NotFound, Unavailable
from convergecast.hub import Hub
from convergecast.storage.audit import COMMAND_LINE, newest
from convergecast.storage.database import Database
from convergecast.web.app import create_app
from tests.fakes import FakeClock
from tests.support.callers import CHEAP, TESTER

PASSWORD, OTHER = "four words that differ", "and four quite new ones"
TOKEN = "an administrator's token"


def make_gate(database: Database, admin_token: str | None = None) -> Gate:
    passwords = Passwords(CHEAP)
    return Gate(database=database, clock=FakeClock(), admin_token=admin_token, passwords=passwords)


@pytest.fixture
def gate(database: Database) -> Gate:
    gate = make_gate(database)
    gate.accounts.add("root", PASSWORD, Role.ADMIN, by=TESTER)
    gate.accounts.add("Anna", PASSWORD, Role.VIEWER, ["b", "a", "b"], by=TESTER)
    return gate


def cookie_of(gate: Gate, name: str = "anna", password: str = PASSWORD) -> str:
    cookie = gate.sign_in_as(name, password)
    assert cookie
    return cookie


def caller_of(gate: Gate, cookie: str) -> Caller:
    caller = gate.by_session(cookie)
    assert caller
    return caller


def test_name_and_password_sign_in_as_the_account(gate: Gate) -> None:
    caller = caller_of(gate, cookie_of(gate, "ANNA"))
    assert (caller.name, caller.role) == ("Anna", Role.VIEWER)
    assert caller.cameras == frozenset({"a", "b"})
    for name, password in (("anna", OTHER), ("bob", PASSWORD), ("", ""), ("anna", "")):
        assert gate.sign_in_as(name, password) is None


def test_a_wrong_name_is_compared_as_a_wrong_password_is(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str | None] = []

    def count(_: Passwords, password: str, stored: str | None) -> bool:
        compared.append(stored)
        return False

    monkeypatch.setattr(Passwords, "is_right", count)
    assert gate.sign_in_as("anna", OTHER) is None
    assert gate.sign_in_as("nobody", OTHER) is None
    assert len(compared) == 2 and compared[1] is None


@pytest.mark.parametrize(
    ("name", "password", "role", "cameras", "error", "words"),
    [
        ("", PASSWORD, Role.VIEWER, None, InvalidInput, "1 to 40"),
        ("two words", PASSWORD, Role.VIEWER, None, InvalidInput, "1 to 40"),
        ("x" * 41, PASSWORD, Role.VIEWER, None, InvalidInput, "1 to 40"),
        ("bob", "password", Role.VIEWER, None, InvalidInput, "choose another"),
        ("bob", PASSWORD, Role.ADMIN, ["a"], Conflict, "every camera"),
        ("bob", PASSWORD, Role.VIEWER, ["a"] * 1001, InvalidInput, "at most 1000"),
        ("ANNA", PASSWORD, Role.VIEWER, None, Conflict, "already"),
    ],
)
def test_accounts_that_cannot_be(
    gate: Gate,
    name: str,
    password: str,
    role: Role,
    cameras: list[str] | None,
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        gate.accounts.add(name, password, role, cameras, by=TESTER)
    assert [account.name for account in gate.accounts.all()] == ["Anna", "root"]


def test_when_a_session_was_used_last_is_known_until_the_hub_ends(database: Database) -> None:
    clock = FakeClock()
    gate = Gate(database=database, clock=clock, admin_token=TOKEN, passwords=Passwords(CHEAP))
    cookie = gate.sign_in(TOKEN)
    (session,) = gate.sessions.all()
    assert gate.sessions.seen_at(session) is None
    assert gate.by_session(cookie)
    first = gate.sessions.seen_at(session)
    clock.advance(60)
    gate.sessions.read()
    assert gate.sessions.seen_at(session) == first == clock.now() - 60
    assert gate.by_session(cookie)
    assert gate.sessions.seen_at(session) == clock.now()
    assert make_gate(database, TOKEN).sessions.seen_at(session) is None


CHANGES: dict[str, Callable[[Accounts], object]] = {
    "password": lambda accounts: accounts.change("anna", password=OTHER, by=TESTER),
    "role": lambda accounts: accounts.change("anna", role=Role.OPERATOR, by=TESTER),
    "list": lambda accounts: accounts.change("anna", cameras=["c"], by=TESTER),
    "no list": lambda accounts: accounts.change("anna", all_cameras=True, by=TESTER),
    "removed": lambda accounts: accounts.remove("anna", by=TESTER),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_ends_the_accounts_sessions_and_no_others(
    gate: Gate, database: Database, change: Callable[[Accounts], object]
) -> None:
    mine, others = cookie_of(gate), cookie_of(gate, "root")
    asking = caller_of(gate, mine)
    change(gate.accounts)
    for now in (gate, make_gate(database)):
        assert now.by_session(mine) is None
        assert not now.may_stay(asking)
        assert now.by_session(others)
        assert len(now.sessions.all()) == 1


def test_a_session_that_makes_the_change_goes_on_as_what_it_is_now(gate: Gate) -> None:
    mine, elsewhere = cookie_of(gate), cookie_of(gate)
    before = caller_of(gate, mine)
    gate.accounts.change(
        "anna", role=Role.OPERATOR, all_cameras=True, keep=before.session, by=TESTER
    )
    assert gate.by_session(elsewhere) is None
    after = caller_of(gate, mine)
    assert (after.role, after.cameras) == (Role.OPERATOR, None)
    assert not gate.may_stay(before), "its socket still has the old role"


def test_a_sign_in_that_a_change_overtakes_is_none(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is compared; before the session is stored, another password is set."""
    verified = gate.accounts.sign_in

    def overtaken(name: str, password: str) -> Account | None:
        account = verified(name, password)
        gate.accounts.change("anna", password=OTHER, by=TESTER)
        return account

    monkeypatch.setattr(gate.accounts, "sign_in", overtaken)
    cookie = gate.sign_in_as("anna", PASSWORD)
    assert gate.by_session(cookie) is None


def test_a_role_or_list_changes_without_the_password(gate: Gate) -> None:
    gate.accounts.change("anna", role=Role.OPERATOR, by=TESTER)
    assert caller_of(gate, cookie_of(gate)).cameras == frozenset({"a", "b"})
    gate.accounts.change("anna", role=Role.ADMIN, by=TESTER)
    assert caller_of(gate, cookie_of(gate)).cameras is None
    gate.accounts.change("anna", password=OTHER, by=TESTER)
    assert gate.sign_in_as("anna", PASSWORD) is None
    assert caller_of(gate, cookie_of(gate, "anna", OTHER)).role is Role.ADMIN


def test_a_password_given_by_others_ends_the_tokens_and_ones_own_change_does_not(
    gate: Gate, database: Database
) -> None:
    owner = gate.accounts.get("anna").owner
    _, text = gate.tokens.add(owner, "tv", Role.VIEWER, None, None, TESTER)
    known = gate.accounts.sign_in("anna", PASSWORD)
    assert known
    gate.accounts.change(known, password=OTHER, by=TESTER)
    gate.accounts.change("anna", role=Role.OPERATOR, by=TESTER)
    assert gate.by_token(text)
    Accounts(database, FakeClock(), Passwords(CHEAP)).change("anna", password=PASSWORD, by=TESTER)
    gate.refresh()
    assert gate.by_token(text) is None
    ((_, change),) = newest(database, 1)
    assert change.detail == "password; its tokens ended"


def test_what_changes_nothing_ends_nothing(gate: Gate) -> None:
    cookie = cookie_of(gate)
    gate.accounts.change("anna", by=TESTER)
    gate.accounts.change("anna", role=Role.VIEWER, cameras=["b", "a"], by=TESTER)
    assert gate.by_session(cookie)


def test_the_last_administrator_stays(gate: Gate) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        gate.accounts.remove("root", by=TESTER)
    with pytest.raises(Conflict, match="last administrator"):
        gate.accounts.change("root", role=Role.VIEWER, by=TESTER)
    gate.accounts.change("anna", role=Role.ADMIN, by=TESTER)
    assert gate.accounts.remove("root", by=TESTER).name == "root"
    with pytest.raises(NotFound):
        gate.accounts.get("root")


def test_a_removed_account_of_the_same_name_is_another(gate: Gate) -> None:
    mine = cookie_of(gate)
    session = gate.sessions.of_cookie(mine)
    gate.accounts.remove("anna", by=TESTER)
    gate.accounts.add("anna", PASSWORD, Role.VIEWER, by=TESTER)
    assert gate.by_session(mine) is None
    assert session and gate.holder(session) is None


def test_what_a_command_changes_is_noticed_beside_a_live_hub(
    gate: Gate, database: Database
) -> None:
    mine = cookie_of(gate)
    beside = Accounts(database, FakeClock(), Passwords(CHEAP))
    beside.change("anna", password=OTHER, by=TESTER)
    beside.add("bob", OTHER, Role.VIEWER, by=TESTER)
    assert gate.by_session(mine)
    gate.refresh()
    assert gate.by_session(mine) is None
    assert cookie_of(gate, "bob", OTHER)


@pytest.mark.parametrize("before", [TOKEN, None])
def test_another_administrators_token_ends_what_the_old_one_began(
    database: Database, before: str | None
) -> None:
    gate = make_gate(database, before)
    gate.accounts.add("root", PASSWORD, Role.ADMIN, by=TESTER)
    cookie, account = gate.sessions.add(gate.hub_owner, 0, by=TESTER), cookie_of(gate, "root")
    assert make_gate(database, before).by_session(cookie)
    for token in ("another administrator's", None if before else TOKEN):
        now = make_gate(database, token)
        assert now.by_session(cookie) is None
        assert now.by_session(account)
    owner = gate.hub_owner
    assert TOKEN not in owner and len(owner) <= len("hub 01234567")


def test_the_link_works_until_there_is_an_account(database: Database) -> None:
    gate = make_gate(database)
    cookie = gate.sign_in_by_link(gate.link_token())
    assert cookie and gate.offers_link
    gate.accounts.add("root", PASSWORD, Role.ADMIN, by=TESTER)
    assert not gate.offers_link
    assert gate.sign_in_by_link(gate.link_token()) is None
    assert gate.sign_in(gate.link_token()) is None
    assert gate.by_session(cookie), "who made the first account goes on"


def test_what_the_link_signs_in_makes_no_token_that_nobody_could_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    client, gate = create_app(hub.services).test_client(), hub.services.gate
    assert client.get(f"/?token={gate.link_token()}").status_code == 303
    order = {"name": "tv", "role": "admin"}
    made = client.post("/api/v1/tokens", json=order, headers={"Origin": "http://localhost"})
    assert made.status_code == 409 and "Sign in with an account" in made.get_json()["message"]
    _, text = gate.tokens.add(gate.hub_owner, "tv", Role.ADMIN, None, None, TESTER)
    assert gate.by_token(text) is None, "made while there was an administrator's token"
    hub.close()


def test_no_password_and_no_hash_of_one_is_told(gate: Gate) -> None:
    assert "argon2" not in repr(gate.accounts.get("anna"))
    assert str(caller_of(gate, cookie_of(gate)).session) not in repr(gate.accounts.all())


# The command.


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, line: str, password: str = "") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    monkeypatch.setattr(command, "Passwords", lambda: Passwords(CHEAP))
    return cli.main(["user", *line.split(), "--data-dir", str(folder)])


def test_the_command_makes_lists_changes_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, "list") == 0
    assert capsys.readouterr().out == "There are no accounts.\n"
    assert run(monkeypatch, tmp_path, "add root --role admin", PASSWORD) == 0
    add_cameras(tmp_path, "a", "b")
    assert run(monkeypatch, tmp_path, "add guest --role viewer --cameras b,a", PASSWORD) == 0
    assert run(monkeypatch, tmp_path, "passwd guest", OTHER) == 0
    capsys.readouterr()
    run(monkeypatch, tmp_path, "list")
    assert capsys.readouterr().out == "guest\tviewer\ta, b\nroot\tadmin\tall cameras\n"
    database = Database(tmp_path / "hub.sqlite3")
    assert make_gate(database).sign_in_as("guest", OTHER)
    database.close()
    assert run(monkeypatch, tmp_path, "remove guest") == 0
    capsys.readouterr()
    for line, words in (
        ("remove guest", "no such account"),
        ("passwd guest", "no such account"),
        ("remove root", "last administrator"),
        ("add root --role viewer", "already"),
    ):
        assert run(monkeypatch, tmp_path, line, PASSWORD) == 1
        shown = capsys.readouterr()
        assert words in shown.err and shown.out == ""
    assert run(monkeypatch, tmp_path, "add bob --role viewer", "password") == 1
    assert "choose another" in capsys.readouterr().err


def test_a_terminal_asks_twice_and_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    typed = iter([PASSWORD, OTHER, PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    words = ["user", "add", "root", "--role", "admin", "--data-dir", str(tmp_path)]
    assert cli.main(words) == 1
    assert "differ" in capsys.readouterr().err
    assert cli.main(words) == 0
    assert PASSWORD not in capsys.readouterr().out


def test_an_account_is_enough_to_listen_beyond_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    config = HubConfig(host="0.0.0.0", port=0, data_dir=tmp_path)
    with pytest.raises(InvalidInput, match="user add"):
        Hub(config)
    assert run(monkeypatch, tmp_path, "add root --role admin", PASSWORD) == 0
    hub = Hub(config)
    client = create_app(hub.services).test_client()
    form = client.get("/login").data
    assert b'name="password"' in form and b'name="token"' not in form
    used = client.get(f"/?token={hub.services.gate.link_token()}")
    assert used.status_code == 401 and b"name and password of your account" in used.data
    names = ("root", "bob")
    answers = [client.post("/login", data={"name": name, "password": OTHER}) for name in names]
    odd = client.post("/login", data={"name": '"><script>', "password": OTHER}).data
    assert b"<script>" not in odd and b"&#34;&gt;&lt;script&gt;" in odd
    assert [answer.status_code for answer in answers] == [401, 401]
    forms = [
        each.data.replace(f'value="{n}"'.encode(), b"")
        for each, n in zip(answers, names, strict=True)
    ]
    assert forms[0] == forms[1] != answers[0].data, "alike, but for the name that was typed"
    assert client.post("/login", data={"name": "root", "password": PASSWORD}).status_code == 303
    assert client.get("/api/v1/me").get_json() == {
        "name": "root",
        "role": "admin",
        "cameras": None,
        "kind": "session",
    }
    hub.close()


def test_the_first_account_that_the_page_makes_is_an_administrators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    gate, client = hub.services.gate, create_app(hub.services).test_client()
    client.get(f"/?token={gate.link_token()}")
    sent = {"headers": {"Origin": "http://localhost"}}
    new = {"password": PASSWORD, "cameras": None}
    for role, status in (("viewer", 409), ("operator", 409), ("admin", 201), ("viewer", 201)):
        order = {"name": f"{role}-{status}", "role": role, **new}
        answer = client.post("/api/v1/users", json=order, **sent)
        assert answer.status_code == status, answer.data
        assert status == 201 or ("first account" in answer.text and gate.offers_link)
    hub.close()


def test_the_command_tells_when_no_account_is_an_administrators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, role, is_told in (("bob", "viewer", True), ("root", "admin", False)):
        assert run(monkeypatch, tmp_path, f"add {name} --role {role}", PASSWORD) == 0
        assert ("--role admin" in capsys.readouterr().out) is is_told


@pytest.mark.parametrize(
    ("host", "what"),
    [("192.0.2.1", "choose an address of this machine with --host"), ("127.0.0.1", "another port")],
)
def test_why_the_hub_cannot_listen(tmp_path: Path, host: str, what: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config = HubConfig(host=host, port=other.getsockname()[1], data_dir=tmp_path)
        with pytest.raises(Unavailable, match=what):
            Hub(config)


def add_cameras(folder: Path, *names: str) -> None:
    """Have cameras whose ids are like their names."""
    insert = """
    INSERT INTO cameras (id, key_used, name, named_by_user, address, port, capabilities, approval,
    options, registered_at, last_seen) VALUES (?, 1, ?, 1, '10.0.0.1', 5000, '[]', 'approved', '[]',
    ?, 2.0)
    """
    database = Database(folder / "hub.sqlite3")
    for number, name in enumerate(names):
        database.execute(insert, (name, name.upper(), float(number)))
    database.close()


def test_the_command_names_a_camera_that_there_is_not_and_those_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refusal() -> str:
        line = "add guest --role viewer --cameras b,gone"
        assert run(monkeypatch, tmp_path, line, PASSWORD) == 1
        return capsys.readouterr().err.removeprefix("convergecast: ").removesuffix("\n")

    none = "There is no camera b: the hub knows none yet, so start an agent."
    assert refusal() == none
    add_cameras(tmp_path, "b", "a")
    assert refusal() == "There is no camera gone: the ids are b (B), a (A)."
    add_cameras(tmp_path, *(f"c{number}" for number in range(30)))
    assert refusal().endswith("c17 (C17), and 12 more, which GET /api/v1/cameras lists.")
    assert run(monkeypatch, tmp_path, "list") == 0
    assert capsys.readouterr().out == "There are no accounts.\n"


def test_what_commands_change_is_in_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, "add root --role admin", PASSWORD) == 0
    assert run(monkeypatch, tmp_path, "add guest --role viewer", PASSWORD) == 0
    assert run(monkeypatch, tmp_path, "passwd guest", OTHER) == 0
    assert run(monkeypatch, tmp_path, "remove guest") == 0
    capsys.readouterr()
    for words in (["token"], ["token", "--rotate"]):
        assert cli.main([*words, "--data-dir", str(tmp_path)]) == 0
    token = capsys.readouterr().out.split()[-1]
    database = Database(tmp_path / "hub.sqlite3")
    changes = [change for _, change in newest(database, 10)]
    database.close()
    assert [(change.kind, change.action, change.subject) for change in changes[::-1]] == [
        ("account", "added", "root"),
        ("account", "added", "guest"),
        ("account", "changed", "guest"),
        ("account", "removed", "guest"),
        ("agent-token", "replaced", None),
    ]
    assert {change.by for change in changes} == {COMMAND_LINE}
    assert [change.detail for change in changes[2:]] == [
        "password",
        "viewer; all cameras",
        "admin; all cameras",
    ]
    assert token not in str(changes) and "argon2" not in str(changes)
