"""In a whole hub, cameras and live results follow changes to people and to recognition."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from convergecast.auth.agent_token import agent_token
from convergecast.config import HubConfig
from convergecast.errors import Conflict, Forbidden
from convergecast.faces.face import Face
from convergecast.hub import Hub
from convergecast.messages.people import SettingsChange
from convergecast.messages.worker import ResultHead, Seen
from convergecast.protocol.registration import Registration
from convergecast.web.asgi_types import Incoming
from convergecast.web.mjpeg import MjpegStream
from convergecast.web.services import Services
from tests.fakes.faces import EMBEDDING, KIND, Crowd, crop_of, told
from tests.support import messages
from tests.support.callers import ADMIN, TESTER

HOME = "192.168.1.20"


def make_hub(folder: Path, **settings: Any) -> Hub:
    return Hub(HubConfig(port=0, data_dir=folder, **settings))


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = make_hub(tmp_path)
    yield hub.services
    hub.close()


def add_camera(services: Services) -> str:
    token = agent_token(services.database)
    agent = Registration(ipaddress=HOME, ports=5000, agent_id="a", token=token)
    return services.registry.register(agent, HOME).camera_id


def enrol(services: Services, crowd: Crowd, name: str) -> str:
    vector = crowd.vector(name)
    face = Face(crop=crop_of(vector), vector=vector.tobytes(), kind=KIND, quality=0.9, flaws=())
    return services.gallery.new_person(name, "Ada", [("upload", face)], TESTER)


def show(services: Services, camera_id: str, crowd: Crowd, name: str, times: int = 3) -> None:
    """Take results of a worker that sees a person, with their pictures."""
    face: dict[str, Any] = {"track_id": 1, "person": None, "identity": {}}
    result = messages.result(options=["recognition"], captured_at=1e9, faces=[face])
    for _ in range(times):
        look = told(crowd.vector(name)).look
        assert look is not None
        head = ResultHead(result=result, seen=Seen(kind=EMBEDDING, faces={1: look}))
        services.collector.take_result(camera_id, head, b"jpeg")
        services.database.write(lambda _: None)  # what is to be stored of it is stored


def shown(services: Services, camera_id: str) -> list[Any]:
    """Return who is named in the newest result, and in the one that has its picture."""
    result, pair = services.broker.result(camera_id), services.broker.pair(camera_id)
    assert result is not None
    assert pair is not None
    faces = [face for one in (result, pair[1]) for face in one.faces or ()]
    return [face.person and face.person.name for face in faces]


def test_recognition_cannot_be_asked_of_a_camera_while_it_is_off(services: Services) -> None:
    camera_id = add_camera(services)
    (refused,) = services.registry.switch_option([camera_id], "recognition", on=True).values()
    assert isinstance(refused, Conflict)
    assert "switched off: switch it on first, on the page Faces" in str(refused)
    services.registry.switch_option([camera_id], "faces", on=True)
    services.faces_settings.change(SettingsChange(recognition=True))
    services.registry.switch_option([camera_id], "recognition", on=True)
    assert services.registry.get(camera_id).options == ("faces", "recognition")


def test_switching_recognition_off_takes_it_off_all_cameras_and_names_off_results(
    services: Services,
) -> None:
    camera_id, crowd = add_camera(services), Crowd()
    services.faces_settings.change(SettingsChange(recognition=True))
    services.registry.change(camera_id, options=["recognition", "people"])
    enrol(services, crowd, "Anna")
    show(services, camera_id, crowd, "Anna")
    assert shown(services, camera_id) == ["Anna", "Anna"]
    services.faces_settings.change(SettingsChange(recognition=False))
    assert services.registry.get(camera_id).options == ("people",)
    assert shown(services, camera_id) == [None, None]


def test_a_configuration_that_forbids_it_takes_it_off_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVERGECAST_ADMIN_TOKEN", raising=False)
    hub = make_hub(tmp_path)
    camera_id = add_camera(hub.services)
    hub.services.faces_settings.change(SettingsChange(recognition=True))
    hub.services.registry.change(camera_id, options=["recognition"])
    hub.close()
    hub = make_hub(tmp_path, recognition_allowed=False)
    assert hub.services.registry.get(camera_id).options == ()
    with pytest.raises(Forbidden, match="recognition_allowed"):
        hub.services.registry.change(camera_id, options=["recognition"])
    hub.close()


def test_live_results_follow_the_gallery_at_once(services: Services) -> None:
    camera_id, crowd = add_camera(services), Crowd()
    services.faces_settings.change(SettingsChange(recognition=True))
    anna = enrol(services, crowd, "Anna")
    show(services, camera_id, crowd, "Anna")
    services.gallery.rename(anna, "Hanna", TESTER)
    assert shown(services, camera_id) == ["Hanna", "Hanna"]
    services.gallery.forget(anna, TESTER)
    assert shown(services, camera_id) == [None, None]
    assert "Hanna" not in str(services.broker.result(camera_id))


def test_a_result_that_was_being_named_meanwhile_does_not_bring_a_name_back(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera_id, crowd = add_camera(services), Crowd()
    services.faces_settings.change(SettingsChange(recognition=True))
    anna = enrol(services, crowd, "Anna")
    show(services, camera_id, crowd, "Anna")
    publish = services.broker.publish_result
    forgotten: list[str] = []

    def forget_first(*arguments: Any) -> None:
        if not forgotten:
            forgotten.append(anna)
            services.gallery.forget(anna, TESTER)
        publish(*arguments)

    monkeypatch.setattr(services.broker, "publish_result", forget_first)
    show(services, camera_id, crowd, "Anna", times=1)
    assert forgotten
    assert shown(services, camera_id) == [None, None]


def test_unknown_faces_go_when_keeping_them_is_switched_off(services: Services) -> None:
    camera_id, crowd = add_camera(services), Crowd()
    services.faces_settings.change(SettingsChange(recognition=True, keep_unknown=True))
    show(services, camera_id, crowd, "x")
    assert len(services.gallery.unknown_faces()) == 1
    services.faces_settings.change(SettingsChange(keep_unknown=False))
    assert services.gallery.unknown_faces() == []


def test_a_face_that_was_being_kept_while_that_was_switched_off_is_not_kept(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera_id, crowd = add_camera(services), Crowd()
    services.faces_settings.change(SettingsChange(recognition=True, keep_unknown=True))
    keep = services.gallery.keep_unknown

    def switch_off_first(*arguments: Any, **named: Any) -> None:
        services.faces_settings.change(SettingsChange(keep_unknown=False))
        keep(*arguments, **named)

    monkeypatch.setattr(services.gallery, "keep_unknown", switch_off_first)
    show(services, camera_id, crowd, "x")
    assert not services.faces_settings.now.keep_unknown
    assert services.gallery.unknown_faces() == []


def test_what_a_camera_saw_goes_with_it_even_if_the_hub_ends_then(services: Services) -> None:
    camera_id, crowd = add_camera(services), Crowd()
    services.faces_settings.change(SettingsChange(recognition=True, keep_unknown=True))
    enrol(services, crowd, "Anna")
    show(services, camera_id, crowd, "Anna")
    services.recogniser.forget_camera(camera_id)
    show(services, camera_id, crowd, "x")
    assert services.gallery.people()[0].last_seen
    assert services.gallery.unknown_faces()
    services.registry.forget(camera_id)
    assert services.gallery.people()[0].last_seen is None
    assert services.gallery.unknown_faces() == []


def test_a_picture_with_a_name_is_drawn_anew_for_a_player_when_the_name_goes(
    services: Services,
) -> None:
    camera_id = add_camera(services)
    services.registry.change(camera_id, options=["faces"])
    jpeg = cv2.imencode(".jpg", np.zeros((120, 160, 3), np.uint8))[1].tobytes()
    named = {"box": [40, 50, 90, 100], "score": 0.9, "track_id": 1, "landmarks": None}
    anna = {"id": "a", "name": "Anna", "distance": 0.3}
    identity = {"state": "known", **anna, "quality": 0.8, "flaws": []}
    face = {**named, "person": anna, "identity": identity}
    times = {"captured_at": 0.0, "unchanged_until": services.clock.now()}
    result = messages.result(width=160, height=120, options=["faces"], faces=[face], **times)
    services.broker.publish_result(camera_id, result, jpeg)

    async def scene() -> list[bytes]:
        pictures: list[bytes] = []

        async def send(message: Any) -> None:
            pictures.extend([message["body"]] if b"image/jpeg" in message.get("body", b"") else [])

        async def stays() -> Incoming:
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        stream = MjpegStream(services, ADMIN, camera_id, annotated=True)
        services.broker.attach(asyncio.get_running_loop())
        playing = asyncio.create_task(stream.serve(stays, send))
        while len(pictures) < 1:
            await asyncio.sleep(0.01)
        blank = messages.result(faces=[{**face, "person": None, "identity": None}]).faces
        services.broker.revise(camera_id, lambda now: msgspec.structs.replace(now, faces=blank))
        async with asyncio.timeout(5):
            while len(pictures) < 2:
                await asyncio.sleep(0.01)
        playing.cancel()
        return pictures

    first, second = asyncio.run(scene())
    assert first != second
