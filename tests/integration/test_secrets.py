"""No secret stands where others may read it: logs, answers, the process list, the hub's files.

A hub, two agents and commands run as real processes, everything is asked for with every kind of
credential, right and wrong, and then each secret is looked for in all that came of it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from websockets.sync.client import connect

from convergecast.assets import agent_command
from tests.support.rig import Rig

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its process list has other rules")

# What must be stored as it is, because it is shown again or sent: in the hub's database only.
NEEDED = {"agent token", "stream key"}


@dataclass
class Trace:
    """What came of a hub: answers by their request, and command lines."""

    answers: list[tuple[str, str]] = field(default_factory=list)
    commands: set[str] = field(default_factory=set)

    def note(self, answer: requests.Response, *_: object, **__: object) -> None:
        """Keep an answer; an endless one by its beginning."""
        request, endless = answer.request, "multipart" in answer.headers.get("Content-Type", "")
        body = next(answer.iter_content(5000)) if endless else answer.content
        text = f"{answer.status_code} {dict(answer.headers)} {body.decode('latin-1')}"
        self.answers.append((f"{request.method} {request.path_url}", text))

    def look_at_processes(self) -> None:
        """Note the command line of every process of this machine."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                self.commands.add(" ".join(process.cmdline()))


@dataclass
class House:
    """A hub with its trace and its secrets by name; `wrong` ones were refused."""

    rig: Rig
    trace: Trace
    secret: dict[str, str]

    def asking(self, **headers: str) -> requests.Session:
        """Return a client whose answers are noted."""
        session = requests.Session()
        session.hooks["response"].append(self.trace.note)
        session.headers.update(headers)
        return session

    def files(self, folder: str) -> dict[str, bytes]:
        """Return the content of every file of a folder of the rig's."""
        found = sorted((self.rig.folder / folder).rglob("*"))
        return {path.name: path.read_bytes() for path in found if path.is_file()}


def user(house: House, *words: str, password: str) -> None:
    """Run a command, and look at the process list while it waits for the password."""
    command = [sys.executable, "-m", "convergecast", "user", *words]
    command += ["--data-dir", str(house.rig.folder / "data")]
    with (house.rig.folder / "log.txt").open("a") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)
    house.trace.look_at_processes()
    child.communicate(f"{password}\n", timeout=30)
    assert child.returncode == 0


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"any:{token}".encode()).decode()}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    names = ("password", "next password", "command password", "wrong password", "wrong token")
    made = {name: f"it-is-{secrets.token_hex(8)}" for name in (*names, "source password")}
    rig = Rig(tmp_path_factory.mktemp("secrets"))
    house = House(rig, Trace(), {**made, "admin token": rig.admin_token})
    try:
        house.secret["agent token"] = rig.agent_token
        rig.start_agent("--source", "demo", "--fps", "10")
        source = f"rtsp://someone:{made['source password']}@127.0.0.1:1/live"
        environment = {
            **os.environ,
            "CONVERGECAST_AGENT_TOKEN": rig.agent_token,
            "CONVERGECAST_AGENT_STATE": str(rig.folder / "agents"),
            "CONVERGECAST_SOURCE": source,
        }
        rig.start([*agent_command(), "--hub", rig.url], environment)
        rig.wait_online(1)
        rig.wait_for(lambda: len(rig.cameras()) == 2, "the camera with a password")
        use(house)
        yield house
    finally:
        rig.close()


def use(house: House) -> None:
    """Do what people and programs do with a hub, right and wrong."""
    rig, secret = house.rig, house.secret
    user(house, "add", "root", "--role", "admin", password=secret["command password"])
    admin = house.asking(**bearer(secret["admin token"]))
    anna = {"name": "anna", "password": secret["password"], "role": "operator"}
    rig.wait_for(lambda: admin.post(f"{rig.url}/api/v1/users", json=anna).ok, "the account")
    browser = sign_in(house)
    token = {"name": "garage", "role": "operator"}
    made = browser.post(f"{rig.url}/api/v1/tokens", json=token).json()["token"]
    secret["API token"] = made
    for headers in (bearer(made), bearer(secret["wrong token"]), basic(secret["wrong token"])):
        house.asking(**headers).get(f"{rig.url}/api/v1/cameras")
    ask_for_everything(house, admin)
    ask_wrongly(house, browser)
    online = next(each["id"] for each in rig.cameras() if each["state"] == "online")
    for name in ("snapshot.jpg", "stream.mjpg"):
        for word in (made, secret["wrong token"]):
            picture = f"{rig.url}/api/v1/cameras/{online}/{name}"
            answer = house.asking(**basic(word)).get(picture, stream=True)
            assert answer.status_code == (200 if word == made else 401)
            answer.close()
    change = {"password": secret["next password"], "current_password": secret["password"]}
    assert browser.patch(f"{rig.url}/api/v1/users/anna", json=change).ok
    assert browser.get(f"{rig.url}/api/v1/me").json()["name"] == "anna"
    keys(house)
    house.trace.look_at_processes()


def sign_in(house: House) -> requests.Session:
    """Return a browser that is signed in, after it was not at first."""
    rig, secret = house.rig, house.secret
    form = {"name": "anna", "password": secret["password"]}
    wrong = ({**form, "password": secret["wrong password"]}, {"token": secret["wrong token"]})
    browser = house.asking(Origin=rig.url)
    for each in wrong:
        assert browser.post(f"{rig.url}/login", data=each).status_code == 401
    assert browser.get(f"{rig.url}/?token={secret['wrong token']}").status_code == 401
    assert browser.post(f"{rig.url}/login", data=form).url == f"{rig.url}/"
    ((_, cookie),) = browser.cookies.items()
    secret["cookie"] = cookie
    by_token = house.asking(Origin=rig.url)
    by_token.post(f"{rig.url}/login", data={"token": secret["admin token"]})
    ((name, value),) = by_token.cookies.items()
    secret["cookie of the token"] = value
    headers = {"Cookie": f"{name}={value}", "Origin": rig.url}
    with connect(rig.url.replace("http", "ws") + "/live", additional_headers=headers) as socket:
        house.trace.answers.append(("WS /live", str(socket.recv(5))))
    return browser


def ask_for_everything(house: House, admin: requests.Session) -> None:
    """Have an administrator look at all there is."""
    rig = house.rig
    document = admin.get(f"{rig.url}/api/openapi.json").json()
    for path, item in document["paths"].items():
        if "get" in item and "stream" not in path:
            for camera in rig.cameras():
                admin.get(rig.url + path.replace("{camera_id}", camera["id"]))


def ask_wrongly(house: House, browser: requests.Session) -> None:
    """Send secrets as values where they do not belong."""
    rig, secret = house.rig, house.secret
    some, paths = secret["password"], ("users", "tokens", "views", "settings", "cameras/options")
    for path in (*paths, "users/anna", "people"):
        for body in ({"password": [some]}, {"name": {"x": some}}, {"role": some}, {"x": some}):
            for method in ("POST", "PATCH", "PUT"):
                browser.request(method, f"{rig.url}/api/v1/{path}", json=body)
    browser.post(f"{rig.url}/server/", data=secret["agent token"].encode())
    browser.post(f"{rig.url}/api/v1/users", data=f'{{"password": "{some}"')


def keys(house: House) -> None:
    """Note the agents' keys: theirs of the hub, from their files; the hub's of them, from its."""
    files = house.files("agents").items()
    found = [json.loads(text) for name, text in files if name.endswith(".json")]
    assert len(found) == 2
    texts = [key for each in found for key in each["camera_keys"].values()]
    house.secret |= {f"camera key {number}": key for number, key in enumerate(texts)}
    database = sqlite_rows(house, "SELECT stream_key FROM cameras")
    house.secret |= {f"stream key {number}": row[0] for number, row in enumerate(database)}


def sqlite_rows(house: House, query: str) -> list[Any]:
    """Return what the hub's database answers."""
    path = house.rig.folder / "data" / "hub.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def spellings(secret: str) -> list[str]:
    """Return how a secret may be written."""
    return [secret, base64.b64encode(f"any:{secret}".encode()).decode()]


def test_each_secret_was_used(house: House) -> None:
    assert len(house.secret) == 15
    assert all(len(secret) > 15 for secret in house.secret.values())
    statuses = {text.split()[0] for _, text in house.trace.answers}
    assert {"200", "201", "303", "400", "401", "404"} <= statuses
    assert len(house.trace.answers) > 100


def test_no_secret_stands_in_a_log(house: House) -> None:
    log = (house.rig.folder / "log.txt").read_text(errors="replace")
    assert "wrong" in log and "gives no picture" in log  # it is the log of all this
    assert [n for n, s in house.secret.items() if any(each in log for each in spellings(s))] == []
    assert "someone" not in log


# What an answer is for: each once, to whom it belongs.
MEANT = {
    ("agent token", "GET /api/v1/agent-command"),
    ("API token", "POST /api/v1/tokens"),
    ("cookie", "POST /login"),
    ("cookie of the token", "POST /login"),
}


def test_no_secret_stands_in_an_answer_but_in_the_one_that_is_for_it(house: House) -> None:
    told = {
        (name, request)
        for name, secret in house.secret.items()
        for request, text in house.trace.answers
        if secret in text
    }
    assert told == MEANT
    everything = " ".join(text for _, text in house.trace.answers)
    assert "someone" not in everything and "argon2" not in everything
    assert not any(hash_of(secret) in everything for secret in house.secret.values())


def test_no_secret_stands_in_the_process_list(house: House) -> None:
    commands = "\n".join(house.trace.commands)
    for part in ("convergecast serve", "agent.py", "convergecast user add", "multiprocessing"):
        assert part in commands
    assert [n for n, secret in house.secret.items() if secret in commands] == []


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def test_no_secret_stands_in_the_hubs_files_but_those_it_shows_or_sends(house: House) -> None:
    for _ in range(2):  # while it runs, with its write-ahead log, and after its end
        files = house.files("data")
        assert "hub.sqlite3" in files
        everything = b"".join(files.values())
        found = {
            re.sub(r" \d$", "", name)
            for name, secret in house.secret.items()
            if secret.encode() in everything
        }
        assert found == NEEDED
        for name in ("API token", "cookie", "cookie of the token", "camera key 0", "camera key 1"):
            assert hash_of(house.secret[name]).encode() in everything, name
        assert everything.count(b"$argon2id$") >= 2
        for name in ("admin token", "password", "wrong password"):
            assert hash_of(house.secret[name]).encode() not in everything, name
        if house.rig.hub.poll() is None:
            house.rig.end_hub()


def test_an_agents_file_is_for_its_user_only(house: House) -> None:
    for path in Path(house.rig.folder / "agents").rglob("*"):
        if path.is_file():
            assert not path.stat().st_mode & 0o077, path
