"""The one check: who asks, once per request; sessions in memory; the limits of bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from convergecast.auth import sessions
from convergecast.auth.access import USUAL_BODY_BYTES, Access, Role, Rule, allow, declared_rule
from convergecast.auth.caller import Caller, CallerKind
from convergecast.auth.gate import Gate
from convergecast.auth.guard import Guard, Headers
from convergecast.auth.throttle import Throttle
from convergecast.config import HubConfig
from convergecast.errors import Forbidden, NotSignedIn, Unavailable
from convergecast.hub import Hub
from convergecast.protocol.registration import MAX_BODY_BYTES
from convergecast.storage.database import Database
from convergecast.web.app import NATIVE_ROUTES, create_app
from convergecast.web.asgi import SOCKETS, create_asgi
from convergecast.web.asgi_types import Application, Receive, Scope, Send
from convergecast.web.caller import caller
from convergecast.web.request_limits import MAX_PICTURE_BYTES, MAX_PICTURES_BYTES
from convergecast.web.services import Services
from tests.fakes import FakeClock
from tests.support.asgi import ask
from tests.support.callers import TESTER

HERE = "127.0.0.1"
TOKEN = "an administrator's token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
_IMPLIED = {"HEAD", "OPTIONS"}
MJPEG = "/api/v1/cameras/<camera_id>/stream.mjpg"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    yield hub
    hub.close()


@pytest.fixture
def app(hub: Hub) -> Flask:
    return create_app(hub.services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def application(hub: Hub) -> Application:
    return create_asgi(hub.services)


def operations(app: Flask) -> list[tuple[str, str, Rule]]:
    """Every path, with something in its gaps, every method and what is declared."""
    found = []
    for route in app.url_map.iter_rules():
        rule = declared_rule(app.view_functions[route.endpoint])
        assert rule is not None, route
        path = re.sub("<.*?>", "x", route.rule)
        found += [(path, method, rule) for method in sorted((route.methods or set()) - _IMPLIED)]
    return found


def cookie_of(client: FlaskClient) -> str:
    answer = client.post("/login", data={"token": TOKEN})
    return answer.headers["Set-Cookie"].partition(";")[0]


# Who asks.


def test_a_view_is_told_who_asks(hub: Hub) -> None:
    app, asking = create_app(hub.services), list[Caller]()

    def note() -> str:
        asking.append(caller())
        return "noted"

    app.add_url_rule("/view", "view", allow(Access.VIEW)(lambda: note()))
    app.add_url_rule("/public", "public", allow(Access.PUBLIC)(lambda: note()))
    client = app.test_client()
    assert client.get("/view").status_code == 401
    client.get("/view", headers=BEARER)
    client.get("/public", headers=BEARER)
    cookie = cookie_of(client)
    client.get("/view", headers={"Cookie": cookie})
    by_token, anyone, by_session = asking
    assert (by_token.kind, by_token.role) == (CallerKind.TOKEN, Role.ADMIN)
    assert (anyone.kind, anyone.role) == (CallerKind.ANYONE, None)
    assert (by_session.kind, by_session.role) == (CallerKind.SESSION, Role.ADMIN)
    assert by_token.name != by_session.name
    value = cookie.partition("=")[2]
    assert by_session == hub.services.gate.by_session(value)
    assert value not in repr(by_session) and str(by_session.session) not in repr(by_session)


def test_the_audit_names_who_asked(client: FlaskClient) -> None:
    client.put("/api/v1/settings", json={"recognition": True}, headers=BEARER)
    own_page = {"Cookie": cookie_of(client), "Origin": "http://localhost"}
    client.put("/api/v1/settings", json={"recognition": False}, headers=own_page)
    entries = client.get("/api/v1/audit", headers=BEARER).get_json()["entries"]
    done = [(entry["action"], entry["by"]) for entry in entries]
    assert done == [
        ("settings changed", "the hub's page"),
        ("signed in", "the hub's page"),
        ("settings changed", "an API client"),
    ]


def test_who_asks_is_found_out_once_for_each_request(
    app: Flask, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Rule | None] = []
    admit = Guard.admit

    def counted(guard: Guard, rule: Rule | None, headers: Headers, address: str) -> Caller:
        asked.append(rule)
        return admit(guard, rule, headers, address)

    monkeypatch.setattr(Guard, "admit", counted)
    for path, method, rule in operations(app):
        asked.clear()
        ask(application, method, path, headers=BEARER)
        assert asked == [rule], (method, path)


def test_who_was_let_in_may_stay_until_its_session_ends(database: Database) -> None:
    clock = FakeClock()
    gate = Gate(database=database, clock=clock, admin_token=TOKEN)
    tokens = Throttle("token", burst=5, every_s=10)
    guard, rule = Guard(gate=gate, cookie="c", tokens=tokens), Rule(Access.VIEW)
    by_token = guard.admit(rule, {"authorization": f"Bearer {TOKEN}"}, HERE)
    first, second = gate.sign_in(TOKEN), gate.sign_in(TOKEN)
    assert first and second
    signed_out = guard.admit(rule, {"cookie": f"c={first}"}, HERE)
    expired = guard.admit(rule, {"cookie": f"c={second}"}, HERE)
    gate.sign_out(first, by=TESTER)
    assert [guard.may_stay(c) for c in (by_token, signed_out, expired)] == [True, False, True]
    clock.advance(sessions.SESSION_DAYS * 86_400)
    assert [guard.may_stay(c) for c in (by_token, signed_out, expired)] == [True, False, False]
    with pytest.raises(NotSignedIn):
        guard.admit(rule, {"cookie": f"c={second}"}, HERE)


def test_a_native_handler_that_declares_nothing_is_refused_even_with_the_token(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgotten(
        services: Services, asking: Caller, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    monkeypatch.setitem(NATIVE_ROUTES, "/forgotten", forgotten)
    answer = ask(create_asgi(hub.services), "GET", "/forgotten", headers=BEARER)
    assert answer.status == 403
    with pytest.raises(Forbidden):
        hub.services.guard.admit(None, {"authorization": BEARER["Authorization"]}, HERE)


# Sessions.


def test_sessions_are_asked_for_in_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(database=database, clock=FakeClock(), admin_token=TOKEN)
    before = gate.sign_in(TOKEN)
    restarted = Gate(database=database, clock=FakeClock(), admin_token=TOKEN)
    after = restarted.sign_in(TOKEN)
    for name in ("read", "write", "execute"):
        monkeypatch.setattr(Database, name, None)
    assert restarted.by_session(before) and restarted.by_session(after)
    for nothing in (None, "", "x" * 43, "x" * 1000):
        assert restarted.by_session(nothing) is None


def test_a_session_that_was_ended_is_not_back_after_a_restart(database: Database) -> None:
    gate = Gate(database=database, clock=FakeClock(), admin_token=TOKEN)
    ended, kept = gate.sign_in(TOKEN), gate.sign_in(TOKEN)
    assert ended and kept
    gate.sign_out(ended, by=TESTER)
    gate.sign_out("one that never was", by=TESTER)
    for now in (gate, Gate(database=database, clock=FakeClock(), admin_token=TOKEN)):
        assert now.by_session(ended) is None
        assert now.by_session(kept)


def test_only_the_newest_sessions_are_kept_and_none_that_has_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 3)
    clock = FakeClock()
    gate = Gate(database=database, clock=clock, admin_token=TOKEN)
    cookies = []
    for _ in range(5):
        clock.advance(1)
        cookies.append(gate.sign_in(TOKEN))
    for now in (gate, Gate(database=database, clock=clock, admin_token=TOKEN)):
        assert [bool(now.by_session(cookie)) for cookie in cookies] == [False] * 2 + [True] * 3
    clock.advance(sessions.SESSION_DAYS * 86_400)
    gate.sign_in(TOKEN)
    assert len(database.read("SELECT * FROM sessions")) == 1


def test_a_session_that_cannot_be_stored_is_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(database=database, clock=FakeClock(), admin_token=TOKEN)
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "a cookie")

    def full(*_: object) -> None:
        raise Unavailable("The database cannot be written: disk full.")

    monkeypatch.setattr(database, "write", full)
    with pytest.raises(Unavailable):
        gate.sign_in(TOKEN)
    assert gate.by_session("a cookie") is None


# The limits of bodies.


def test_the_declared_limits(app: Flask) -> None:
    others = {
        (path, method): rule.body_bytes
        for path, method, rule in operations(app)
        if rule.body_bytes != USUAL_BODY_BYTES
    }
    assert others == {
        ("/server/", "POST"): MAX_BODY_BYTES,
        ("/server", "POST"): MAX_BODY_BYTES,
        ("/login", "POST"): 4 << 10,
        ("/api/v1/analyze", "POST"): MAX_PICTURE_BYTES,
        ("/api/v1/people", "POST"): MAX_PICTURES_BYTES,
        ("/api/v1/people/x/faces", "POST"): MAX_PICTURES_BYTES,
        (MJPEG.replace("<camera_id>", "x"), "GET"): 0,
    }
    rule = declared_rule(SOCKETS["/live"])
    assert rule and rule.body_bytes == 64 << 10


def test_one_byte_over_a_routes_limit_is_too_large_and_its_limit_is_not(
    app: Flask, application: Application
) -> None:
    for path, method, rule in operations(app):
        limit = rule.body_bytes
        at_limit = ask(application, method, path, headers=BEARER, body_bytes=limit)
        assert at_limit.status != 413, (method, path)
        over = ask(application, method, path, headers=BEARER, body_bytes=limit + 1)
        assert (over.status, b"too-large" in over.body) == (413, True), (method, path)
        assert (b"takes no body" in over.body) == (limit == 0), (method, path)


def test_flask_alone_keeps_the_limits_too(client: FlaskClient) -> None:
    for path, limit in (("/login", 4 << 10), ("/server/", MAX_BODY_BYTES)):
        form = {"content_type": "application/x-www-form-urlencoded"}
        assert client.post(path, data=bytes(limit), **form).status_code in (400, 401)
        assert client.post(path, data=bytes(limit + 1), **form).status_code == 413


def test_who_may_not_send_a_large_body_is_refused_before_it_is_read(
    app: Flask, application: Application
) -> None:
    large = [(p, m) for p, m, rule in operations(app) if rule.takes_large_body]
    assert len(large) == 3
    for path, method in large:
        refused = ask(application, method, path, body_bytes=MAX_PICTURES_BYTES + 1)
        assert refused.status == 401, (method, path)


# What else may be done at an address.


def test_an_impossible_method_is_answered_with_those_that_are_possible(
    app: Flask, application: Application
) -> None:
    for path in {path for path, _, _ in operations(app)}:
        possible = {method for other, method, _ in operations(app) if other == path}
        answer = ask(application, "TRACE", path, headers=BEARER)
        assert answer.status == 405, path
        named = set(answer.headers["allow"].split(", "))
        implied = {"OPTIONS", "HEAD"} if "GET" in possible else {"OPTIONS"}
        assert named == possible | implied, path
        page = ask(application, "TRACE", path, headers={"Accept": "text/html"})
        assert page.headers["allow"] == answer.headers["allow"]


def test_options_names_the_methods_and_head_answers_as_get_without_a_body(
    application: Application,
) -> None:
    for path in ("/api/v1/cameras", "/healthz", "/login"):
        options = ask(application, "OPTIONS", path, headers=BEARER)
        assert (options.status, options.body) == (200, b"")
        assert {"GET", "HEAD", "OPTIONS"} <= set(options.headers["allow"].split(", "))
        get, head = (ask(application, m, path, headers=BEARER) for m in ("GET", "HEAD"))
        assert (head.status, head.body) == (get.status, b"")
        assert head.headers == get.headers


def test_a_stream_without_a_camera_is_not_found_and_one_needs_the_loop(
    hub: Hub, client: FlaskClient, application: Application
) -> None:
    path = MJPEG.replace("<camera_id>", "gone")
    for method in ("GET", "HEAD"):
        assert ask(application, method, path).status == 401
        assert ask(application, method, path, headers=BEARER).status == 404
    options = ask(application, "OPTIONS", path, headers=BEARER)
    assert set(options.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert ask(application, "POST", path, headers=BEARER).status == 405
    assert client.get(path).status_code == 401
    assert client.get(path, headers=BEARER).status_code == 404
