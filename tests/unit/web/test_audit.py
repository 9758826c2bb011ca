"""The audit: every route that changes something leaves its entry, and no change is without one.

Each route that is no mere question stands here, with a change to make by it or the reason why it
leaves no entry: a new one fails until it does.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import bson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from convergecast.auth.access import Role
from convergecast.auth.accounts import Account, Accounts
from convergecast.auth.agent_token import agent_token
from convergecast.auth.passwords import Passwords
from convergecast.clock import SystemClock
from convergecast.config import HubConfig
from convergecast.events.store import Search
from convergecast.faces.face import Face
from convergecast.hub import Hub
from convergecast.messages.events import Event, EventKind, encode_event
from convergecast.messages.people import SettingsChange
from convergecast.messages.worker import ResultHead, Seen
from convergecast.storage import audit
from convergecast.storage.audit import Actor, AuditKind, Change, newest
from convergecast.storage.database import Database
from convergecast.web.app import create_app
from convergecast.web.asgi import create_asgi
from tests.fakes.faces import EMBEDDING, KIND, Crowd, FakeEngine, crop_of, keep_unknown, told
from tests.support import messages
from tests.support.asgi import ask
from tests.support.callers import CHEAP, TESTER

TOKEN, PASSWORD, OTHER = "an administrator's token", "four words that differ", "another four words"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OWN_PAGE = {"Origin": "http://localhost"}
NAMES = ("Zebulon", "Zebedee")
AUDIT = "/api/v1/audit"
CAMERAS, CAMERA = "/api/v1/cameras", "/api/v1/cameras/<camera_id>"
PEOPLE, PERSON = "/api/v1/people", "/api/v1/people/<person_id>"
UNKNOWN, USERS = "/api/v1/unknown-faces", "/api/v1/users"
EVENT = "/api/v1/events/<event_id>"
SESSIONS, TOKENS = "/api/v1/sessions", "/api/v1/tokens"


@dataclass
class Order:
    """A request that is about to be made, and the entry that it must leave."""

    kind: str
    action: str
    subject: str | None = None
    gaps: dict[str, str] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    by: Actor | None = None
    """Who makes it, where that is not the caller."""


@dataclass
class Desk:
    """A hub whose engine is made of words, and who asks it."""

    hub: Hub
    app: Flask
    engine: FakeEngine
    crowd: Crowd
    root: Account
    headers: dict[str, str]
    actor: Actor
    number: int = 0

    def call(self, call: str, order: Order) -> Any:
        method, path = call.split()
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda gap: order.gaps[gap[1]], path)
        client = self.app.test_client(use_cookies=False)
        here = {"REMOTE_ADDR": self.actor.address}
        headers = {**self.headers, **order.request.get("headers", {})}
        sent = {**order.request, "headers": headers}
        return client.open(path, method=method, environ_overrides=here, **sent)

    def new(self) -> int:
        self.number += 1
        return self.number

    def entries(self) -> list[tuple[int, Change]]:
        return newest(self.hub.services.database, 1000)

    def offer(self) -> dict[str, Any]:
        """Return the registration of a new agent."""
        number = self.new()
        return {"ipaddress": "127.0.0.1", "ports": 6000 + number, "agent_id": f"a{number}"}

    def camera(self, *, approved: bool = True) -> str:
        registry = self.hub.services.registry
        token = {"token": agent_token(self.hub.services.database)} if approved else {}
        answer = self.app.test_client().post("/server/", data=bson.encode(self.offer() | token))
        camera_id = str(bson.decode(answer.data)["camera_id"])
        assert registry.get(camera_id).approval.value == ("approved" if approved else "pending")
        return camera_id

    def account(self, role: Role = Role.VIEWER) -> Account:
        name = f"user{self.new()}"
        cheap = Accounts(self.hub.services.database, SystemClock(), Passwords(CHEAP))
        cheap.add(name, PASSWORD, role, by=TESTER)
        gate = self.hub.services.gate
        gate.refresh()
        return gate.accounts.get(name)

    def session(self, account: Account) -> tuple[int, str]:
        """Return the number and the cookie of a new session."""
        gate = self.hub.services.gate
        cookie = gate.sessions.add(account.owner, account.version, TESTER)
        session = gate.sessions.of_cookie(cookie)
        assert session
        return session.id, f"{self.hub.services.guard.cookie}={cookie}"

    def face(self) -> Face:
        vector = self.crowd.vector(f"person {self.new()}")
        return Face(crop=crop_of(vector), vector=vector.tobytes(), kind=KIND, quality=0.9, flaws=())

    def person(self) -> str:
        faces = [("upload", self.face()), ("upload", self.face())]
        return self.hub.services.gallery.new_person(NAMES[0], "Ada", faces, TESTER)

    def unknown(self) -> str:
        now = self.hub.services.clock.now()
        return keep_unknown(self.hub.services.gallery, None, "c", now, self.face())

    def event(self) -> str:
        number = self.new()
        at = self.hub.services.clock.now() + 1000 * number
        event = Event(kind=EventKind.CAMERA, subkind="back", started_at=at)
        self.hub.services.events.take("c", "00" * 8, number, [encode_event(event)], lambda *_: None)
        self.hub._events_database.write(lambda _: None)  # it is stored before this
        (found,) = self.hub.services.events.search(Search(since=at))
        return str(found.id)

    def picture(self) -> tuple[BytesIO, str]:
        content = f"picture {self.new()}".encode()
        self.engine.show(content, told(self.crowd.vector(f"person {self.new()}")))
        return BytesIO(content), "a.jpg"


def rename_camera(desk: Desk) -> Order:
    camera_id = desk.camera()
    change = {"name": "Hall", "options": ["faces"], "objects": {"min_score": 0.3}}
    return Order("camera", "changed", camera_id, {"camera_id": camera_id}, {"json": change})


def add_network_camera(desk: Desk) -> Order:
    order = {"source": f"rtsp://admin:geheim@127.0.0.1:9/{desk.new()}", "keep": True}
    return Order("camera", "added", "any", request={"json": order})


def switch(desk: Desk) -> Order:
    one, two = desk.camera(), desk.camera()
    order = {"cameras": [one, two, "gone"], "option": "faces", "on": True}
    return Order("camera", "changed", None, request={"json": order})


def set_storage(desk: Desk) -> Order:
    request = {"json": {"budget_bytes": (1 << 30) + desk.new(), "days": 30}}
    return Order("settings", "storage changed", request=request)


def draw_zone(desk: Desk) -> Order:
    camera_id = desk.camera()
    zone = {"name": f"Yard {desk.new()}", "polygon": [[0, 0], [1, 0], [1, 1]]}
    request = {"json": {"zones": [zone]}}
    return Order("camera", "changed", camera_id, {"camera_id": camera_id}, request)


def keep_event(desk: Desk) -> Order:
    event_id = desk.event()
    return Order("event", "kept", event_id, {"event_id": event_id}, {"json": {"kept": True}})


def delete_event(desk: Desk) -> Order:
    event_id = desk.event()
    return Order("event", "deleted", event_id, {"event_id": event_id})


def forget_camera(desk: Desk) -> Order:
    camera_id = desk.camera()
    return Order("camera", "forgotten", camera_id, {"camera_id": camera_id})


def enrol(desk: Desk) -> Order:
    form = {"name": NAMES[0], "consent": "true", "pictures": [desk.picture()]}
    return Order("person", "enrolled", "any", request={"data": form})


def add_pictures(desk: Desk) -> Order:
    person_id = desk.person()
    form = {"pictures": [desk.picture()]}
    return Order("person", "pictures added", person_id, {"person_id": person_id}, {"data": form})


def rename_person(desk: Desk) -> Order:
    person_id, name = desk.person(), {"name": NAMES[1]}
    return Order("person", "renamed", person_id, {"person_id": person_id}, {"json": name})


def forget_person(desk: Desk) -> Order:
    person_id = desk.person()
    return Order("person", "forgotten", person_id, {"person_id": person_id})


def merge(desk: Desk) -> Order:
    into, other = desk.person(), desk.person()
    return Order("person", "merged", into, {"person_id": into}, {"json": {"from": other}})


def not_this_person(desk: Desk) -> Order:
    person_id, camera_id, services = desk.person(), desk.camera(), desk.hub.services
    services.registry.change(camera_id, options=["recognition"])
    face: dict[str, Any] = {"track_id": 1, "person": None, "identity": {}}
    result = messages.result(options=["recognition"], captured_at=1e9, faces=[face])
    look = told(desk.crowd.vector("seen")).look
    assert look is not None
    head = ResultHead(result=result, seen=Seen(kind=EMBEDDING, faces={1: look}))
    services.collector.take_result(camera_id, head, b"jpeg")
    seen = {"camera": camera_id, "track_id": 1}
    return Order("person", "not this person", person_id, {"person_id": person_id}, {"json": seen})


def remove_picture(desk: Desk) -> Order:
    person_id = desk.person()
    face_id = desk.hub.services.gallery.person(person_id).pictures[0].id
    gaps = {"person_id": person_id, "face_id": face_id}
    return Order("person", "picture removed", person_id, gaps)


def drop_unknown(desk: Desk) -> Order:
    unknown_id = desk.unknown()
    gaps = {"unknown_id": unknown_id}
    return Order("unknown-face", "unknown faces dropped", unknown_id, gaps)


def drop_all_unknown(desk: Desk) -> Order:
    desk.unknown()
    return Order("unknown-face", "unknown faces dropped")


def set_settings(desk: Desk) -> Order:
    hours = 1 + desk.hub.services.faces_settings.now.unknown_hours % 700
    return Order("settings", "settings changed", request={"json": {"unknown_hours": hours}})


def add_account(desk: Desk) -> Order:
    name = f"added{desk.new()}"
    new = {"name": name, "password": OTHER, "role": "viewer", "cameras": [desk.camera()]}
    return Order("account", "added", name, request={"json": new})


def change_account(desk: Desk) -> Order:
    name = desk.account().name
    change = {"password": OTHER, "role": "operator"}
    return Order("account", "changed", name, {"name": name}, {"json": change})


def remove_account(desk: Desk) -> Order:
    name = desk.account().name
    return Order("account", "removed", name, {"name": name})


def end_session(desk: Desk) -> Order:
    number, _ = desk.session(desk.account())
    return Order("session", "ended", str(number), {"session_id": str(number)})


def end_sessions(desk: Desk) -> Order:
    """Have a caller of its own end its sessions: those of this file are needed still."""
    account = desk.account()
    desk.session(account)
    number, cookie = desk.session(account)
    by = Actor(account.name, f"session {number}", desk.actor.address)
    sent = {"Cookie": cookie, "Authorization": "", **OWN_PAGE}
    return Order("session", "ended", None, request={"headers": sent}, by=by)


def make_token(desk: Desk) -> Order:
    """Have a session make it: a token makes no tokens."""
    number, cookie = desk.session(desk.root)
    by = Actor(desk.root.name, f"session {number}", desk.actor.address)
    sent = {"Cookie": cookie, "Authorization": "", **OWN_PAGE}
    new = {"name": "garage", "role": "viewer"}
    return Order("token", "made", "any", request={"json": new, "headers": sent}, by=by)


def revoke_token(desk: Desk) -> Order:
    services = desk.hub.services
    asking = services.gate.by_session(desk.headers.get("Cookie", "").partition("=")[2])
    token = desk.headers.get("Authorization", "").removeprefix("Bearer ")
    asking = asking or services.gate.by_token(token)
    assert asking
    made, _ = services.gate.tokens.add(asking.owner, "old", Role.VIEWER, None, None, TESTER)
    return Order("token", "revoked", str(made.id), {"token_id": str(made.id)})


def share_view(desk: Desk) -> Order:
    shared = {"name": f"View {desk.new()}", "cameras": [desk.camera()], "shared": True}
    return Order("view", "shared views changed", request={"json": {"views": [shared]}})


def sign_in(desk: Desk) -> Order:
    by = Actor(desk.root.name, "password", desk.actor.address)
    form = {"name": desk.root.name, "password": PASSWORD}
    sent = {"Cookie": "", "Authorization": ""}
    return Order("session", "signed in", "any", request={"data": form, "headers": sent}, by=by)


def sign_out(desk: Desk) -> Order:
    number, cookie = desk.session(desk.root)
    by = Actor(desk.root.name, f"session {number}", desk.actor.address)
    sent = {"Cookie": cookie, "Authorization": "", **OWN_PAGE}
    return Order("session", "ended", str(number), request={"headers": sent}, by=by)


CHANGES: dict[str, Callable[[Desk], Order]] = {
    f"POST {CAMERAS}": add_network_camera,
    f"PATCH {CAMERA}": rename_camera,
    f"POST {CAMERAS}/options": switch,
    f"DELETE {CAMERA}": forget_camera,
    f"PUT {CAMERA}/zones": draw_zone,
    f"PATCH {EVENT}": keep_event,
    f"DELETE {EVENT}": delete_event,
    f"POST {PEOPLE}": enrol,
    f"PATCH {PERSON}": rename_person,
    f"DELETE {PERSON}": forget_person,
    f"POST {PERSON}/merge": merge,
    f"POST {PERSON}/not": not_this_person,
    f"POST {PERSON}/faces": add_pictures,
    f"DELETE {PERSON}/faces/<face_id>": remove_picture,
    f"DELETE {UNKNOWN}": drop_all_unknown,
    f"DELETE {UNKNOWN}/<unknown_id>": drop_unknown,
    "PUT /api/v1/settings": set_settings,
    "PUT /api/v1/storage": set_storage,
    f"POST {USERS}": add_account,
    f"PATCH {USERS}/<name>": change_account,
    f"DELETE {USERS}/<name>": remove_account,
    f"DELETE {SESSIONS}": end_sessions,
    f"DELETE {SESSIONS}/<session_id>": end_session,
    f"POST {TOKENS}": make_token,
    f"DELETE {TOKENS}/<token_id>": revoke_token,
    "PUT /api/v1/views": share_view,
    "POST /login": sign_in,
    "POST /logout": sign_out,
}


def register(desk: Desk) -> dict[str, Any]:
    """Agents are no callers: they register every few seconds."""
    return {"data": bson.encode(desk.offer())}


def analyze(desk: Desk) -> dict[str, Any]:
    """It stores nothing."""
    return {"data": desk.picture()[0].read(), "query_string": {"options": "faces"}}


def look_for_cameras(desk: Desk) -> dict[str, Any]:
    """It stores nothing."""
    return {"json": {}}


EXCEPTIONS: dict[str, Callable[[Desk], dict[str, Any]]] = {
    "POST /api/v1/analyze": analyze,
    "POST /api/v1/discover": look_for_cameras,
    "POST /server": register,
    "POST /server/": register,
}


@pytest.fixture(scope="module", params=["session", "token", "administrator's token"])
def desk(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
        patch.setattr("convergecast.auth.gate.Passwords", lambda: Passwords(CHEAP))
        patch.setattr("convergecast.local_agents.agents.TRY_S", 0.0)  # it is kept in any case
        hub = Hub(
            HubConfig(port=0, data_dir=tmp_path_factory.mktemp("hub"), max_cameras_per_address=200)
        )
        services, engine = hub.services, FakeEngine()
        services.supervisor.stop()  # approved cameras get no worker here
        patch.setattr(services.enrolment, "_find", engine.find)
        patch.setattr(services.picture_analyzer, "analyze", lambda one, *_, **__: engine.find(one))
        services.faces_settings.change(SettingsChange(recognition=True))
        services.gallery.use_kind(KIND)
        root = services.gate.accounts.add("root", PASSWORD, Role.ADMIN, by=TESTER)
        address, client = "192.0.2.1", "an API client"
        here = Desk(hub, create_app(services), engine, Crowd(), root, {}, TESTER)
        if request.param == "session":
            number, cookie = here.session(root)
            here.headers = {"Cookie": cookie, **OWN_PAGE}
            here.actor = Actor("root", f"session {number}", address)
        elif request.param == "token":
            _, text = services.gate.tokens.add(root.owner, "shed", Role.ADMIN, None, None, TESTER)
            here.headers = {"Authorization": f"Bearer {text}"}
            here.actor = Actor("root", "token shed", address)
        else:
            here.headers, here.actor = BEARER, Actor(client, "the administrator's token", address)
        yield here
        hub.close()


def test_every_route_that_changes_something_stands_in_this_file(desk: Desk) -> None:
    found = {
        f"{method} {re.sub('<(?:[a-z]+:)', '<', rule.rule)}"
        for rule in desk.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert found == set(CHANGES) | set(EXCEPTIONS)


@pytest.mark.parametrize("call", CHANGES)
def test_a_change_leaves_one_entry_that_says_who_how_and_from_where(desk: Desk, call: str) -> None:
    order = CHANGES[call](desk)
    before = desk.entries()
    answer = desk.call(call, order)
    assert answer.status_code < 400, answer.text
    ((_, change),) = (each for each in desk.entries() if each[0] > before[0][0])
    assert (change.kind, change.action) == (order.kind, order.action)
    assert change.subject == order.subject or (order.subject == "any" and change.subject)
    assert change.by == (order.by or desk.actor)
    assert abs(change.at - desk.hub.services.clock.now()) < 60


def contents(database: Database) -> str:
    """Return what the database holds, but for what keeps its own count."""
    with sqlite3.connect(database.path) as connection:
        lines = [line for line in connection.iterdump() if "sqlite_sequence" not in line]
    connection.close()
    return "\n".join(lines)


@pytest.mark.parametrize("call", CHANGES)
def test_a_change_that_cannot_be_noted_is_not_made(desk: Desk, call: str) -> None:
    database, order = desk.hub.services.database, CHANGES[call](desk)
    database.write(
        lambda connection: connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    )
    before = contents(database)
    answer = desk.call(call, order)
    after = contents(database)
    database.write(lambda connection: connection.execute("DROP TRIGGER full"))
    assert answer.status_code >= 500 or b'"error"' in answer.data, answer.text
    assert after == before


@pytest.mark.parametrize("call", EXCEPTIONS)
def test_an_exception_leaves_none(desk: Desk, call: str) -> None:
    request, before = EXCEPTIONS[call](desk), desk.entries()
    answer = desk.app.test_client().post(call.split()[1], headers=BEARER, **request)
    assert answer.status_code == 200, answer.text
    assert desk.entries() == before


def test_what_changes_nothing_leaves_none(desk: Desk) -> None:
    camera_id, account = desk.camera(), desk.account()
    desk.hub.services.registry.change(camera_id, name="Hall", options=["faces"], by=TESTER)
    before = desk.entries()
    one = {"camera_id": camera_id}
    same = {"name": "Hall", "options": ["faces"], "approved": True, "objects": {"labels": None}}
    on = {"cameras": [camera_id], "option": "faces", "on": True}
    for call, order in (
        (f"PATCH {CAMERA}", Order("", "", None, one, {"json": same})),
        (f"POST {CAMERAS}/options", Order("", "", request={"json": on})),
        ("PUT /api/v1/settings", Order("", "", request={"json": {"recognition": True}})),
        (
            f"PATCH {USERS}/<name>",
            Order("", "", None, {"name": account.name}, {"json": {"role": "viewer"}}),
        ),
    ):
        assert desk.call(call, order).status_code == 200
    assert desk.entries() == before


def test_cameras_that_are_let_in_and_thrown_out_are_told_by_these_words(desk: Desk) -> None:
    camera_id = desk.camera(approved=False)
    for approved, action in ((True, "approved"), (False, "rejected")):
        order = Order(
            "camera", action, camera_id, {"camera_id": camera_id}, {"json": {"approved": approved}}
        )
        assert desk.call(f"PATCH {CAMERA}", order).status_code == 200
        assert desk.entries()[0][1].action == action
        assert desk.entries()[0][1].subject == camera_id


def test_the_answer_has_parts_and_kinds_and_neither_secrets_nor_names(desk: Desk) -> None:
    for call, make in CHANGES.items():
        desk.call(call, make(desk))
    client = desk.app.test_client()
    everything = client.get(f"{AUDIT}?limit=500", headers=BEARER)
    entries = everything.get_json()["entries"]
    assert len(entries) > 25
    first = client.get(f"{AUDIT}?limit=2", headers=BEARER).get_json()["entries"]
    rest = client.get(f"{AUDIT}?before={first[-1]['id']}&limit=500", headers=BEARER)
    assert first + rest.get_json()["entries"] == entries
    assert len(client.get(AUDIT, headers=BEARER).get_json()["entries"]) == min(100, len(entries))
    kinds = "kind=camera&kind=token"
    some = client.get(f"{AUDIT}?limit=500&{kinds}", headers=BEARER).get_json()["entries"]
    assert some == [entry for entry in entries if entry["kind"] in ("camera", "token")]
    assert {entry["kind"] for entry in some} == {"camera", "token"}
    for wrong in ("limit=501", "limit=0", "before=x", "kind=wings"):
        refused = client.get(f"{AUDIT}?{wrong}", headers=BEARER)
        assert refused.status_code == 400, wrong
    gate = desk.hub.services.gate
    secrets = [PASSWORD, OTHER, TOKEN, gate.link_token(), agent_token(desk.hub.services.database)]
    secrets += [next(iter(desk.headers.values())).split("=")[-1].removeprefix("Bearer ")]
    hashes = [session.key for session in gate.sessions.all()]
    for secret in [*secrets, *hashes, "$argon2", *NAMES]:
        assert secret not in everything.text
    (person,) = (entry for entry in entries[:40] if entry["action"] == "merged")
    assert person["person"] == person["subject"] and person["other"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
@pytest.mark.parametrize("cameras", [None, []])
def test_the_audit_is_for_administrators(desk: Desk, role: Role, cameras: list[str] | None) -> None:
    account = desk.account(role)
    if cameras is not None:
        desk.hub.services.gate.accounts.change(account.name, cameras=cameras, by=TESTER)
        account = desk.hub.services.gate.accounts.get(account.name)
    _, cookie = desk.session(account)
    answer = desk.app.test_client(use_cookies=False).get(AUDIT, headers={"Cookie": cookie})
    assert answer.status_code == 403 and "entries" not in answer.text


# Links, proxies, commands.


@pytest.fixture
def hub(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path, trusted_proxies=("192.0.2.80",)))
    yield hub
    hub.close()


def test_who_opens_the_one_time_link_is_in_the_audit(hub: Hub) -> None:
    client: FlaskClient = create_app(hub.services).test_client()
    link = hub.services.gate.link_token()
    here = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get(f"/?token={link}", environ_overrides=here).status_code == 303
    ((_, change),) = newest(hub.services.database, 10)
    assert (change.kind, change.action) == ("session", "signed in")
    assert change.by == Actor("the hub's page", "the one-time link", "192.0.2.7")
    assert link not in contents(hub.services.database)


def test_behind_a_trusted_proxy_the_address_is_that_of_the_client(hub: Hub) -> None:
    gate, application = hub.services.gate, create_asgi(hub.services)
    gate.accounts.add("root", PASSWORD, Role.ADMIN, by=TESTER)
    form = b"name=root&password=" + PASSWORD.replace(" ", "+").encode()
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": "198.51.100.7",
        "X-Forwarded-Proto": "https",
    }
    for proxy, address in (("192.0.2.80", "198.51.100.7"), ("192.0.2.81", "192.0.2.81")):
        answer = ask(application, "POST", "/login", headers=sent, body=form, client=proxy)
        assert answer.status == 303
        assert newest(hub.services.database, 1)[0][1].by == Actor("root", "password", address)


# The limits.


def change_by(name: str) -> Change:
    return Change(by=Actor(name), at=1.0, action="changed", kind=AuditKind.CAMERA)


def test_one_name_pushes_out_its_own_entries_only_and_all_are_limited(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_OF_ONE", 30)
    monkeypatch.setattr(audit, "MOST", 250)
    database = Database(tmp_path / "hub.sqlite3")
    database.write(lambda connection: audit.note(connection, change_by("honest")))
    for _ in range(300):
        database.write(lambda connection: audit.note(connection, change_by("noisy")))
    by = [change.by.name for _, change in newest(database, 1000)]
    assert by == ["noisy"] * 30 + ["honest"]
    for name in map(str, range(20)):
        for _ in range(20):
            database.write(functools.partial(audit.note, change=change_by(name)))
    found = newest(database, 1000)
    assert 250 <= len(found) < 350
    assert found[0][1].by.name == "19"
    assert "honest" not in {change.by.name for _, change in found}
    database.close()


def test_a_long_detail_is_cut(tmp_path: Any) -> None:
    database = Database(tmp_path / "hub.sqlite3")
    long = Change(by=TESTER, at=1.0, action="a", kind=AuditKind.CAMERA, detail="x" * 5000)
    database.write(lambda connection: audit.note(connection, long))
    assert len(newest(database, 1)[0][1].detail) == 1001
    database.close()
