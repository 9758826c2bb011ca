"""Asks a hub about people; for the tests of recognition."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests

from tests.contract import Contract
from tests.support.rig import Rig, end

PEOPLE, SETTINGS, UNKNOWN = "/api/v1/people", "/api/v1/settings", "/api/v1/unknown-faces"


class Asker:
    """Asks a hub, and holds every answer against the description that it serves."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.contract = Contract(rig.get("/api/openapi.json"))
        self.agents: list[subprocess.Popen[str]] = []

    def ask(self, method: str, path: str, **arguments: Any) -> requests.Response:
        answer = self.rig.request(method, path, **arguments)
        kind = answer.headers.get("Content-Type", "")
        bare = path.partition("?")[0]
        self.contract.check(method, bare, answer.status_code, kind, answer.content)
        return answer

    def form(self, path: str, *parts: tuple[str, Any]) -> requests.Response:
        """Send a form: text, or (file name, content)."""
        files = [(n, (None, v) if isinstance(v, str) else v) for n, v in parts]
        return self.ask("POST", path, files=files)

    def enrol(self, name: str, *pictures: Any, **fields: str) -> requests.Response:
        """Enrol with consent; pictures are paths, or (file name, content)."""
        texts = {"name": name, "consent": "true", **fields}
        files = [p if isinstance(p, tuple) else (p.name, p.read_bytes()) for p in pictures]
        return self.form(PEOPLE, *texts.items(), *(("pictures", file) for file in files))

    def person(self, name: str, *pictures: Any, **fields: str) -> dict[str, Any]:
        answer = self.enrol(name, *pictures, **fields)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def people(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", PEOPLE).json()["people"]
        return found

    def start_camera(self, source: str) -> str:
        """Start the only camera; return its id once it is online."""
        self.agents.append(self.rig.start_agent("--source", source))
        (camera,) = self.rig.wait_online(1)
        return str(camera["id"])

    def end_cameras(self) -> None:
        while self.agents:
            end(self.agents.pop())
        for camera in self.rig.cameras():
            assert self.ask("DELETE", f"/api/v1/cameras/{camera['id']}").status_code == 204

    def set(self, **settings: Any) -> requests.Response:
        return self.ask("PUT", SETTINGS, json=settings)

    def recognise(self, picture: Path) -> list[dict[str, Any]]:
        """Return the faces of a picture, from left to right."""
        path = "/api/v1/analyze?options=recognition"
        answer = self.ask("POST", path, data=picture.read_bytes())
        assert answer.status_code == 200, answer.text
        return sorted(answer.json()["faces"], key=lambda face: face["box"][0])

    def refused(self, answer: requests.Response, status: int, words: str) -> None:
        assert answer.status_code == status, answer.text
        assert words in answer.json()["message"]


def switch_on(hub: Asker) -> None:
    assert hub.set(recognition=True, keep_unknown=False).json()["recognition"] is True
    grey = cv2.imencode(".png", np.full((64, 64, 3), 128, np.uint8))[1].tobytes()
    path = "/api/v1/analyze?options=recognition"
    hub.rig.wait_for(
        lambda: hub.rig.request("POST", path, data=grey).status_code == 200, "the models", 90
    )


def obama(train: Path) -> list[Path]:
    return [train / "obama" / name for name in ("obama.jpg", "obama2.jpg")]


def jpeg(image: Any) -> bytes:
    content: bytes = cv2.imencode(".jpg", image)[1].tobytes()
    return content


def camera_on(hub: Asker, tmp_path: Path, portrait: Path) -> str:
    """Start a camera that shows one portrait; return its id once it is online."""
    folder = tmp_path / "portrait"
    folder.mkdir()
    (folder / portrait.name).write_bytes(portrait.read_bytes())
    return hub.start_camera(str(folder))


def face_in_view(hub: Asker, camera_id: str, *states: str) -> dict[str, Any]:
    """Return the only face of a camera once it is followed and its identity is one of these."""

    def found() -> Any:
        result = hub.rig.get(f"/api/v1/cameras/{camera_id}/result")
        (face,) = result["faces"]
        sound = face["track_id"] is not None and face["identity"]
        return sound and face["identity"]["state"] in states and face

    face: dict[str, Any] = hub.rig.wait_for(found, f"a face that is {states}", 40)
    return face


def switch(hub: Asker, camera_id: str, *options: str) -> None:
    path = f"/api/v1/cameras/{camera_id}"
    assert hub.ask("PATCH", path, json={"options": list(options)}).status_code == 200
