"""The description of the API: valid, complete, and what the hub really answers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from convergecast import __version__
from convergecast.auth.access import Access, declared_rule
from convergecast.cameras.analyzer import make_result
from convergecast.cameras.puller import Frame
from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.labels import LABELS, NOT_TAUGHT
from convergecast.messages.worker import State
from convergecast.options import OPTIONS
from convergecast.web import openapi
from convergecast.web.app import create_app
from convergecast.web.asgi import SOCKETS
from convergecast.web.live import SOCKET_MESSAGES
from convergecast.web.openapi.operations import SECURITY
from tests.contract import Contract
from tests.support import messages
from tests.support.callers import TESTER

TOKEN = "an administrator's token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CAMERAS = "/api/v1/cameras"
USERS, SESSIONS, TOKENS = "/api/v1/users", "/api/v1/sessions", "/api/v1/tokens"
AGENT = {"ipaddress": "127.0.0.1", "ports": 5001, "agent_id": "a", "width": 64, "fps": 25.0}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    hub.services.supervisor.stop()  # approved cameras get no worker here
    yield hub
    hub.close()


@pytest.fixture
def app(hub: Hub) -> Flask:
    return create_app(hub.services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def document(cookie: str = "c") -> Any:
    return openapi.document(cookie=cookie)


class Caller:
    """Asks the hub, and holds every answer against the description."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        answer = client.get("/api/openapi.json", headers=BEARER)
        self.contract = Contract(answer.get_json())

    def ask(self, method: str, path: str, *, signed_in: bool = True, **request: Any) -> Any:
        headers = {**(BEARER if signed_in else {}), **request.pop("headers", {})}
        answer = self._client.open(path, method=method, headers=headers, **request)
        kind = answer.headers.get("Content-Type", "")
        self.contract.check(
            method, path.partition("?")[0], answer.status_code, kind, answer.get_data()
        )
        return answer

    def register(self, **fields: object) -> str:
        answer = self.ask("POST", "/server/", data=bson.encode({**AGENT, **fields}))
        return str(bson.decode(answer.data)["camera_id"])


@pytest.fixture
def caller(client: FlaskClient) -> Caller:
    return Caller(client)


Declared = tuple[Access | None, bool]
"""Who may use a route, and whether by Basic."""


def access_declared(function: Callable[..., object]) -> Declared:
    rule = declared_rule(function)
    return (rule.access, rule.basic) if rule else (None, False)


def rules(app: Flask) -> dict[tuple[str, str], Declared]:
    """Every route there is, with what it declares."""
    found = {
        (rule.rule, method): access_declared(app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    found |= {(path, "GET"): access_declared(serve) for path, serve in SOCKETS.items()}
    return {
        (re.sub(r"<(?:\w+:)?(.*?)>", r"{\1}", r), method): access
        for (r, method), access in found.items()
    }


def described(document: dict[str, Any]) -> dict[tuple[str, str], Declared]:
    """Every route of the description, with what its `security` amounts to."""
    operations = {
        (path, method.upper()): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    operations |= {(path, "GET"): socket for path, socket in document["x-sockets"].items()}
    return {key: access_of(operation["security"]) for key, operation in operations.items()}


def access_of(security: list[dict[str, list[str]]]) -> Declared:
    others = [each for each in security if "basic" not in each]
    access = next((Access(name) for name, value in SECURITY.items() if value == others), None)
    return access, {"basic": ["viewer"]} in security


def test_a_validator_accepts_it() -> None:
    OpenAPIV31SpecValidator(document(cookie="convergecast_5000")).validate()


def test_every_route_is_described_with_its_access_and_nothing_else_is(app: Flask) -> None:
    assert described(document()) == rules(app)


def test_security_tells_the_kinds_of_access_apart() -> None:
    assert {access_of(value) for value in SECURITY.values()} == {(each, False) for each in Access}
    assert SECURITY[Access.PUBLIC] == []


def test_basic_is_described_on_the_two_requests_that_take_it() -> None:
    found = {path for (path, _), (_, basic) in described(document()).items() if basic}
    one = f"{CAMERAS}/{{camera_id}}"
    assert found == {f"{one}/snapshot.jpg", f"{one}/stream.mjpg"}
    scheme = document()["components"]["securitySchemes"]["basic"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "basic")


def test_every_operation_has_a_name_of_its_own_and_answers() -> None:
    paths = document()["paths"].values()
    operations = [o for item in paths for name, o in item.items() if name != "parameters"]
    names = [operation["operationId"] for operation in operations]
    assert sorted(names) == sorted(set(names))
    for operation in operations:
        assert operation["summary"]
        assert any(status[0] in "23" for status in operation["responses"]), operation


def test_versions_options_states_and_socket_messages_are_the_hubs(caller: Caller, hub: Hub) -> None:
    contract = caller.contract.document
    schemas = contract["components"]["schemas"]
    assert contract["info"]["version"] == __version__
    names = [option.name for option in OPTIONS]
    for name in ("CameraView", "CameraChange", "Result"):
        assert schemas[name]["properties"]["options"]["items"]["enum"] == names
    assert schemas["OptionOrder"]["properties"]["option"]["enum"] == names
    assert schemas["State"]["enum"] == sorted(state.value for state in State)
    assert contract["x-sockets"]["/live"]["x-from-browser"] == list(SOCKET_MESSAGES)
    session = contract["components"]["securitySchemes"]["session"]
    assert session["name"] == hub.services.guard.cookie


def test_every_schema_is_used() -> None:
    contract = document()
    text = str(contract)
    for name in contract["components"]["schemas"]:
        assert f"'#/components/schemas/{name}'" in text, name


def test_it_is_for_those_who_may_view(client: FlaskClient) -> None:
    assert client.get("/api/openapi.json").status_code == 401


def test_an_undescribed_field_is_noticed(caller: Caller) -> None:
    error = {"$ref": "#/components/schemas/Error"}
    caller.contract.validate({"error": "invalid", "message": "m"}, error)
    for value in ({"error": "invalid", "message": "m", "more": 1}, {"error": "x", "message": "m"}):
        with pytest.raises(AssertionError):
            caller.contract.validate(value, error)


def test_answers_about_the_hub(caller: Caller) -> None:
    for path in ("/", "/login", "/healthz", "/metrics", "/api/openapi.json"):
        assert caller.ask("GET", path).status_code == 200
    assert caller.ask("GET", "/api/v1/agent-command").status_code == 200
    labels = caller.ask("GET", "/api/v1/labels").get_json()["labels"]
    assert [label["name"] for label in labels] == list(LABELS)
    assert {label["name"] for label in labels if not label["taught"]} == NOT_TAUGHT
    assert [label["id"] for label in labels] == list(range(1, 92))
    assert caller.ask("GET", "/", signed_in=False).status_code == 401
    assert caller.ask("GET", "/?token=wrong", signed_in=False).status_code == 401
    assert caller.ask("GET", f"/?token={TOKEN}", signed_in=False).status_code == 401
    for token, status in (("wrong", 401), (TOKEN, 303)):
        answer = caller.ask("POST", "/login", signed_in=False, data={"token": token})
        assert answer.status_code == status
    assert caller.ask("POST", "/logout", signed_in=False).status_code == 403
    assert caller.ask("POST", "/logout").status_code == 303


def test_answers_about_accounts(caller: Caller, hub: Hub) -> None:
    assert caller.ask("GET", "/api/v1/me").get_json()["role"] == "admin"
    anna = {"name": "anna", "password": "four words that differ", "role": "viewer", "cameras": []}
    made = caller.ask("POST", USERS, json=anna)
    assert (made.status_code, made.get_json()["cameras"]) == (201, [])
    assert caller.ask("POST", USERS, json=anna).status_code == 409
    bob = {**anna, "name": "bob"}
    for wrong in ({"password": "password"}, {"password": "short"}, {"role": "owner"}):
        assert caller.ask("POST", USERS, json={**bob, **wrong}).status_code == 400
    assert caller.ask("POST", USERS, json={**bob, "cameras": ["gone"]}).status_code == 404
    assert caller.ask("POST", USERS, json={**bob, "role": "admin"}).status_code == 409
    boss = {**anna, "name": "boss", "role": "admin", "cameras": None}
    assert caller.ask("POST", USERS, json=boss).status_code == 201
    assert caller.ask("PATCH", f"{USERS}/anna", json={"cameras": None}).get_json() == {
        **{name: made.get_json()[name] for name in ("name", "role", "created_at")},
        "cameras": None,
    }
    for fields, status in (({"role": "viewer"}, 409), ({"colour": 1}, 400)):
        assert caller.ask("PATCH", f"{USERS}/boss", json=fields).status_code == status
    assert caller.ask("DELETE", f"{USERS}/boss").status_code == 409
    assert caller.ask("PATCH", f"{USERS}/gone", json={}).status_code == 404
    names = [user["name"] for user in caller.ask("GET", USERS).get_json()["users"]]
    assert names == ["anna", "boss"]
    for _ in range(3):
        hub.services.gate.sessions.add("1", 2, TESTER, "a browser")
    found = caller.ask("GET", f"{SESSIONS}?limit=2").get_json()["sessions"]
    assert [(session["user"], session["current"]) for session in found] == [("anna", False)] * 2
    older = caller.ask("GET", f"{SESSIONS}?before={found[-1]['id']}").get_json()["sessions"]
    assert [session["id"] for session in older] == ["1"]
    assert caller.ask("GET", f"{SESSIONS}?before=x").status_code == 400
    assert caller.ask("DELETE", f"{SESSIONS}/1").status_code == 204
    assert caller.ask("DELETE", f"{SESSIONS}/1").status_code == 404
    assert caller.ask("DELETE", SESSIONS).status_code == 204
    assert caller.ask("GET", SESSIONS).get_json() == {"sessions": []}
    assert caller.ask("DELETE", f"{USERS}/anna").status_code == 204
    order = {"name": "garage", "role": "viewer", "expires_at": 1e11}
    made = caller.ask("POST", TOKENS, json=order).get_json()
    assert caller.ask("POST", TOKENS, json={**order, "name": ""}).status_code == 400
    (shown,) = caller.ask("GET", TOKENS).get_json()["tokens"]
    assert {**shown, "token": made["token"]} == made
    assert caller.ask("DELETE", f"{TOKENS}/{made['id']}").status_code == 204
    assert caller.ask("DELETE", f"{TOKENS}/{made['id']}").status_code == 404


def test_answers_to_agents(caller: Caller) -> None:
    for path in ("/server/", "/server"):
        two = bson.encode({"ipaddress": "127.0.0.1", "ports": 80})
        assert caller.ask("POST", path, data=two).data == b"OK"
        assert caller.ask("POST", path, data=bson.encode(AGENT)).status_code == 200
        assert caller.ask("POST", path, data=b"").status_code == 400
        assert caller.ask("POST", path, data=b"", headers={"Origin": "x"}).status_code == 403
        assert caller.ask("POST", path, data=bytes(70_000)).status_code == 413
    for number in range(8):
        answer = caller.ask(
            "POST", "/server/", data=bson.encode({**AGENT, "agent_id": f"{number}"})
        )
    assert answer.status_code == 429


def test_answers_about_cameras_in_every_state(caller: Caller, hub: Hub) -> None:
    pending, shown = caller.register(agent_id="p"), caller.register(source="demo", version="1")
    assert caller.ask("GET", CAMERAS).get_json()["cameras"][0]["state"] == "pending"
    one = f"{CAMERAS}/{shown}"
    caller.ask("PATCH", one, json={"approved": True, "name": "Hall", "options": ["faces"]})
    shown_objects = {"min_score": 0.3, "labels": ["person", "cat"]}
    answer = caller.ask(
        "PATCH", one, json={"objects": {**shown_objects, "labels": ["cat", "person"]}}
    )
    assert answer.get_json()["objects"] == shown_objects
    answer = caller.ask("PATCH", one, json={"objects": {"labels": None}})
    assert answer.get_json()["objects"] == {"min_score": 0.3, "labels": None}
    assert caller.ask("GET", f"{one}/result").status_code == 404
    assert caller.ask("GET", f"{one}/snapshot.jpg").status_code == 404
    for change in ({"mode": "off"}, {"fps": 5}):
        recording = caller.ask("PATCH", one, json={"recording": change}).get_json()["recording"]
        assert recording["mode"] == "off"
    assert recording["fps"] == 5
    show_a_face(hub, shown)
    online = caller.ask("GET", CAMERAS).get_json()["cameras"][1]
    assert (online["state"], online["fps"], online["age_ms"] >= 0) == ("online", 24.9, True)
    assert len(caller.ask("GET", f"{one}/result").get_json()["faces"]) == 1
    assert caller.ask("GET", f"{one}/snapshot.jpg").data == b"a picture"
    caller.ask("PATCH", f"{CAMERAS}/{pending}", json={"approved": False})
    assert len(caller.ask("GET", f"{CAMERAS}/rejected").get_json()["cameras"]) == 1
    assert caller.ask("DELETE", one).status_code == 204


@pytest.mark.parametrize("place", ["cam.local", "[fe80::1]", "10.0.0.9:8554", "Küche_2:80"])
def test_the_address_of_a_camera_without_an_agent_host(
    caller: Caller, hub: Hub, place: str
) -> None:
    source = f"rtsp://me:secret@{place}/live"
    hub.services.registry.add_by_hub("ab" * 8, source, name="Hall", by=TESTER)
    (camera,) = caller.ask("GET", CAMERAS).get_json()["cameras"]
    assert camera["address"] == place


def test_nothing_need_be_sent_to_look_for_cameras(caller: Caller) -> None:
    bodies: list[dict[str, Any]] = [{}, {"json": {}}, {"content_type": "application/json"}]
    for body in bodies:
        answer = caller.ask("POST", "/api/v1/discover", **body)
        assert (answer.status_code, answer.get_json()["found"]) == (200, [])
    assert caller.ask("POST", "/api/v1/discover", data=b"{}").status_code == 415


@pytest.mark.parametrize(
    ("zones", "sentence"),
    [
        ({"id": ""}, "zones[0].id must be 1 to 32 letters, digits, - or _."),
        ({"id": None}, "zones[0].id must be 1 to 32 letters, digits, - or _."),
        (
            {"polygon": [[0, 0], [2, 0], [1, 1]]},
            "zones[0].polygon[1] must be x and y, two numbers from 0 to 1.",
        ),
        ({"polygon": [[0, 0]]}, "zones[0].polygon must be a list of 3 to 32."),
        ({"name": ""}, "zones[0].name must be a string of 1 to 80 printable characters."),
    ],
)
def test_a_wrong_zone_is_named_with_what_it_must_be(
    caller: Caller, zones: dict[str, Any], sentence: str
) -> None:
    url = f"{CAMERAS}/{caller.register()}/zones"
    zone = {"name": "Yard", "polygon": [[0, 0], [1, 0], [1, 1]], **zones}
    answer = caller.ask("PUT", url, json={"zones": [zone]})
    assert (answer.status_code, answer.get_json()["message"]) == (400, sentence)


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        (
            "GET",
            "events?kind=nope",
            None,
            "kind must be one of seen, face, crossing, camera, system, or several.",
        ),
        (
            "PUT",
            "storage",
            {"days": 0},
            "days must be a number, more than 0, at most 3660, or null.",
        ),
        (
            "POST",
            "discover",
            {"user": "x" * 201},
            "user must be a string, at most 200 characters.",
        ),
    ],
)
def test_what_is_refused_is_named_with_what_it_must_be(
    caller: Caller, method: str, path: str, body: Any, sentence: str
) -> None:
    answer = caller.ask(method, f"/api/v1/{path}", json=body)
    assert (answer.status_code, answer.get_json()["message"]) == (400, sentence)


def show_a_face(hub: Hub, camera_id: str) -> None:
    """Let a camera come online, with a frame and a result, as its worker would."""
    at = hub.services.clock.now()
    rates = {"fps": 24.93, "received_fps": 24.9, "analysed_fps": 9.8, "analysis_error": None}
    size = {"width": 64, "height": 48}
    motion = {"quiet": True, "skipped": 40, "skipped_fps": 9.71}
    drops = {"agent": 1, "worker": 2, "events": 3}
    sight = {"face_long_side": 192, "full_fps": 1.04, "closer_fps": 0.96}
    told = messages.report(**rates, **size, dropped=drops, motion=motion, sight=sight)
    hub.services.board.report(camera_id, told)
    head = messages.frame_head(7, captured_at=at, **size)
    hub.services.broker.publish_frame(camera_id, head, b"a picture")
    frame = Frame(jpeg=b"a picture", seq=7, captured_at=at, width=64, height=48)
    face = {"box": [1.0, 2.0, 30.5, 40.5], "score": 0.91, "landmarks": None}
    found = messages.findings(faces=[face], **size)
    result = make_result(camera_id, frame, ("faces",), found)
    hub.services.broker.publish_result(camera_id, result, b"")


def test_answers_about_people_where_nobody_is_known(caller: Caller, hub: Hub) -> None:
    lists = {"people": "people", "sightings": "sightings", "unknown-faces": "faces"}
    for path, name in lists.items():
        assert caller.ask("GET", f"/api/v1/{path}").get_json() == {name: []}
    distances = caller.ask("GET", "/api/v1/people/distances").get_json()
    assert (distances["genuine"], distances["impostor"]) == ([], [])
    settings = caller.ask("GET", "/api/v1/settings").get_json()
    assert settings["recognition"] is False and settings["recognition_allowed"] is True
    form = {"name": "Anna", "consent": "true", "pictures": (io.BytesIO(b"x"), "a.jpg")}
    answer = caller.ask("POST", "/api/v1/people", data=form)
    assert answer.status_code == 409
    assert caller.ask("PUT", "/api/v1/settings", json={"recognition": True}).status_code == 200
    entries = caller.ask("GET", "/api/v1/audit").get_json()["entries"]
    assert (
        caller.ask("GET", "/faces").status_code == caller.ask("GET", "/accounts").status_code == 200
    )
    for method, path in (
        ("PATCH", "people/gone"),
        ("DELETE", "people/gone"),
        ("POST", "people/gone/merge"),
        ("DELETE", "people/gone/faces/gone"),
        ("GET", "people/gone/faces/gone.jpg"),
        ("GET", "unknown-faces/gone.jpg"),
        ("DELETE", "unknown-faces/gone"),
        ("GET", "sightings?person=gone"),
    ):
        body = {"PATCH": {"name": "Anna"}, "POST": {"from": "gone too"}}.get(method)
        assert caller.ask(method, f"/api/v1/{path}", json=body).status_code == 404
        assert caller.ask(method, f"/api/v1/{path}", signed_in=False).status_code == 401
    assert caller.ask("DELETE", "/api/v1/unknown-faces").status_code == 204
    assert caller.ask("GET", "/api/v1/audit").get_json()["entries"][-len(entries) :] == entries


@pytest.mark.parametrize(
    ("method", "path", "request_", "status"),
    [
        ("PATCH", "/gone", {"json": {}}, 404),
        ("DELETE", "/gone", {}, 404),
        ("GET", "/gone/result", {}, 404),
        ("GET", "/gone/snapshot.jpg", {}, 404),
        ("PATCH", "/{}", {"json": {"options": ["faces"]}}, 409),
        ("PATCH", "/{}", {"json": {"name": ""}}, 400),
        ("PATCH", "/{}", {"data": b"{"}, 415),
        ("PATCH", "/{}", {"data": bytes(2_000_000), "content_type": "application/json"}, 413),
        ("POST", "/options", {"json": {}}, 400),
        ("POST", "/options", {"data": b"{"}, 415),
        ("POST", "/options", {"json": {"cameras": ["{}"], "option": "faces", "on": True}}, 200),
        ("POST", "/options", {"data": bytes(2_000_000), "content_type": "application/json"}, 413),
    ],
)
def test_refusals(
    caller: Caller, method: str, path: str, request_: dict[str, Any], status: int
) -> None:
    url = CAMERAS + path.format(caller.register())
    assert caller.ask(method, url, **request_).status_code == status
    assert caller.ask(method, url, signed_in=False, **request_).status_code == 401


def test_a_refused_change_changes_nothing(caller: Caller, hub: Hub) -> None:
    url = f"{CAMERAS}/{caller.register()}"
    before = hub.services.registry.all()
    for body in (
        {"approved": True, "name": ""},
        {"approved": True, "name": "Hall", "options": ["wings"]},
        {"name": "Hall", "options": ["faces"]},
        {"approved": False, "options": ["faces"]},
        {"approved": True, "objects": {"min_score": 0.3, "labels": ["hat"]}},
    ):
        assert caller.ask("PATCH", url, json=body).status_code in (400, 409)
        assert hub.services.registry.all() == before
