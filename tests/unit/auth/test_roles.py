"""Every route and socket message, walked as nobody, as each role, and with what does not count.

What each route asks for stands here once more: a new route fails until it stands here too, and one
without a rule is refused to everybody.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import bson
import pytest
from flask import Flask

from convergecast.auth.access import Role
from convergecast.auth.accounts import Account, Accounts
from convergecast.auth.passwords import Passwords
from convergecast.cameras.analyzer import make_result
from convergecast.cameras.puller import Frame
from convergecast.clock import SystemClock
from convergecast.config import HubConfig
from convergecast.events.pictures import PICTURES
from convergecast.events.writer import picture_path, replace_file
from convergecast.hub import Hub
from convergecast.messages.events import Crossed, Event, EventKind, encode_event
from convergecast.web.api import pictures
from convergecast.web.app import create_app
from convergecast.web.asgi import SOCKETS, create_asgi
from convergecast.web.asgi_types import Application
from convergecast.web.live import SOCKET_MESSAGES
from tests.support import messages
from tests.support.asgi import ask, talk
from tests.support.callers import CHEAP, TESTER

TOKEN, PASSWORD = "an administrator's token", "four words that differ"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OWN_PAGE = {"Origin": "http://localhost"}
CAMERA, PERSON = "/api/v1/cameras/<camera_id>", "/api/v1/people/<person_id>"
UNKNOWN = "/api/v1/unknown-faces"
EVENT = "/api/v1/events/<event_id>"

PUBLIC = {
    "GET /healthz",
    "GET /login",
    "POST /login",
    "POST /server",
    "POST /server/",
    "GET /static/<filename>",
}
# By the least role that may.
LOOKS = {
    Role.VIEWER: {
        "GET /",
        "GET /accounts",
        "GET /events",
        "GET /camera/<camera_id>",
        "GET /view/<name>",
        "GET /metrics",
        "GET /api/openapi.json",
        "GET /api/v1/cameras",
        f"GET {CAMERA}/snapshot.jpg",
        f"GET {CAMERA}/stream.mjpg",
        f"GET {CAMERA}/result",
        f"GET {CAMERA}/zones",
        "GET /api/v1/events",
        f"GET {EVENT}",
        f"GET {EVENT}/thumbnail.jpg",
        f"GET {EVENT}/snapshot.jpg",
        f"GET {EVENT}/frames",
        f"GET {EVENT}/frames/<key>.jpg",
        f"GET {EVENT}/clip.mkv",
        f"GET {EVENT}/clip.mp4",
        "GET /api/v1/counts",
        "GET /api/v1/labels",
        "GET /api/v1/me",
        "GET /api/v1/sessions",
        "GET /api/v1/tokens",
        "GET /api/v1/views",
    },
    Role.OPERATOR: set[str](),
    Role.ADMIN: {
        "GET /faces",
        "GET /settings",
        "GET /system",
        "GET /api/v1/system",
        "GET /api/v1/system/findings",
        "GET /api/v1/agent-command",
        "GET /api/v1/cameras/rejected",
        "GET /api/v1/people",
        "GET /api/v1/people/distances",
        f"GET {PERSON}/faces/<face_id>.jpg",
        "GET /api/v1/sightings",
        f"GET {UNKNOWN}",
        f"GET {UNKNOWN}/<unknown_id>.jpg",
        "GET /api/v1/audit",
        "GET /api/v1/storage",
        "GET /api/v1/settings",
        "GET /api/v1/users",
    },
}
CHANGES = {
    Role.VIEWER: {
        "POST /logout",
        "PATCH /api/v1/users/<name>",
        "DELETE /api/v1/sessions",
        "DELETE /api/v1/sessions/<session_id>",
        "POST /api/v1/tokens",
        "DELETE /api/v1/tokens/<token_id>",
        "PUT /api/v1/views",
    },
    Role.OPERATOR: {
        f"PATCH {CAMERA}",
        f"PUT {CAMERA}/zones",
        f"PATCH {EVENT}",
        f"DELETE {EVENT}",
        "POST /api/v1/cameras/options",
        "POST /api/v1/analyze",
    },
    Role.ADMIN: {
        "POST /api/v1/cameras",
        "POST /api/v1/discover",
        f"DELETE {CAMERA}",
        "POST /api/v1/people",
        f"PATCH {PERSON}",
        f"DELETE {PERSON}",
        f"POST {PERSON}/merge",
        f"POST {PERSON}/not",
        f"POST {PERSON}/faces",
        f"DELETE {PERSON}/faces/<face_id>",
        f"DELETE {UNKNOWN}",
        f"DELETE {UNKNOWN}/<unknown_id>",
        "PUT /api/v1/settings",
        "PUT /api/v1/storage",
        "POST /api/v1/users",
        "DELETE /api/v1/users/<name>",
    },
}
LEAST = {
    call: role for table in (LOOKS, CHANGES) for role, calls in table.items() for call in calls
}
CHANGING = {call for calls in CHANGES.values() for call in calls}
MESSAGES = {
    "watch": '{"type": "watch", "cameras": ["x"]}',
    "ack": '{"type": "ack", "camera": "x", "seq": 1}',
    "ping": '{"type": "ping", "t": 1}',
}


@dataclass
class House:
    """A hub, its accounts by role, and two cameras of which a limited account sees one."""

    hub: Hub
    app: Flask
    application: Application
    accounts: dict[Role, Account]
    seen: str
    hidden: str
    calls: int = 0

    def cookie(self, account: Account) -> str:
        """Return a new session, as a header."""
        value = self.hub.services.gate.sessions.add(account.owner, account.version, by=TESTER)
        return f"{self.hub.services.guard.cookie}={value}"

    def call(self, call: str, headers: Mapping[str, str], **gaps: str) -> Any:
        """Ask as a browser or program does; `gaps` fill the path's, all others get an x."""
        method, path = call.split()
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda gap: gaps.get(gap[1], "x"), path)
        client = self.app.test_client(use_cookies=False)
        body: dict[str, Any] = {"json": {}} if method in ("POST", "PATCH", "PUT") else {}
        # Wrong tokens are counted by address: so many calls come from several.
        self.calls += 1
        here = {"REMOTE_ADDR": f"192.0.2.{1 + self.calls // 100}"}
        return client.open(
            path, method=method, headers=dict(headers), environ_overrides=here, **body
        )

    def status(self, call: str, account: Account, **headers: str) -> int:
        """Return the answer to a call with a new session of an account."""
        sent = {"Cookie": self.cookie(account), **headers}
        own = {"name": account.name} if call.startswith("PATCH") else {}
        status: int = self.call(call, sent, **own).status_code
        return status


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
        patch.setattr(pictures, "_PAIR_WAIT_S", 0.0)
        hub = Hub(HubConfig(port=0, data_dir=tmp_path_factory.mktemp("hub")))
        hub.services.supervisor.stop()  # approved cameras get no worker here
        app, gate = create_app(hub.services), hub.services.gate
        seen, hidden = (_camera(hub, app, name) for name in ("seen", "hidden"))
        cheap = Accounts(hub.services.database, SystemClock(), Passwords(CHEAP))
        cheap.add("root", PASSWORD, Role.ADMIN, by=TESTER)
        names = {role: cheap.add(f"the-{role}", PASSWORD, role, by=TESTER).name for role in Role}
        cheap.add("guest", PASSWORD, Role.VIEWER, [seen], by=TESTER)
        cheap.add("helper", PASSWORD, Role.OPERATOR, [seen], by=TESTER)
        gate.refresh()
        accounts = {role: gate.accounts.get(name) for role, name in names.items()}
        yield House(hub, app, create_asgi(hub.services), accounts, seen, hidden)
        hub.close()


def _camera(hub: Hub, app: Flask, name: str) -> str:
    """Have a camera that is online, with a picture, a result and a minute of counts."""
    client, ports = app.test_client(), {"seen": 5001, "hidden": 5002}
    form = {"ipaddress": "127.0.0.1", "ports": ports[name], "agent_id": name, "name": name}
    camera_id = str(bson.decode(client.post("/server/", data=bson.encode(form)).data)["camera_id"])
    change = {"approved": True, "options": ["faces"]}
    client.patch(f"/api/v1/cameras/{camera_id}", json=change, headers=BEARER)
    at, size = hub.services.clock.now(), {"width": 64, "height": 48}
    hub.services.board.report(camera_id, messages.report(received_fps=9.0, **size))
    head = messages.frame_head(7, captured_at=at, **size)
    hub.services.broker.publish_frame(camera_id, head, name.encode())
    frame = Frame(jpeg=name.encode(), seq=7, captured_at=at, width=64, height=48)
    found = messages.findings(faces=[], **size)
    result = make_result(camera_id, frame, ("faces",), found)
    hub.services.broker.publish_result(camera_id, result, b"")
    hub.services.database.execute(
        "INSERT INTO minute_counts VALUES (?, ?, 1.0, 1, 60.0)", (camera_id, int(at) - 600)
    )
    crossed = Crossed(line="door", name="Door", direction="in", at=at)
    event = Event(
        kind=EventKind.CROSSING, subkind="in", started_at=at, ended_at=at, key=name,
        label="person", crossings=(crossed,),
    )  # fmt: skip
    path = picture_path(hub.services.config.data_dir / PICTURES / camera_id, name)
    replace_file(path, name.encode())
    hub.services.events.take(camera_id, "00" * 8, 1, [encode_event(event)], lambda *_: None)
    return camera_id


def calls_of(app: Flask) -> set[str]:
    """Return every route there is, as METHOD and path."""
    return {
        f"{method} {re.sub('<(?:[a-z]+:)', '<', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_and_message_stands_in_this_file(house: House) -> None:
    assert calls_of(house.app) == PUBLIC | set(LEAST)
    assert set(SOCKETS) == {"/live"}
    assert set(SOCKET_MESSAGES) == set(MESSAGES)


def test_nobody_reaches_anything_but_the_public(house: House) -> None:
    for call in LEAST:
        for headers in ({}, OWN_PAGE, {"Authorization": "Bearer wrong"}, {"Cookie": "c=wrong"}):
            assert house.call(call, headers).status_code == 401, (call, headers)
    for call in PUBLIC:
        assert house.call(call, {}).status_code not in (403, 500), call


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_what_it_may_and_nothing_above(house: House, role: Role) -> None:
    for call, least in LEAST.items():
        status = house.status(call, house.accounts[role], **OWN_PAGE)
        if role.includes(least):
            assert status not in (401, 403, 500), call
        else:
            assert status == 403, call


def test_a_change_from_another_page_is_refused_to_everybody(house: House) -> None:
    for call, least in LEAST.items():
        for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            status = house.status(call, house.accounts[Role.ADMIN], **headers)
            assert (status == 403) is (call in CHANGING), (call, least, headers)


def test_a_session_that_ended_reaches_nothing(house: House) -> None:
    gate, database = house.hub.services.gate, house.hub.services.database
    root = house.accounts[Role.ADMIN]
    expired, revoked, changed = (house.cookie(root) for _ in range(3))
    stored = [gate.sessions.of_cookie(each.partition("=")[2]) for each in (expired, revoked)]
    assert stored[0] and stored[1]
    database.execute("UPDATE sessions SET expires_at = 1 WHERE id = ?", (stored[0].id,))
    database.execute("UPDATE sessions SET version = 0 WHERE id = ?", (stored[1].id + 1,))
    gate.sessions.read()
    gate.sessions.end([stored[1].key], by=TESTER)
    for cookie in (expired, revoked, changed):
        for call in LEAST:
            sent = {"Cookie": cookie, **OWN_PAGE}
            assert house.call(call, sent).status_code == 401, call


# The socket.


def live(house: House, account: Account | None, *texts: str, **headers: str) -> list[Any]:
    """Return what `/live` sends to a viewer who says this."""
    sent = {"cookie": house.cookie(account)} if account else {}
    return talk(house.application, "/live", headers={**sent, **headers}, texts=texts)


def test_the_socket_is_refused_to_nobody_and_to_other_pages(house: House) -> None:
    viewer = house.accounts[Role.VIEWER]
    for text in MESSAGES.values():
        assert live(house, None, text, origin="http://localhost") == []
        assert live(house, viewer, text, origin="http://evil.example") == []
        assert live(house, viewer, text) == []


@pytest.mark.parametrize("role", Role)
def test_each_role_may_send_every_message(house: House, role: Role) -> None:
    for name, text in MESSAGES.items():
        hello, *rest = live(house, house.accounts[role], text, origin="http://localhost")
        assert hello["type"] == "hello"
        assert [each["type"] for each in rest] == (["pong"] if name == "ping" else [])


# An account with a list of cameras.


@pytest.fixture
def guest(house: House) -> Account:
    return house.hub.services.gate.accounts.get("guest")


@pytest.fixture
def helper(house: House) -> Account:
    return house.hub.services.gate.accounts.get("helper")


def test_a_hidden_camera_is_answered_like_one_that_never_was(house: House, helper: Account) -> None:
    with_camera = [call for call in LEAST if "<camera_id>" in call]
    assert len(with_camera) == 8
    for call in with_camera:
        answers = {}
        for camera_id in (house.seen, house.hidden, "0" * 16):
            sent = {"Cookie": house.cookie(helper), **OWN_PAGE}
            answer = house.call(call, sent, camera_id=camera_id)
            answers[camera_id] = (answer.status_code, answer.data)
        assert answers[house.hidden] == answers["0" * 16], call
        assert answers[house.hidden][0] in (403, 404), call
    stream = f"/api/v1/cameras/{house.hidden}/stream.mjpg"
    assert (
        ask(house.application, "GET", stream, headers={"Cookie": house.cookie(helper)}).status
        == 404
    )
    seen = house.call(
        f"GET {CAMERA}/snapshot.jpg", {"Cookie": house.cookie(helper)}, camera_id=house.seen
    )
    assert seen.data == b"seen"


def test_lists_counts_figures_and_orders_know_only_the_listed_cameras(
    house: House, guest: Account, helper: Account
) -> None:
    headers = {"Cookie": house.cookie(guest)}
    everything = [
        house.call(call, headers)
        for call in ("GET /api/v1/cameras", "GET /api/v1/counts", "GET /metrics", "GET /")
    ]
    for answer in everything:
        assert answer.status_code == 200
        assert house.hidden not in answer.text and "hidden" not in answer.text.split("<body")[0]
    cameras, counts, metrics, _ = everything
    assert [camera["id"] for camera in cameras.get_json()["cameras"]] == [house.seen]
    assert [minute["camera"] for minute in counts.get_json()["minutes"]] == [house.seen]
    assert f'camera="{house.seen}"' in metrics.text
    assert 'convergecast_cameras{state="connecting"}' in metrics.text
    assert sum(map(float, re.findall(r"convergecast_cameras\{.*?\} (\S+)", metrics.text))) == 1
    client = house.app.test_client(use_cookies=False)
    one = client.get(f"/api/v1/counts?camera={house.hidden}", headers=headers)
    assert one.status_code == 404
    order = {"cameras": [house.seen, house.hidden, "gone"], "option": "objects", "on": False}
    sent = {"Cookie": house.cookie(helper), **OWN_PAGE}
    answers = client.post("/api/v1/cameras/options", json=order, headers=sent).get_json()["cameras"]
    assert answers[house.hidden] == answers["gone"]
    assert answers[house.seen] == {"options": ["faces"]}


def test_events_of_a_hidden_camera_do_not_exist(
    house: House, guest: Account, helper: Account
) -> None:
    headers = {"Cookie": house.cookie(guest)}
    every = house.call("GET /api/v1/events", BEARER).get_json()["events"]
    ids = {event["camera"]: event["id"] for event in every}
    assert set(ids) == {house.seen, house.hidden}
    shown = house.call("GET /api/v1/events", headers).get_json()["events"]
    assert [event["camera"] for event in shown] == [house.seen]
    client = house.app.test_client(use_cookies=False)
    for camera, found in ((house.seen, 1), (house.hidden, 0)):
        only = client.get(f"/api/v1/events?camera={camera}", headers=headers).get_json()
        assert len(only["events"]) == found
    crossed = house.call("GET /api/v1/counts", headers).get_json()["lines"]
    assert [(line["camera"], line["line"], line["in"]) for line in crossed] == [
        (house.seen, "door", 1)
    ]
    for call in (call for call in LEAST if "<event_id>" in call):
        sent = {"Cookie": house.cookie(helper), **OWN_PAGE}
        answers = [house.call(call, sent, event_id=each) for each in (ids[house.hidden], "999999")]
        assert answers[0].status_code == (400 if call.startswith("PATCH") else 404), call
        assert answers[0].data == answers[1].data, call
    mark = client.patch(
        f"/api/v1/events/{ids[house.hidden]}",
        json={"kept": True},
        headers={"Cookie": house.cookie(helper), **OWN_PAGE},
    )
    assert mark.status_code == 404
    picture = house.call(f"GET {EVENT}/snapshot.jpg", headers, event_id=ids[house.seen])
    assert picture.data == b"seen"


def test_the_socket_knows_only_the_listed_cameras(house: House, guest: Account) -> None:
    watch = f'{{"type": "watch", "cameras": ["{house.hidden}", "{house.seen}"]}}'
    told = live(house, guest, watch, origin="http://localhost")
    assert [camera["id"] for camera in told[0]["cameras"]] == [house.seen]
    assert told[0]["status"]["wanted_fps"]["faces"] == 10.0
    pictures = [each for each in told if isinstance(each, bytes)]
    assert len(pictures) == 1 and pictures[0].endswith(b"seen")
    results = [each for each in told[1:] if not isinstance(each, bytes)]
    assert {each["camera_id"] for each in results if each["type"] == "result"} == {house.seen}
    assert house.hidden.encode() not in b"".join(pictures)
    assert house.hidden not in str(told)
    everything = live(house, house.accounts[Role.VIEWER], watch, origin="http://localhost")
    assert everything[0]["status"]["wanted_fps"]["faces"] == 20.0
    assert len([each for each in everything if isinstance(each, bytes)]) == 2


def test_an_operator_lets_no_camera_in_and_throws_none_out(house: House) -> None:
    sent = {"Cookie": house.cookie(house.accounts[Role.OPERATOR]), **OWN_PAGE}
    client = house.app.test_client(use_cookies=False)
    recording = {"recording": {"mode": "off"}}
    for fields, status in (({"approved": False}, 403), (recording, 403), ({"name": "seen"}, 200)):
        url = f"/api/v1/cameras/{house.seen}"
        assert client.patch(url, json=fields, headers=sent).status_code == status
    assert house.hub.services.registry.get(house.seen).recording.mode == "events"


def test_names_are_told_of_no_picture_that_a_limited_account_brings(
    house: House, helper: Account
) -> None:
    client = house.app.test_client(use_cookies=False)
    sent = {"Cookie": house.cookie(helper), **OWN_PAGE}
    answer = client.post("/api/v1/analyze?options=recognition", data=b"x", headers=sent)
    assert answer.status_code == 403


# One's own account.


def test_everybody_changes_the_own_password_and_nothing_else(house: House, guest: Account) -> None:
    client = house.app.test_client(use_cookies=False)
    new = {"password": "another four of them"}

    def change(name: str, **fields: object) -> int:
        sent = {"Cookie": house.cookie(house.hub.services.gate.accounts.get("guest")), **OWN_PAGE}
        answer = client.patch(f"/api/v1/users/{name}", json=fields, headers=sent)
        return answer.status_code

    right = {"current_password": PASSWORD}
    assert change("guest", **new) == 400
    assert change("guest", **new, current_password="a wrong one") == 403
    assert change("guest", role="admin") == 403
    assert change("guest", cameras=None) == 403
    assert change("the-viewer", **new, **right) == 403
    assert change("nobody", **new, **right) == 403
    assert change("guest", password="password", **right) == 400
    assert change("guest", password=PASSWORD, **right) == 400, "it is the old one"
    assert change("GUEST", **new, **right) == 200
    gate = house.hub.services.gate
    assert gate.accounts.sign_in("guest", new["password"])


def test_a_session_sees_and_ends_its_own_and_an_administrator_all(house: House) -> None:
    viewer, root = house.accounts[Role.VIEWER], house.accounts[Role.ADMIN]
    gate = house.hub.services.gate
    mine, also, others = house.cookie(viewer), house.cookie(viewer), house.cookie(root)
    ids = [gate.sessions.of_cookie(each.partition("=")[2]) for each in (mine, also, others)]
    first, second, third = (session.id for session in ids if session)
    sent = {"Cookie": mine, **OWN_PAGE}
    found = house.call("GET /api/v1/sessions", sent).get_json()["sessions"]
    assert {session["user"] for session in found} == {"the-viewer"}
    assert [session["id"] for session in found if session["current"]] == [str(first)]
    assert all(session["seen_at"] >= session["created_at"] for session in found)
    end = "DELETE /api/v1/sessions/<session_id>"
    assert house.call(end, sent, session_id=str(third)).status_code == 404
    assert house.call(end, sent, session_id=str(second)).status_code == 204
    assert house.call("GET /api/v1/me", {"Cookie": also}).status_code == 401
    sent = {"Cookie": others, **OWN_PAGE}
    assert house.call(end, sent, session_id=str(first)).status_code == 204
    assert house.call("GET /api/v1/me", {"Cookie": mine}).status_code == 401
    me = house.call("GET /api/v1/me", {"Cookie": others}).get_json()
    assert me == {"name": "the-admin", "role": "admin", "cameras": None, "kind": "session"}


# API tokens.


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"any:{text}".encode()).decode()}


def make_token(house: House, account: Account, **fields: object) -> Any:
    sent = {"Cookie": house.cookie(account), **OWN_PAGE}
    client = house.app.test_client(use_cookies=False)
    order = {"name": "garage", "role": "viewer", **fields}
    return client.post("/api/v1/tokens", json=order, headers=sent)


@pytest.mark.parametrize("role", Role)
def test_a_token_reaches_what_its_role_may_and_a_revoked_one_nothing(
    house: House, role: Role
) -> None:
    made = make_token(house, house.accounts[Role.ADMIN], role=role).get_json()
    for call, least in LEAST.items():
        own = {"name": "the-admin"} if call.startswith("PATCH") else {}
        status = house.call(call, bearer(made["token"]), **own).status_code
        assert (status == 403) is not role.includes(least), call
        assert status not in (401, 500), call
    client = house.app.test_client(use_cookies=False)
    order = {"name": "more", "role": "viewer"}
    again = client.post("/api/v1/tokens", json=order, headers=bearer(made["token"]))
    assert (again.status_code, "makes no tokens" in again.text) == (403, True)
    end = "DELETE /api/v1/tokens/<token_id>"
    sent = {"Cookie": house.cookie(house.accounts[Role.ADMIN]), **OWN_PAGE}
    asking = house.hub.services.gate.by_token(made["token"])
    assert asking and house.hub.services.gate.may_stay(asking)
    assert house.call(end, sent, token_id=made["id"]).status_code == 204
    assert not house.hub.services.gate.may_stay(asking)
    for call in LEAST:
        assert house.call(call, bearer(made["token"])).status_code == 401, call


def test_a_token_is_at_most_its_owner_now_and_then(house: House, helper: Account) -> None:
    assert make_token(house, helper, role="admin").status_code == 403
    assert make_token(house, helper, cameras=[house.hidden]).status_code == 404
    assert make_token(house, helper, expires_at=1.0).status_code == 409
    made = make_token(house, helper, role="operator").get_json()
    assert made["cameras"] == [house.seen] and len(made["token"]) > 40
    gate = house.hub.services.gate
    before = gate.by_token(made["token"])
    assert before and (before.role, before.name) == (Role.OPERATOR, "helper")
    gate.accounts.change("helper", role=Role.VIEWER, cameras=[], by=TESTER)
    now = gate.by_token(made["token"])
    assert now and (now.role, now.cameras) == (Role.VIEWER, frozenset())
    shown = house.call("GET /api/v1/tokens", {"Cookie": house.cookie(gate.accounts.get("helper"))})
    assert [(each["role"], each["cameras"]) for each in shown.get_json()["tokens"]] == [
        ("viewer", [])
    ]
    assert not gate.may_stay(before)
    gate.accounts.change("helper", role=Role.OPERATOR, cameras=[house.seen], by=TESTER)
    stored = house.hub.services.database.read("SELECT * FROM api_tokens")
    assert made["token"] not in str([tuple(row) for row in stored])


def test_a_limited_token_learns_of_no_camera_from_the_list_of_tokens(house: House) -> None:
    operator = house.accounts[Role.OPERATOR]
    made = [make_token(house, operator, cameras=[each]) for each in (house.hidden, house.seen)]
    made.append(make_token(house, operator))
    shown = house.call("GET /api/v1/tokens", bearer(made[1].get_json()["token"])).get_json()
    assert [each["cameras"] for each in shown["tokens"]] == [[house.seen], [house.seen], []]
    all_ = house.call("GET /api/v1/tokens", {"Cookie": house.cookie(operator)}).get_json()
    assert [each["cameras"] for each in all_["tokens"]] == [None, [house.seen], [house.hidden]]


def test_tokens_go_with_their_account_and_with_their_time(house: House) -> None:
    gate = house.hub.services.gate
    cheap = Accounts(house.hub.services.database, SystemClock(), Passwords(CHEAP))
    cheap.add("short", PASSWORD, Role.VIEWER, by=TESTER)
    gate.refresh()
    short = gate.accounts.get("short")
    soon = house.hub.services.clock.now() + 0.2
    expiring = make_token(house, short, expires_at=soon).get_json()["token"]
    lasting = make_token(house, short).get_json()["token"]
    while house.hub.services.clock.now() < soon:
        time.sleep(0.02)
    assert gate.by_token(expiring) is None and gate.by_token(lasting)
    sent = {"Cookie": house.cookie(short)}
    (shown,) = house.call("GET /api/v1/tokens", sent).get_json()["tokens"]
    assert "token" not in shown
    others = {"Cookie": house.cookie(house.accounts[Role.VIEWER]), **OWN_PAGE}
    end = "DELETE /api/v1/tokens/<token_id>"
    assert house.call(end, others, token_id=shown["id"]).status_code == 404
    gate.accounts.remove("short", by=TESTER)
    assert gate.by_token(lasting) is None


def test_basic_is_for_pictures_only(house: House) -> None:
    made = make_token(house, house.accounts[Role.VIEWER]).get_json()["token"]
    for call in LEAST:
        answer = house.call(call, basic(made), camera_id=house.seen)
        picture = CAMERA in call and call.endswith(("/snapshot.jpg", "/stream.mjpg"))
        assert (answer.status_code != 401) is picture, call
        nobody = house.call(call, {}, camera_id=house.seen)
        assert ("WWW-Authenticate" in nobody.headers) is picture, call
    snapshot = house.call(f"GET {CAMERA}/snapshot.jpg", basic(made), camera_id=house.seen)
    assert (snapshot.status_code, snapshot.data) == (200, b"seen")
    for wrong in ("wrong", ""):
        status = house.call(f"GET {CAMERA}/snapshot.jpg", basic(wrong)).status_code
        assert status == 401
    browser = {"Sec-Fetch-Mode": "no-cors"}
    assert "WWW-Authenticate" not in house.call(f"GET {CAMERA}/snapshot.jpg", browser).headers
    stream = f"/api/v1/cameras/{house.seen}/stream.mjpg"
    assert "www-authenticate" in ask(house.application, "GET", stream).headers
    assert ask(house.application, "HEAD", stream, headers=basic(made)).status == 200
