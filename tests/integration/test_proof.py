"""Agent and hub prove their keys to each other: real ones, with strangers between them."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import bson
import pytest
import requests

from agent.identity import KnownHub, claim_identity
from convergecast.protocol.proof import PROOF_HEADER, Claim, claim, key_of, stream_key_of
from convergecast.protocol.registration import RegistrationReply, encode_reply
from tests.fakes.agents import RawAgent, answer, picture
from tests.fakes.linked import WRONG_CLOCK
from tests.integration.agent_support import AgentProcess, FakeHub, eventually, write_pictures
from tests.support.rig import Rig, end

pytestmark = pytest.mark.shared_hub
_SECRETS = {"token", "camera_key", "stream_key"}


class Wire:
    """Carries connections to the hub and keeps what agents send and get, until it is cut."""

    def __init__(self, to: int, port: int = 0) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._agents: list[socket.socket] = []
        self.sent: list[bytes] = []
        self.got: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def registrations(self) -> list[bytes]:
        """The documents that agents sent."""
        requests = re.split(rb"POST /server/ HTTP", b"".join(self.sent))
        bodies = [request.partition(b"\r\n\r\n")[2] for request in requests[1:]]
        return [body for body in bodies if len(body) == int.from_bytes(body[:4], "little") > 0]

    def cut(self) -> None:
        """Carry no further connection, and end those there are."""
        for each in (self._listener, *self._agents):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                agent, _ = self._listener.accept()
            except OSError:
                return
            try:
                hub = socket.create_connection(("127.0.0.1", self._to))
            except OSError:  # the hub is not there just now
                agent.close()
                continue
            self._agents.append(agent)
            for source, target, kept in ((agent, hub, self.sent), (hub, agent, self.got)):
                threading.Thread(target=_carry, args=(source, target, kept), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, kept: list[bytes]) -> None:
    with source, target:
        try:
            while data := source.recv(65536):
                kept.append(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


class Stranger(FakeHub):
    """Answers at the hub's address, as a hub that does not know the agent's keys would."""

    said = 1

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        self.bodies.append(body)
        self.said = 3 - self.said
        return 200, encode_reply(
            RegistrationReply(
                status="online",
                camera_id="c",
                heartbeat_s=1.0,
                hub_time=time.time(),
                camera_key="the stranger's",
                protocol=self.said,
                nonce="B" * 22,
                proof_key=key_of("the stranger's"),
            )
        )


class Host:
    """A camera's host: its pictures and its agent's state."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.id = folder.name  # a hub remembers whom it was told to forget
        self.source = str(write_pictures(folder / "pictures"))
        self.state = folder / "state"
        monkeypatch.setenv("CONVERGECAST_AGENT_STATE", str(self.state))
        self.agents: list[AgentProcess] = []

    def start(self, url: str, *options: str, token: str = "", **environment: str) -> AgentProcess:
        """Start an agent, with a token unless that is empty."""
        environment |= {"CONVERGECAST_AGENT_TOKEN": token} if token else {}
        options = ("--hub", url, "--source", self.source, "--id", self.id, *options)
        agent = AgentProcess(*options, state=self.state, **environment)
        self.agents.append(agent)
        return agent

    def known(self, url: str) -> KnownHub:
        """What its agent, which is not running, knows of a hub."""
        identity = claim_identity("", fixed_id=self.id)
        identity.release()
        return identity.hub(url)


@pytest.fixture(scope="module")
def rig_of_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The hub that the tests share; its agents register twice a second."""
    folder = tmp_path_factory.mktemp("rig")
    (folder / "hub.toml").write_text("heartbeat_s = 0.5\n")
    rig = Rig(folder, options=["--config", str(folder / "hub.toml")])
    yield rig
    rig.close()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    host = Host(tmp_path, monkeypatch)
    yield host
    for agent in host.agents:
        agent.kill()
        assert "Traceback" not in agent.log


def the_camera(rig: Rig) -> dict[str, Any]:
    """The only camera, once it gives pictures."""
    (camera,) = rig.wait_online(1)
    assert len(rig.cameras()) == 1
    return camera


def test_nothing_secret_crosses_the_wire_and_both_survive_restarts(rig: Rig, host: Host) -> None:
    wire = Wire(int(rig.url.rpartition(":")[2]))
    agent = host.start(wire.url, token=rig.agent_token)
    camera = the_camera(rig)
    assert camera["proven"]
    rig.wait_for(lambda: len(wire.registrations) >= 2, "a heartbeat")
    rig.restart_hub()
    assert the_camera(rig)["id"] == camera["id"]
    assert agent.stop() == 0
    old = rig.agent_token
    rig.agent_token = rig._run("token", "--rotate", "--data-dir", str(rig.folder / "data")).strip()
    agent = host.start(wire.url, token=old)
    eventually(lambda: "registered with" in agent.log, "the second start")
    assert the_camera(rig)["id"] == camera["id"]
    assert agent.stop() == 0

    key = host.known(wire.url).camera_key
    assert key
    sent, got = b"".join(wire.sent), b"".join(wire.got)
    for secret in (old, key, stream_key_of(key_of(key))):
        assert secret.encode() not in sent + got
        assert secret not in rig.log() + "".join(agent.log for agent in host.agents)
    first, *others = map(bson.decode, wire.registrations)
    assert "token_proof" in first
    assert all("proof" in document for document in others)
    assert all(document["protocol"] == 2 for document in [first, *others])
    assert not any(_SECRETS & document.keys() for document in [first, *others])


def test_a_stranger_at_the_hubs_address_learns_nothing_and_changes_nothing(
    rig: Rig, host: Host
) -> None:
    hub_port = int(rig.url.rpartition(":")[2])
    wire = Wire(hub_port)
    agent = host.start(wire.url, token=rig.agent_token)
    camera = the_camera(rig)
    wire.cut()
    stranger = Stranger(wire.port)
    eventually(lambda: len(stranger.bodies) >= 4, "some registrations")
    stranger.close()
    (told,) = [line for line in agent.log.splitlines() if "does not prove" in line]
    assert "--pair-again" in told
    before = agent.log.count("registered with")
    wire = Wire(hub_port, wire.port)
    eventually(lambda: agent.log.count("registered with") > before, "the true hub is found again")
    assert the_camera(rig)["id"] == camera["id"]
    assert agent.stop() == 0
    known = host.known(wire.url)
    assert known.camera_key not in (None, "the stranger's")
    key = known.camera_key or ""
    for body in stranger.bodies:
        assert not _SECRETS & bson.decode(body).keys()
        for secret in (rig.agent_token, key, stream_key_of(key_of(key))):
            assert secret.encode() not in body


def test_a_stranger_who_answers_first_gets_nothing_from_an_agent_with_a_token(
    host: Host,
) -> None:
    stranger = Stranger()
    agent = host.start(stranger.url, token="the agents' token")
    eventually(lambda: len(stranger.bodies) >= 3, "some registrations")
    stranger.close()
    assert "does not prove that it knows the agent token" in agent.log
    assert agent.stop() == 0
    assert host.known(stranger.url).camera_key is None
    for body in stranger.bodies:
        assert b"the agents' token" not in body
        assert not _SECRETS & bson.decode(body).keys()


def test_without_a_token_they_pair_once_and_only_the_first_answer_has_the_key(
    rig: Rig, host: Host
) -> None:
    wire = Wire(int(rig.url.rpartition(":")[2]))
    agent = host.start(wire.url)
    camera = rig.wait_for(lambda: rig.cameras()[0], "the registration")
    assert (camera["state"], camera["proven"]) == ("pending", True)
    rig.request("PATCH", f"/api/v1/cameras/{camera['id']}", json={"approved": True})
    rig.wait_online(1)
    rig.wait_for(lambda: len(wire.registrations) >= 3, "heartbeats")
    assert agent.stop() == 0
    key = host.known(wire.url).camera_key or ""
    assert b"".join(wire.got).count(key.encode()) == 1
    first, *others = map(bson.decode, wire.registrations)
    assert _SECRETS & first.keys() == {"stream_key"}
    assert not any(_SECRETS & document.keys() for document in others)


def test_registrations_and_requests_count_once_and_bearer_is_over(rig: Rig, host: Host) -> None:
    wire = Wire(int(rig.url.rpartition(":")[2]))
    agent = host.start(wire.url, token=rig.agent_token)
    camera = the_camera(rig)
    rig.wait_for(lambda: len(wire.registrations) >= 3, "the answers to the first two")
    for body in wire.registrations[:2]:
        again = requests.post(f"{rig.url}/server/", data=body, timeout=10)
        assert (again.status_code, again.json()["error"]) == (403, "forbidden")
    altered = wire.registrations[1].replace(b"stream\x00", b"strean\x00")
    assert requests.post(f"{rig.url}/server/", data=altered, timeout=10).status_code == 200
    assert {c["id"]: c["state"] for c in rig.cameras()}[camera["id"]] == "online"

    known = claim_key(host, wire.url)
    place = camera["address"].replace(":", " ")

    def ask(authorization: str, path: str = "/health") -> tuple[int, str | None]:
        connection = HTTPConnection(camera["address"], timeout=10)
        connection.request("GET", path, headers={"Authorization": authorization})
        response = connection.getresponse()
        response.read(10)
        connection.close()
        return response.status, response.getheader(PROOF_HEADER)

    asked = claim(known, "GET", "/health", place, time.time())
    assert ask(str(asked)) == (200, asked.answered(known))
    assert ask(str(asked)) == (401, None)
    stream = claim(known, "GET", "/stream", place, time.time())
    assert ask(str(stream), "/stream") == (200, stream.answered(known))
    assert ask(str(claim(known, "GET", "/health", place, time.time())), "/video") == (401, None)
    assert ask(str(claim(known, "GET", "/health", place + "1", time.time()))) == (401, None)
    assert ask(f"Bearer {known}") == (401, None)
    late = claim(known, "GET", "/health", place, time.time() - 121)
    assert ask(str(late)) == (401, late.answered(known))
    assert agent.stop() == 0


def claim_key(host: Host, url: str) -> str:
    """The stream key of a running agent, from its file."""
    (file,) = host.state.glob("id-*.json")
    key: str = json.loads(file.read_text())["camera_keys"][url]
    return stream_key_of(key_of(key))


def test_a_stranger_at_the_agents_address_is_told_on_the_tile(rig: Rig, host: Host) -> None:
    agent = host.start(rig.url, token=rig.agent_token)
    camera = the_camera(rig)
    agent.kill()
    headers = "Content-Type: image/jpeg", f"{PROOF_HEADER}: {Claim('n', '0', '').answered('k')}"
    stranger = RawAgent(
        lambda connection, _: connection.sendall(answer(picture(), *headers)),
        port=int(camera["address"].rpartition(":")[2]),
    )
    reason = "the program at this address does not prove that it is this camera's agent"
    told = rig.wait_for(
        lambda: next((c for c in rig.cameras() if c["state_reason"] == reason), None), "it is told"
    )
    assert told["state"] == "offline"
    assert stranger.paths
    stranger.close()
    host.start(rig.url, token=rig.agent_token)
    assert the_camera(rig)["id"] == camera["id"]


def test_an_agent_of_protocol_1_goes_on_to_2_with_the_key_that_both_know(
    rig: Rig, host: Host
) -> None:
    with RawAgentOf(rig, host.id) as old:
        camera = the_camera(rig)
        assert not camera["proven"]
    host.state.mkdir()
    identity = claim_identity("", fixed_id=host.id)
    identity.remember(rig.url, KnownHub(old.camera_key))
    identity.release()
    host.start(rig.url)
    rig.wait_for(lambda: rig.cameras()[0]["proven"], "protocol 2")
    assert the_camera(rig)["id"] == camera["id"]
    back = old.register(camera_key=old.camera_key)
    assert back.status_code == 403
    assert "plain text" in back.json()["message"]
    assert rig.cameras()[0]["proven"]


class RawAgentOf:
    """An agent of protocol 1, registered with the token."""

    def __init__(self, rig: Rig, agent_id: str) -> None:
        self._rig = rig
        self._id = agent_id
        self._agent = RawAgent(
            lambda connection, _: connection.sendall(answer(picture(), "Content-Type: image/jpeg"))
        )
        self.camera_key: str = bson.decode(self.register().content)["camera_key"]

    def __enter__(self) -> RawAgentOf:
        return self

    def __exit__(self, *_: object) -> None:
        self._agent.close()

    def register(self, **fields: object) -> requests.Response:
        """Send the document of protocol 1."""
        known = {"agent_id": self._id, "stream_key": "k", "protocol": 1}
        return self._agent.register(self._rig.url, **known, token=self._rig.agent_token, **fields)


def test_a_hub_without_its_database_is_not_believed_until_a_person_says_so(
    rig: Rig, host: Host
) -> None:
    agent = host.start(rig.url, token=rig.agent_token)
    camera = the_camera(rig)
    agent.kill()
    identity = claim_identity("", fixed_id=host.id)
    identity.remember(rig.url, KnownHub("the key of a database that is lost", 2))
    identity.release()
    agent = host.start(rig.url, token=rig.agent_token)
    eventually(lambda: "start the agent once with --pair-again" in agent.log, "it is told")
    beside = rig.wait_for(
        lambda: next((c for c in rig.cameras() if c["id"] != camera["id"]), None), "it waits beside"
    )
    assert beside["state"] == "pending"
    assert beside["state_reason"].endswith("a key that this hub does not know")
    agent.kill()
    for each in (camera, beside):
        rig.request("DELETE", f"/api/v1/cameras/{each['id']}")
    agent = host.start(rig.url, "--pair-again", token=rig.agent_token)
    again = rig.wait_for(lambda: rig.cameras()[0], "it pairs again")
    rig.request("PATCH", f"/api/v1/cameras/{again['id']}", json={"approved": True})
    assert the_camera(rig)["proven"]


def test_an_older_hub_that_refuses_protocol_2_is_served_without_a_token_only(host: Host) -> None:
    class Older(FakeHub):
        def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
            if bson.decode(body)["protocol"] > 1:
                self.bodies.append(body)
                message = "This agent speaks protocol 2, the hub only 1: install …"
                return 400, json.dumps({"error": "invalid", "message": message}).encode()
            return super().answer(path, body)

    hub = Older()
    agent = host.start(hub.url)
    told = hub.wait_for(lambda r: r.camera_key)
    assert (told.protocol, bool(told.stream_key)) == (1, True)
    assert agent.stop() == 0
    seen = len(hub.registrations)
    agent = host.start(hub.url, token="the agents' token")
    eventually(lambda: "refuses: This agent speaks protocol 2" in agent.log, "it is told")
    assert agent.stop() == 0
    assert len(hub.registrations) == seen
    hub.close()


def test_an_agent_whose_clock_is_wrong_is_told_and_allows_for_it(rig: Rig, host: Host) -> None:
    rig._agent_prefix = [sys.executable, str(WRONG_CLOCK), "3600"]
    try:
        agent = rig.start_agent("--source", host.source)
    finally:
        rig._agent_prefix = ()
    camera = the_camera(rig)
    rig.wait_for(lambda: "hub's clock differs by" in rig.log(), "it is told")
    since = camera["last_seen"]
    rig.wait_for(lambda: rig.cameras()[0]["last_seen"] > since, "a heartbeat")
    end(agent)
