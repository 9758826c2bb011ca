"""Accounts on a real hub: a socket ends within 2 s of what ends its session, whoever does it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import bson
import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.rig import Rig

PASSWORD, OTHER = "four words that differ", "and four quite new ones"


def user(rig: Rig, *words: str, password: str = "") -> None:
    """Run the command beside the hub, as a person does."""
    command = [sys.executable, "-m", "convergecast", "user", *words]
    folder = ["--data-dir", str(rig.folder / "data")]
    subprocess.run([*command, *folder], input=f"{password}\n", text=True, check=True)


class Browser:
    """A signed-in browser with an open socket."""

    def __init__(self, rig: Rig, name: str, password: str = PASSWORD) -> None:
        self.asks = requests.Session()
        self.asks.headers["Origin"] = rig.url
        form = {"name": name, "password": password}
        answer = self.asks.post(f"{rig.url}/login", data=form, timeout=10)
        assert answer.ok and answer.url == f"{rig.url}/"
        cookie = "; ".join(f"{each.name}={each.value}" for each in self.asks.cookies)
        url = rig.url.replace("http", "ws") + "/live"
        headers = {"Cookie": cookie, "Origin": rig.url}
        self._connection = connect(url, additional_headers=headers, max_size=None)
        self.socket = self._connection.__enter__()
        assert '"hello"' in str(self.socket.recv(5))

    def close(self) -> None:
        """Close the socket."""
        self._connection.__exit__(None, None, None)

    def ends_in(self, timeout_s: float = 10) -> float:
        """Return after how many seconds the socket ends."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            try:
                self.socket.recv(timeout_s)
            except ConnectionClosed as error:
                assert error.rcvd and error.rcvd.code == 1008
                break
        return time.monotonic() - began


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("accounts"))
    user(rig, "add", "root", "--role", "admin", password=PASSWORD)
    yield rig
    rig.close()


def by_command(rig: Rig, _: Browser) -> None:
    user(rig, "passwd", "anna", password=OTHER)


def by_removing(rig: Rig, _: Browser) -> None:
    user(rig, "remove", "anna")


def by_administrator(rig: Rig, _: Browser) -> None:
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    found = requests.get(f"{rig.url}/api/v1/sessions", headers=headers, timeout=5).json()
    (session,) = (each["id"] for each in found["sessions"] if each["user"] == "anna")
    url = f"{rig.url}/api/v1/sessions/{session}"
    assert requests.delete(url, headers=headers, timeout=5).status_code == 204


def by_signing_out(rig: Rig, browser: Browser) -> None:
    assert browser.asks.post(f"{rig.url}/logout", timeout=5).url == f"{rig.url}/login"


@pytest.mark.parametrize("end", [by_command, by_removing, by_administrator, by_signing_out])
def test_a_socket_ends_with_its_session(
    hub: Rig, end: Callable[[Rig, Browser], None], capsys: pytest.CaptureFixture[str]
) -> None:
    user(hub, "add", "anna", "--role", "viewer", password=PASSWORD)
    hub.wait_for(lambda: "anna" in names(hub), "the account", 2)
    anna, root = Browser(hub, "anna"), Browser(hub, "root")
    end(hub, anna)
    ended_s = anna.ends_in()
    with capsys.disabled():
        print(f" {end.__name__}: {ended_s:.2f} s", end="")
    assert ended_s < 2
    assert anna.asks.get(f"{hub.url}/api/v1/me", timeout=5).status_code == 401
    assert root.asks.get(f"{hub.url}/api/v1/me", timeout=5).json()["name"] == "root"
    assert root.socket.ping().wait(5)
    for browser in (anna, root):
        browser.close()
    if "anna" in names(hub):
        user(hub, "remove", "anna")
    hub.wait_for(lambda: "anna" not in names(hub), "its end", 2)


def names(rig: Rig) -> list[str]:
    return [each["name"] for each in rig.get("/api/v1/users")["users"]]


def test_views_are_kept_over_a_restart_and_shared(hub: Rig) -> None:
    user(hub, "add", "vera", "--role", "viewer", password=PASSWORD)
    agent = {"ipaddress": "127.0.0.1", "ports": 5000}
    requests.post(f"{hub.url}/server/", data=bson.encode(agent), timeout=5).raise_for_status()
    (camera,) = (each["id"] for each in hub.cameras())
    hub.wait_for(lambda: "vera" in names(hub), "the account", 2)
    root, vera = Browser(hub, "root"), Browser(hub, "vera")
    view = {"name": "Gate", "cameras": [camera], "columns": 1, "shape": None, "shared": True}
    url = f"{hub.url}/api/v1/views"
    assert root.asks.put(url, json={"views": [view]}, timeout=5).ok
    for browser in (root, vera):
        browser.close()
    hub.restart_hub()
    for browser in (root, vera):
        own = browser is root
        assert browser.asks.get(url, timeout=5).json() == {"views": [{**view, "own": own}]}


def test_another_administrators_token_ends_the_old_ones_sessions(hub: Rig) -> None:
    old = requests.Session()
    old.post(f"{hub.url}/login", data={"token": hub.admin_token}, timeout=5)
    root = Browser(hub, "root")
    root.close()
    hub.admin_token = "another administrator's token"
    hub.restart_hub()
    assert old.get(f"{hub.url}/api/v1/me", timeout=5).status_code == 401
    assert root.asks.get(f"{hub.url}/api/v1/me", timeout=5).status_code == 200
    database = (hub.folder / "data" / "hub.sqlite3").read_bytes()
    log = (hub.folder / "log.txt").read_bytes()
    for secret in (PASSWORD, OTHER, hub.admin_token, root.asks.cookies.values()[0]):
        assert secret.encode() not in database + log
