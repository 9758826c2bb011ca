"""A running hub's answers about a live camera match its own description."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import requests

from convergecast.model_store import store
from convergecast.protocol.folders import pictures_folder
from tests.contract import Contract
from tests.support.rig import Rig

CAMERAS = "/api/v1/cameras"


def test_a_live_hub_keeps_to_its_description(rig: Rig, tmp_path: Path) -> None:
    store.find("faces")  # says what to do where the installer has not run
    contract = Contract(rig.get("/api/openapi.json"))

    def ask(method: str, path: str, **arguments: Any) -> requests.Response:
        answer = rig.request(method, path, **arguments)
        kind = answer.headers.get("Content-Type", "")
        plain = path.partition("?")[0]
        contract.check(method, plain, answer.status_code, kind, answer.content)
        return answer

    portrait = tmp_path / "portrait"
    portrait.mkdir()
    shutil.copy(pictures_folder() / "astronaut.png", portrait)
    rig.start_agent("--source", str(portrait), "--name", "Hall")
    (camera,) = rig.wait_online(1)
    one = f"{CAMERAS}/{camera['id']}"
    assert ask("GET", f"{one}/result").status_code == 404
    order = {"cameras": [camera["id"], "gone"], "option": "faces", "on": True}
    switched = ask("POST", f"{CAMERAS}/options", json=order).json()["cameras"]
    assert switched[camera["id"]] == {"options": ["faces"]}
    assert switched["gone"]["error"] == "not-found"
    result = rig.wait_for(
        lambda: (a := ask("GET", f"{one}/result")).status_code == 200 and a.json(), "a result", 20
    )
    assert len(result["faces"]) == 1
    (shown,) = ask("GET", CAMERAS).json()["cameras"]
    assert (shown["state"], shown["options"]) == ("online", ["faces"])
    for query in ("", "?annotated=1"):
        snapshot = ask("GET", f"{one}/snapshot.jpg{query}")
        assert snapshot.headers["Content-Type"] == "image/jpeg"
        assert float(snapshot.headers["X-Captured-At"]) <= result["captured_at"] + 60
    assert ask("GET", f"{one}/snapshot.jpg?annotated=2").status_code == 400
    assert ask("PATCH", one, json={"options": []}).json()["options"] == []
    assert ask("PATCH", one, json={"name": ""}).status_code == 400
    assert ask("PATCH", f"{CAMERAS}/gone", json={}).status_code == 404
    for path in ("/", "/login", "/healthz", "/metrics", "/api/v1/agent-command"):
        assert ask("GET", path).status_code == 200

    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    for path, sent, status in (
        (f"{one}/stream.mjpg", headers, 200),
        (f"{one}/stream.mjpg?annotated=2", headers, 400),
        (f"{one}/stream.mjpg", {}, 401),
        (f"{CAMERAS}/gone/stream.mjpg", headers, 404),
    ):
        with requests.get(rig.url + path, headers=sent, stream=True, timeout=10) as answer:
            assert answer.status_code == status
            body = b"" if status == 200 else answer.content
            kind = answer.headers["Content-Type"]
            contract.check("GET", path.partition("?")[0], status, kind, body)
    assert ask("DELETE", one).status_code == 204
