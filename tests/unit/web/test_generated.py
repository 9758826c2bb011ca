"""Generated registrations, API bodies and requests: nothing crashes the hub, nothing makes it grow.

Every test runs the same inputs each time. Approved cameras get no workers here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from convergecast.auth.agent_token import agent_token
from convergecast.cameras.camera import Approval, Camera
from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.messages.people import SettingsChange
from convergecast.web.api import pictures
from convergecast.web.app import create_app
from convergecast.web.asgi import create_asgi
from tests import strategies
from tests.contract import Contract
from tests.strategies import CAMERAS, JSON, PEOPLE, encoded
from tests.support.callers import ADMIN
from tests.support.messages import plain

TOKEN = "an administrator's token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SETTINGS = "/api/v1/settings"
MAX_CAMERAS, MAX_PENDING, MAX_PENDING_PER_ADDRESS = 3, 4, 2

generated = settings(
    max_examples=700,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
        patch.setattr(pictures, "_PAIR_WAIT_S", 0.0)
        config = HubConfig(
            port=0,
            data_dir=tmp_path_factory.mktemp("hub"),
            agent_networks=("10.0.0.0/8", "2001:db8::/32"),
            max_cameras=MAX_CAMERAS,
            max_pending=MAX_PENDING,
            max_pending_per_address=MAX_PENDING_PER_ADDRESS,
        )
        hub = Hub(config)
        hub.services.supervisor.stop()
        yield hub
        hub.close()


@pytest.fixture(scope="module")
def client(hub: Hub) -> FlaskClient:
    return create_app(hub.services).test_client(use_cookies=False)


@pytest.fixture(scope="module")
def contract(client: FlaskClient) -> Contract:
    return Contract(client.get("/api/openapi.json", headers=BEARER).get_json())


def cameras(hub: Hub) -> list[Camera]:
    return hub.services.registry.all()


def forget_all(hub: Hub) -> None:
    for camera in cameras(hub):
        hub.services.registry.forget(camera.id)


@generated
@example([("127.0.0.1", encoded({"ipaddress": "127.0.0.1", "ports": 1, "width": 0.5}))])
@example([("10.0.0.1", encoded({"ipaddress": "2001:db8::1%]@x", "ports": 1}))])
@given(st.lists(st.tuples(strategies.senders, strategies.bodies), min_size=1, max_size=8))
def test_registrations(
    hub: Hub, client: FlaskClient, contract: Contract, requests: list[tuple[str, bytes]]
) -> None:
    forget_all(hub)
    token = agent_token(hub.services.database).encode()
    for sender, body in requests:
        before = cameras(hub)
        answer = client.post(
            "/server/",
            data=body.replace(b"\x12\x00\x00\x00the agents' token\x00", _bson_text(token)),
            environ_overrides={"REMOTE_ADDR": sender},
        )
        assert answer.status_code in (200, 400, 403, 413, 429)
        contract.check("POST", "/server/", answer.status_code, answer.content_type, answer.data)
        after = cameras(hub)
        if answer.status_code != 200:
            assert after == before
        assert len(after) - len(before) in (0, 1)
        assert_within_limits(after)
    view = {"cameras": plain(hub.services.cameras(ADMIN))}
    contract.validate(view, {"$ref": "#/components/schemas/Cameras"})
    (stored,) = hub.services.database.read("SELECT count(*) AS rows FROM cameras")
    assert stored["rows"] == len(cameras(hub))


def _bson_text(text: bytes) -> bytes:
    return (len(text) + 1).to_bytes(4, "little") + text + b"\x00"


def assert_within_limits(known: list[Camera]) -> None:
    pending = [camera for camera in known if camera.approval is Approval.PENDING]
    strangers = [camera.sender for camera in pending if not camera.token_shown]
    others = [camera.sender for camera in pending if camera.token_shown]
    assert len(known) - len(pending) <= MAX_CAMERAS
    assert len(strangers) <= MAX_PENDING
    assert all(
        group.count(s) <= MAX_PENDING_PER_ADDRESS for group in (strangers, others) for s in group
    )


def test_a_thousand_agents_do_not_make_the_hub_grow(hub: Hub, client: FlaskClient) -> None:
    forget_all(hub)
    statuses = set()
    for number in range(1000):
        address = f"10.0.{number % 7}.1"
        body = bson.encode({"ipaddress": address, "ports": 80, "agent_id": f"{number}"})
        sender = {"REMOTE_ADDR": address}
        statuses.add(client.post("/server/", data=body, environ_overrides=sender).status_code)
    assert statuses == {200, 429}
    assert len(cameras(hub)) == MAX_PENDING
    assert_within_limits(cameras(hub))


def make_cameras(hub: Hub, client: FlaskClient) -> list[str]:
    """Make one camera that is approved, one that waits, one that is rejected; return their ids."""
    forget_all(hub)
    found = []
    for number, approved in enumerate((True, None, False)):
        body = bson.encode({"ipaddress": "10.0.0.1", "ports": 1 + number, "agent_id": f"{number}"})
        sender = {"REMOTE_ADDR": "10.0.0.1"}
        answer = client.post("/server/", data=body, environ_overrides=sender)
        found.append(str(bson.decode(answer.data)["camera_id"]))
        if approved is not None:
            hub.services.registry.change(found[-1], approved=approved)
    return found


@pytest.fixture(scope="module")
def standing(hub: Hub, client: FlaskClient) -> list[Camera]:
    """The three cameras as they are put back before each input."""
    make_cameras(hub, client)
    return cameras(hub)


def put_back(hub: Hub, client: FlaskClient, standing: list[Camera]) -> list[str]:
    if cameras(hub) != standing:
        make_cameras(hub, client)
        standing[:] = cameras(hub)
    return [camera.id for camera in standing] + ["gone"]


@generated
@example(0, (b"[" * 100_000, JSON))
@example(1, (b'{"approved": true, "name": ""}', JSON))
@example(1, (b'{"name": "Hall", "options": ["faces"]}', JSON))
@given(strategies.ids, strategies.change_bodies)
def test_changes_of_a_camera(
    hub: Hub,
    client: FlaskClient,
    contract: Contract,
    standing: list[Camera],
    which: int,
    sent: tuple[bytes, str],
) -> None:
    url = f"{CAMERAS}/{put_back(hub, client, standing)[which]}"
    data, content_type = sent
    answer = client.patch(url, data=data, headers=BEARER, content_type=content_type)
    contract.check("PATCH", url, answer.status_code, answer.content_type, answer.data)
    after = cameras(hub)
    if answer.status_code == 200:
        assert answer.get_json()["id"] == standing[which].id
        assert [c for c in after if c.id != standing[which].id] == [
            c for c in standing if c.id != standing[which].id
        ]
    else:
        assert after == standing


@generated
@example((b'{"a":' * 100_000, JSON))
@example((b'{"cameras": ["\\ud800"], "option": "\\udc00", "on": true}', JSON))
@given(strategies.order_bodies)
def test_orders_to_switch(
    hub: Hub,
    client: FlaskClient,
    contract: Contract,
    standing: list[Camera],
    sent: tuple[bytes, str],
) -> None:
    known = put_back(hub, client, standing)
    data, content_type = sent
    for number, camera_id in enumerate(known):
        data = data.replace(f"camera {number}".encode(), camera_id.encode())
    url = f"{CAMERAS}/options"
    answer = client.post(url, data=data, headers=BEARER, content_type=content_type)
    contract.check("POST", url, answer.status_code, answer.content_type, answer.data)
    after = cameras(hub)
    assert after[1:] == standing[1:], "only the approved one can be switched"
    if answer.status_code != 200:
        assert after == standing


@settings(generated, max_examples=300)
@example((b'{"known_below": NaN}', JSON))
@example((b'{"unknown_hours": 1e999, "recognition": true}', JSON))
@given(strategies.setting_bodies)
def test_settings(
    hub: Hub, client: FlaskClient, contract: Contract, sent: tuple[bytes, str]
) -> None:
    data, content_type = sent
    before = client.get(SETTINGS, headers=BEARER).get_json()
    answer = client.put(SETTINGS, data=data, headers=BEARER, content_type=content_type)
    contract.check("PUT", SETTINGS, answer.status_code, answer.content_type, answer.data)
    answer_now = client.get(SETTINGS, headers=BEARER)
    contract.check("GET", SETTINGS, 200, answer_now.content_type, answer_now.data)
    now = answer_now.get_json()
    assert now == (answer.get_json() if answer.status_code == 200 else before)
    assert 0 < now["known_below"] <= now["perhaps_below"]


@settings(generated, max_examples=300)
@example((b"--x\r\n" * 5000, "multipart/form-data; boundary=x"))
@example((b"--x\r\nContent-Disposition: form-data; name*=u''%ff\r\n\r\n", "multipart/form-data"))
@given(strategies.enrolment_bodies)
def test_forms_without_consent(
    hub: Hub, client: FlaskClient, contract: Contract, sent: tuple[bytes, str]
) -> None:
    hub.services.faces_settings.change(SettingsChange(recognition=True))
    data, content_type = sent
    answer = client.post(PEOPLE, data=data, headers=BEARER, content_type=content_type)
    assert answer.status_code in (400, 413)
    contract.check("POST", PEOPLE, answer.status_code, answer.content_type, answer.data)
    url = f"{PEOPLE}/gone/faces"
    answer = client.post(url, data=data, headers=BEARER, content_type=content_type)
    assert answer.status_code == 404
    contract.check("POST", url, answer.status_code, answer.content_type, answer.data)
    assert hub.services.gallery.people() == []


@settings(generated, max_examples=600)
@given(strategies.requests, st.binary(max_size=100), st.booleans())
def test_any_other_request(
    hub: Hub,
    client: FlaskClient,
    standing: list[Camera],
    sent: dict[str, Any],
    body: bytes,
    signed_in: bool,
) -> None:
    put_back(hub, client, standing)
    path = sent["path"].replace("/0/", f"/{standing[0].id}/")
    headers = {**sent["headers"], **(BEARER if signed_in else {})}
    answer = client.open(**{**sent, "path": path, "headers": headers}, data=body)
    assert answer.status_code < 500
    if answer.content_type == JSON and answer.status_code >= 400 and answer.data:
        assert set(answer.get_json()) == {"error", "message"}
    assert cameras(hub) == standing


@settings(generated, max_examples=200)
@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=20), strategies.headers)
def test_any_request_for_a_stream_of_a_camera_that_is_not_there(
    hub: Hub, contract: Contract, camera_id: str, sent: dict[str, str]
) -> None:
    answered: list[dict[str, Any]] = []

    async def ask(headers: dict[str, str]) -> None:
        async def send(message: Any) -> None:
            answered.append(message)

        async def no_body() -> dict[str, Any]:
            return {"type": "http.request"}

        scope = {
            "type": "http",
            "method": "GET",
            "path": f"{CAMERAS}/{camera_id}/stream.mjpg",
            "query_string": b"annotated=1",
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        }
        await application(scope, no_body, send)

    application: Any = create_asgi(hub.services)
    for headers, status in ((sent, 401), ({**sent, **BEARER}, 404)):
        answered.clear()
        asyncio.run(ask(headers))
        start, end = answered
        assert start["status"] == status
        kind = dict(start["headers"])[b"content-type"].decode()
        contract.check("GET", f"{CAMERAS}/gone/stream.mjpg", start["status"], kind, end["body"])
