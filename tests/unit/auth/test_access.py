"""Deny by default: every route and socket message is walked; and signing in, by each way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import bson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from convergecast.auth.access import Access, declared_rule
from convergecast.auth.gate import Gate, check_admin_token
from convergecast.auth.guard import same_origin
from convergecast.config import HubConfig
from convergecast.errors import InvalidInput, Unavailable
from convergecast.hub import Hub
from convergecast.storage.database import Database
from convergecast.web.app import NATIVE_ROUTES, create_app
from convergecast.web.asgi import SOCKETS
from convergecast.web.live import SOCKET_MESSAGES
from tests.fakes import FakeClock

TOKEN = "an administrator's token"
PUBLIC = {"/healthz", "/server/", "/server", "/login", "/static/<path:filename>"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


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


def access_declared(function: Callable[..., object]) -> Access | None:
    rule = declared_rule(function)
    return rule.access if rule else None


def routes(app: Flask) -> list[tuple[str, str, Access | None]]:
    return [
        (rule.rule, method, access_declared(app.view_functions[rule.endpoint]))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
    ]


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    assert [rule for rule, _, access in routes(app) if access is None] == []
    assert {rule for rule, _, access in routes(app) if access is Access.PUBLIC} == PUBLIC
    assert {access_declared(serve) for serve in SOCKETS.values()} == {Access.OWN}
    native = {rule for rule, _, _ in routes(app)} & set(NATIVE_ROUTES)
    assert native == set(NATIVE_ROUTES)
    for handler in NATIVE_ROUTES.values():
        assert access_declared(handler) is Access.VIEW
    assert set(SOCKET_MESSAGES) == {"watch", "ack", "ping"}


def test_every_changing_route_declares_change(app: Flask) -> None:
    changing = [(r, a) for r, m, a in routes(app) if m != "GET" and r not in PUBLIC]
    assert changing
    assert all(access and access.changes for _, access in changing)


def test_without_session_or_token_every_route_but_the_public_is_refused(
    app: Flask, client: FlaskClient
) -> None:
    for rule, method, access in routes(app):
        if access is Access.PUBLIC:
            continue
        answer = client.open(re.sub("<.*?>", "x", rule), method=method, json={})
        assert answer.status_code == 401, rule
        assert set(answer.get_json()) == {"error", "message"}


def test_a_route_that_declares_nothing_is_refused_even_with_the_token(hub: Hub) -> None:
    app = create_app(hub.services)
    app.add_url_rule("/forgotten", view_func=lambda: "secret")
    answer = app.test_client().get("/forgotten", headers=BEARER)
    assert answer.status_code == 403
    assert b"secret" not in answer.data


def sign_in(client: FlaskClient, token: str = TOKEN) -> int:
    return client.post("/login", data={"token": token}).status_code


def test_a_session_views_but_changes_only_from_the_hubs_own_page(client: FlaskClient) -> None:
    assert sign_in(client) == 303
    assert client.get("/api/v1/cameras").status_code == 200
    order = {"cameras": ["x"], "option": "faces", "on": True}
    url = "/api/v1/cameras/options"
    for headers, status in [
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "http://localhost"}, 200),
    ]:
        assert client.post(url, json=order, headers=headers).status_code == status, headers


def test_a_bearer_token_needs_no_origin_and_a_wrong_one_is_refused(client: FlaskClient) -> None:
    assert client.get("/api/v1/cameras", headers=BEARER).status_code == 200
    for value in ("Bearer wrong", "Bearer", "Basic " + TOKEN, TOKEN, "Bearer é"):
        refused = client.get("/api/v1/cameras", headers={"Authorization": value})
        assert refused.status_code == 401, value


def test_the_session_cookie_is_http_only_and_ends_with_signing_out(client: FlaskClient) -> None:
    answer = client.post("/login", data={"token": TOKEN})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    value = cookie.partition(";")[0]
    assert client.post("/logout", headers={"Origin": "http://localhost"}).status_code == 303
    again = client.get("/api/v1/cameras", headers={"Cookie": value})
    assert again.status_code == 401


def test_a_wrong_token_is_told_and_not_repeated(client: FlaskClient) -> None:
    answer = client.post("/login", data={"token": "<b>guess</b>"})
    assert answer.status_code == 401
    assert b"not valid" in answer.data
    assert b"guess" not in answer.data


def test_a_program_that_signs_in_wrongly_gets_json(client: FlaskClient) -> None:
    json_only, browsers = "application/json", "text/html,application/xhtml+xml,*/*;q=0.8"
    for form in ({"token": "guess"}, {"name": "anna", "password": "guess"}):
        answer = client.post("/login", data=form, headers={"Accept": json_only})
        assert (answer.status_code, answer.get_json()["error"]) == (401, "not-signed-in")
        page = client.post("/login", data=form, headers={"Accept": browsers})
        assert (page.status_code, page.mimetype) == (401, "text/html")
    link = client.get("/?token=guess", headers={"Accept": json_only})
    assert (link.status_code, link.mimetype) == (401, json_only)


def test_a_token_beside_an_empty_name_signs_in(client: FlaskClient) -> None:
    form = {"name": "", "password": "", "token": TOKEN}
    assert client.post("/login", data=form).status_code == 303


def test_pages_lead_to_signing_in_and_the_api_says_so(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (303, "/login")
    assert client.get("/").status_code == 401


def test_the_link_works_once_and_then_there_is_a_new_one(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    gate = Gate(database=database, clock=FakeClock(), admin_token=None)
    link = gate.link_token()
    session = gate.sign_in(link)
    assert gate.by_session(session)
    assert gate.sign_in(link) is None
    assert gate.link_token() != link
    assert gate.sign_in("") is None
    assert not gate.is_token(link)
    database.close()


def test_a_link_that_could_not_sign_in_is_followed_by_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise Unavailable("The database cannot be written: disk full.")

    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    gate, client = hub.services.gate, create_app(hub.services).test_client()
    with monkeypatch.context() as patch:
        patch.setattr(hub.services.database, "write", full)
        assert client.get(f"/?token={gate.link_token()}").status_code == 503
    shown = capsys.readouterr()
    assert shown.out == f"Open {hub.address}/?token={gate.link_token()}\n"
    assert shown.err.splitlines() == [
        "",
        "The link was opened, and each works once. The next one is:",
        "",
        "",
    ]
    link = f"/?token={gate.link_token()}"
    assert client.get(link).status_code == 303
    used = client.get(link)
    assert used.status_code == 401
    assert (
        b"This link was used already or is too old: open the newest link, the last one in the "
        b"window where the hub runs."
    ) in used.data
    assert b"That token is not valid: open the newest link" in client.post("/login").data
    hub.close()


def test_sessions_survive_a_restart_and_end_after_thirty_days(tmp_path: Path) -> None:
    database, clock = Database(tmp_path / "hub.sqlite3"), FakeClock()
    session = Gate(database=database, clock=clock, admin_token=TOKEN).sign_in(TOKEN)
    restarted = Gate(database=database, clock=clock, admin_token=TOKEN)
    assert restarted.by_session(session)
    clock.advance(30 * 86_400 + 1)
    assert not restarted.by_session(session)
    database.close()


def test_secrets_are_not_in_the_database_where_a_hash_will_do(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    session = Gate(database=database, clock=FakeClock(), admin_token=TOKEN).sign_in(TOKEN)
    assert session
    database.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert session.encode() not in stored
    assert TOKEN.encode() not in stored


def test_the_link_ends_after_a_day_and_only_opening_it_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub, clock = Hub(HubConfig(port=0, data_dir=tmp_path)), FakeClock()
    gate = Gate(database=hub.services.database, clock=clock, admin_token=None)
    client = create_app(dataclasses.replace(hub.services, gate=gate)).test_client()
    link = f"/?token={gate.link_token()}"
    assert client.head(link).headers.get("Set-Cookie") is None
    assert f"/?token={gate.link_token()}" == link
    clock.advance(24 * 3600)
    old = client.get(link)
    assert (old.status_code, old.headers.get("Set-Cookie")) == (401, None)
    assert f"/?token={gate.link_token()}" != link
    clock.advance(24 * 3600 - 1)
    assert client.get(f"/?token={gate.link_token()}").status_code == 303
    hub.close()


@pytest.mark.parametrize(
    "token",
    [
        "a" * 16,
        "abcabcabcabcabcabc",
        "1234567890123456",
        "abcdefghijklmnop",
        "ponmlkjihgfedcba",
        "password12345678",
        "AdminAdmin123!!!",
        "ConvergeCast2024",
    ],
)
def test_tokens_that_anybody_would_try_are_refused(token: str) -> None:
    with pytest.raises(InvalidInput, match="choose another"):
        check_admin_token(token)


@pytest.mark.parametrize(
    "token", [TOKEN, "correct horse battery", "8f3b1c0d9e2a4f5b", "my-admin-is-a-badger-12345"]
)
def test_other_tokens_are_taken(token: str) -> None:
    check_admin_token(token)


@pytest.mark.parametrize("token", ["short", "x" * 15, "tab\tin it and long enough", "é" * 20])
def test_weak_admin_tokens_are_refused(tmp_path: Path, token: str) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    with pytest.raises(InvalidInput, match="16 printable"):
        Gate(database=database, clock=FakeClock(), admin_token=token)
    database.close()


def test_listening_beyond_loopback_needs_an_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    with pytest.raises(InvalidInput, match="CONVERGECAST_ADMIN_TOKEN"):
        Hub(HubConfig(host="0.0.0.0", port=0, data_dir=tmp_path))


def test_a_port_in_use_is_said_with_what_to_do(hub: Hub, tmp_path: Path) -> None:
    port = int(hub.address.rpartition(":")[2])
    with pytest.raises(Unavailable, match="--port"):
        Hub(HubConfig(port=port, data_dir=tmp_path / "other"))


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://127.0.0.1:5000", "127.0.0.1:5000", True),
        ("https://Hub.local", "hub.local", True),
        ("http://127.0.0.1:5001", "127.0.0.1:5000", False),
        ("http://127.0.0.1:5000.evil.example", "127.0.0.1:5000", False),
        (None, "127.0.0.1", False),
        ("null", "127.0.0.1", False),
        ("http://[", "127.0.0.1", False),
    ],
)
def test_origins(origin: str | None, host: str, same: bool) -> None:
    assert same_origin(origin, host) is same


def test_every_answer_carries_the_protecting_headers(client: FlaskClient) -> None:
    for path in ("/login", "/healthz", "/nowhere", "/api/v1/cameras"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


# What agents and clients send, and what they are told.

FORM = {"ipaddress": "127.0.0.1", "ports": 5001}


@pytest.mark.parametrize("path", ["/server/", "/server"])
def test_two_fields_are_answered_ok_and_wait(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data=bson.encode(FORM))
    assert (answer.status_code, answer.data) == (200, b"OK")
    (camera,) = client.get("/api/v1/cameras", headers=BEARER).get_json()["cameras"]
    assert (camera["state"], camera["address"]) == ("pending", "127.0.0.1:5001")


def test_a_full_registration_is_answered_in_bson(client: FlaskClient) -> None:
    answer = client.post("/server/", data=bson.encode({**FORM, "agent_id": "a", "protocol": 1}))
    reply = bson.decode(answer.data)
    assert set(reply) == {"status", "camera_id", "camera_key", "heartbeat_s", "hub_time"}
    assert reply["status"] == "pending"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"ports": 5001}, 400, "ipaddress"),
        ({"ipaddress": "127.0.0.1"}, 400, "ports"),
        ({"ipaddress": "camera.local", "ports": 1}, 400, "literal"),
        ({"ipaddress": "127.0.0.1", "ports": "5001"}, 400, "whole number"),
        ({"ipaddress": "127.0.0.1", "ports": 0}, 400, "65535"),
        ({**FORM, "name": 5}, 400, "name"),
        ({**FORM, "fps": float("nan")}, 400, "fps"),
        ({**FORM, "protocol": 3, "agent_id": "a"}, 400, "protocol 3"),
        ({**FORM, "ipaddress": "10.0.0.1"}, 403, "--announce"),
    ],
)
def test_registrations_that_cannot_be_used(
    client: FlaskClient, fields: dict[str, object], status: int, words: str
) -> None:
    answer = client.post("/server/", data=bson.encode(fields))
    assert answer.status_code == status
    assert words in answer.get_json()["message"]
    assert client.get("/api/v1/cameras", headers=BEARER).get_json() == {"cameras": []}


@pytest.mark.parametrize("body", [b"", b"{}", b"\x05\x00\x00\x00", b"\xff" * 100, b"\x00" * 5])
def test_bodies_that_are_no_bson(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/server/", data=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid"


def test_a_body_over_64_kb_is_too_large(client: FlaskClient) -> None:
    answer = client.post("/server/", data=b"\x00" * (65 << 10))
    assert (answer.status_code, answer.get_json()["error"]) == (413, "too-large")


def test_web_pages_cannot_register_cameras(client: FlaskClient) -> None:
    headers = {"Origin": "http://evil.example"}
    assert client.post("/server/", data=bson.encode(FORM), headers=headers).status_code == 403


def pending(client: FlaskClient) -> str:
    return str(
        bson.decode(client.post("/server/", data=bson.encode({**FORM, "agent_id": "a"})).data)[
            "camera_id"
        ]
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"colour": "red"}, "cannot be set"),
        ({"name": ""}, "1 to 80"),
        ({"name": 5}, "name must be a string"),
        ({"options": "faces"}, "options must be a list"),
        ({"options": [1]}, "list of strings"),
        ({"options": ["wings"]}, "not an option"),
        ({"approved": "yes"}, "true or false"),
        ({"objects": []}, "JSON object"),
        ({"objects": {"colour": "red"}}, "cannot be set"),
        ([], "JSON object"),
    ],
)
def test_changes_that_cannot_be_made(client: FlaskClient, body: object, words: str) -> None:
    camera_id = pending(client)
    answer = client.patch(f"/api/v1/cameras/{camera_id}", json=body, headers=BEARER)
    assert answer.status_code == 400
    assert words in answer.get_json()["message"]


def test_bodies_that_are_no_json_and_cameras_that_are_not_there(client: FlaskClient) -> None:
    url = "/api/v1/cameras/options"
    broken = client.post(url, data=b"{", headers={**BEARER, "Content-Type": "application/json"})
    assert (broken.status_code, broken.get_json()["error"]) == (400, "invalid")
    assert client.post(url, data=b"x", headers=BEARER).status_code == 415
    order = {"cameras": [], "option": "faces", "on": True}
    empty = client.post(url, json=order, headers=BEARER)
    assert empty.get_json()["message"] == "Please select a camera."
    order = {"cameras": ["gone"], "option": "faces", "on": True}
    answer = client.post(url, json=order, headers=BEARER)
    assert answer.status_code == 200
    assert answer.get_json()["cameras"]["gone"]["error"] == "not-found"
    for method in ("patch", "delete"):
        answer = client.open("/api/v1/cameras/gone", method=method, json={}, headers=BEARER)
        assert answer.status_code == 404
    for tail in ("snapshot.jpg", "result"):
        assert client.get(f"/api/v1/cameras/gone/{tail}", headers=BEARER).status_code == 404


def test_a_byte_order_mark_before_json_is_passed_over(client: FlaskClient) -> None:
    headers = {**BEARER, "Content-Type": "application/json"}
    body = b'\xef\xbb\xbf{"cameras": [], "option": "faces", "on": true}'
    answer = client.post("/api/v1/cameras/options", data=body, headers=headers)
    assert answer.get_json()["message"] == "Please select a camera."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not valid JSON"),
        (b'{"name": NaN}', "not valid JSON"),
        (rb'{"name": "\ud800"}', "unpaired surrogates"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b'{"objects": {"min_score": 1e999}}', "too large"),
        (b'{"name": ' + b"9" * 5000 + b"}", "too large"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "nested too deeply"),
    ],
)
def test_bodies_of_which_no_value_can_be_made(client: FlaskClient, body: bytes, words: str) -> None:
    headers = {**BEARER, "Content-Type": "application/json"}
    answer = client.patch("/api/v1/cameras/any", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid")
    assert words in answer.get_json()["message"]


def test_rejecting_hides_a_camera_until_it_is_allowed_again(client: FlaskClient) -> None:
    camera_id = pending(client)
    client.patch(f"/api/v1/cameras/{camera_id}", json={"approved": False}, headers=BEARER)
    assert client.get("/api/v1/cameras", headers=BEARER).get_json() == {"cameras": []}
    rejected = client.get("/api/v1/cameras/rejected", headers=BEARER).get_json()["cameras"]
    assert [camera["id"] for camera in rejected] == [camera_id]
    assert client.delete(f"/api/v1/cameras/{camera_id}", headers=BEARER).status_code == 204
    rejected = client.get("/api/v1/cameras/rejected", headers=BEARER).get_json()["cameras"]
    assert rejected == []
