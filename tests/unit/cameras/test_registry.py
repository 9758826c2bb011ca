"""How a registering agent is identified, approved and changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from convergecast.auth.agent_token import agent_token, rotate_agent_token
from convergecast.cameras import store
from convergecast.cameras.camera import Approval, Waits
from convergecast.cameras.registry import CameraRegistry
from convergecast.checks import checked
from convergecast.config import HubConfig
from convergecast.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany, Unavailable
from convergecast.faces.settings import SettingsStore
from convergecast.messages.api import ObjectChange
from convergecast.protocol.proof import agreed_key, key_of, new_nonce, stream_key_of
from convergecast.protocol.registration import (
    Registration,
    RegistrationReply,
    decode_registration,
    encode_registration,
)
from convergecast.storage.audit import newest
from convergecast.storage.database import Database
from tests.fakes import FakeClock
from tests.support.callers import TESTER

HOME = "192.168.1.20"


def make_registry(database: Database, **settings: Any) -> CameraRegistry:
    faces = SettingsStore(database=database, clock=FakeClock(), allowed=True)
    config = HubConfig(**{"data_dir": database.path.parent, **settings})
    return CameraRegistry(database=database, config=config, clock=FakeClock(), faces=faces)


def agent(**fields: object) -> Registration:
    values: dict[str, object] = {"ipaddress": HOME, "ports": 5000, "agent_id": "a1", "name": "Hall"}
    return Registration(**(values | fields))  # type: ignore[arg-type]


def test_a_camera_without_token_waits(database: Database) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(), HOME)
    assert reply.status == "pending"
    assert registry.get(reply.camera_id).approval is Approval.PENDING


def test_the_agent_token_lets_a_camera_in_and_a_wrong_one_does_not(database: Database) -> None:
    registry = make_registry(database)
    right = registry.register(agent(token=agent_token(database)), HOME)
    assert (right.status, right.message) == ("online", None)
    wrong = registry.register(agent(agent_id="a2", token="guess"), HOME)
    assert wrong.status == "pending"
    assert wrong.message and wrong.message.startswith("the agent token is wrong. ")
    assert "guess" not in wrong.message
    assert registry.get(wrong.camera_id).wrong_token

    corrected = agent(agent_id="a2", camera_key=wrong.camera_key)
    reply = registry.register(corrected, HOME)
    assert (reply.status, reply.message) == ("pending", None)
    assert not registry.get(wrong.camera_id).wrong_token
    corrected = dataclasses.replace(corrected, token=agent_token(database))
    assert registry.register(corrected, HOME).status == "online"


def test_a_camera_that_is_let_in_is_not_told_that_its_token_is_wrong(database: Database) -> None:
    registry = make_registry(database)
    first = registry.register(agent(token=agent_token(database)), HOME)
    rotate_agent_token(database, FakeClock(), TESTER)
    again = agent(token="the old one", camera_key=first.camera_key)
    reply = registry.register(again, HOME)
    assert (reply.status, reply.message) == ("online", None)


def test_a_rotated_token_is_noticed_and_the_old_one_is_refused(database: Database) -> None:
    registry = make_registry(database)
    old = agent_token(database)
    new = rotate_agent_token(database, FakeClock(), TESTER)
    assert registry.register(agent(agent_id="a1", token=old), HOME).status == "pending"
    assert registry.register(agent(agent_id="a2", token=new), HOME).status == "online"


def test_the_key_is_given_once_and_proves_identity_at_another_address(database: Database) -> None:
    registry = make_registry(database)
    first = registry.register(agent(), HOME)
    assert first.camera_key
    moved = agent(camera_key=first.camera_key, ipaddress="192.168.1.99", ports=5001, fps=15.0)
    second = registry.register(moved, "192.168.1.99")
    assert second.camera_id == first.camera_id
    assert second.camera_key is None
    camera = registry.get(first.camera_id)
    assert (camera.address, camera.port, camera.fps) == ("192.168.1.99", 5001, 15.0)


def test_an_impostor_waits_for_approval_and_takes_nothing_over(database: Database) -> None:
    registry = make_registry(database)
    token = agent_token(database)
    real = registry.register(agent(token=token, stream_key="real"), HOME)
    for key in (None, "wrong"):
        other = registry.register(
            agent(token=token, camera_key=key, stream_key="evil", ipaddress="192.168.1.66"),
            "192.168.1.66",
        )
        assert other.camera_id != real.camera_id
        assert other.status == "pending"
    camera = registry.get(real.camera_id)
    assert (camera.address, camera.stream_key) == (HOME, "real")
    assert len(registry.all()) == 2


def test_two_fields_are_identified_by_address_and_port(database: Database) -> None:
    registry = make_registry(database)
    plain = Registration(ipaddress=HOME, ports=8000)
    first = registry.register(plain, HOME)
    assert registry.register(plain, HOME).camera_id == first.camera_id
    assert registry.register(Registration(HOME, 8001), HOME).camera_id != first.camera_id


def test_a_rejected_camera_is_refused_until_allowed_again(database: Database) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(), HOME)
    registry.change(reply.camera_id, approved=False)
    again = agent(camera_key=reply.camera_key, token=agent_token(database))
    with pytest.raises(Forbidden, match="rejected"):
        registry.register(again, HOME)
    registry.change(reply.camera_id, approved=True)
    assert registry.register(again, HOME).status == "online"


def test_a_forgotten_camera_is_pending_even_with_the_token(database: Database) -> None:
    registry = make_registry(database)
    trusted = agent(token=agent_token(database))
    first = registry.register(trusted, HOME)
    registry.forget(first.camera_id)
    with pytest.raises(NotFound):
        registry.get(first.camera_id)
    second = registry.register(trusted, HOME)
    assert second.status == "pending"
    assert second.camera_id != first.camera_id
    with_key = agent(token=trusted.token, camera_key=second.camera_key)
    assert registry.register(with_key, HOME).status == "pending"
    registry.change(second.camera_id, approved=True)
    assert registry.register(with_key, HOME).status == "online"


def test_everything_is_there_after_a_restart(database: Database) -> None:
    registry = make_registry(database)
    reply = registry.register(
        agent(token=agent_token(database), stream_key="k", capabilities=("stream",)), HOME
    )
    registry.change(reply.camera_id, name="Haustür 門")
    registry.change(reply.camera_id, options=["faces"])
    assert make_registry(database).all() == registry.all()
    camera = make_registry(database).get(reply.camera_id)
    assert (camera.name, camera.options, camera.stream_key) == ("Haustür 門", ("faces",), "k")


def test_a_name_given_by_a_person_stays(database: Database) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(name="Hall"), HOME)
    key = reply.camera_key
    registry.register(agent(name="Garage", camera_key=key), HOME)
    assert registry.get(reply.camera_id).name == "Garage"
    registry.change(reply.camera_id, name=" Front ")
    registry.register(agent(name="Hall", camera_key=key), HOME)
    assert registry.get(reply.camera_id).name == "Front"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb", "a\x00"])
def test_names_that_cannot_be_shown_are_refused(database: Database, name: str) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(), HOME)
    with pytest.raises(InvalidInput):
        registry.change(reply.camera_id, name=name)
    assert registry.get(reply.camera_id).name == "Hall"


def test_options_need_approval_and_must_exist(database: Database) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(), HOME)
    with pytest.raises(Conflict):
        registry.change(reply.camera_id, options=["faces"])
    registry.change(reply.camera_id, approved=True)
    with pytest.raises(InvalidInput, match="it has faces"):
        registry.change(reply.camera_id, options=["faces", "wings"])
    assert registry.get(reply.camera_id).options == ()


def test_shown_objects_are_set_in_parts_and_kept(tmp_path: Path) -> None:
    for order, expected in (
        ({}, (0.5, None)),
        ({"labels": ["cat", "person", "cat"]}, (0.5, ("person", "cat"))),
        ({"min_score": 0.05}, (0.05, ("person", "cat"))),
        ({"labels": []}, (0.05, ())),
        ({"min_score": 0.95, "labels": None}, (0.95, None)),
    ):
        database = Database(tmp_path / "hub.sqlite3")
        registry = make_registry(database)
        reply = registry.register(agent(), HOME)
        registry.change(reply.camera_id, objects=checked(ObjectChange, order))
        database.close()
        database = Database(tmp_path / "hub.sqlite3")
        camera = make_registry(database).get(reply.camera_id)
        database.close()
        assert (camera.object_min_score, camera.object_labels) == expected


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"min_score": 0.04}, "0.05 to 0.95"),
        ({"min_score": 1}, "0.05 to 0.95"),
        ({"min_score": float("nan")}, "0.05 to 0.95"),
        ({"min_score": True}, "must be a number"),
        ({"min_score": None}, "must be a number"),
        ({"labels": "cat"}, "must be a list"),
        ({"labels": [1]}, "must be a list"),
        ({"labels": ["cat", "griffin"]}, "'griffin' is not a label"),
        ({"labels": ["hat"]}, "not trained on it"),
        ({"min_score": 0.3, "labels": [""]}, "'' is not a label"),
    ],
)
def test_objects_that_cannot_be_shown_are_refused_and_nothing_is_changed(
    database: Database, order: dict[str, object], words: str
) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(), HOME)
    before = registry.all()
    with pytest.raises(InvalidInput, match=words):
        registry.change(reply.camera_id, name="Other", objects=checked(ObjectChange, order))
    assert registry.all() == before


def test_switching_an_option_leaves_no_trace_when_off_again(database: Database) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(token=agent_token(database)), HOME)
    for _ in range(3):
        registry.switch_option([reply.camera_id], "faces", on=True)
        assert registry.get(reply.camera_id).options == ("faces",)
    registry.switch_option([reply.camera_id], "faces", on=False)
    assert registry.get(reply.camera_id).options == ()


def test_only_so_many_may_wait_per_address_and_in_all(database: Database) -> None:
    registry = make_registry(database, max_pending=3, max_pending_per_address=2)
    for number in range(2):
        registry.register(agent(agent_id=f"a{number}"), HOME)
    with pytest.raises(TooMany):
        registry.register(agent(agent_id="a9"), HOME)
    registry.register(agent(agent_id="b", ipaddress="192.168.1.3"), "192.168.1.3")
    with pytest.raises(TooMany):
        registry.register(agent(agent_id="c", ipaddress="192.168.1.4"), "192.168.1.4")
    trusted = agent(agent_id="t", token=agent_token(database))
    assert registry.register(trusted, HOME).status == "online"


def test_a_keyless_retry_while_waiting_does_not_pile_up(database: Database) -> None:
    registry = make_registry(database)
    first = registry.register(agent(), HOME)
    second = registry.register(agent(), HOME)
    assert second.camera_id == first.camera_id
    assert second.camera_key not in (None, first.camera_key)
    assert len(registry.all()) == 1


@pytest.mark.parametrize(
    ("announced", "sender"),
    [
        ("192.168.1.21", HOME),
        ("127.0.0.1", HOME),
        ("0.0.0.0", HOME),
        ("169.254.169.254", "169.254.169.254"),
        ("224.0.0.1", HOME),
        ("255.255.255.255", HOME),
        ("fe80::1", "fe80::1"),
        ("::", "::1"),
        ("::ffff:127.0.0.1", HOME),
    ],
)
def test_addresses_that_must_not_be_fetched_from(
    database: Database, announced: str, sender: str
) -> None:
    with pytest.raises(Forbidden):
        make_registry(database).register(agent(ipaddress=announced), sender)


@pytest.mark.parametrize(
    ("announced", "sender"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("10.0.0.7", "::ffff:10.0.0.7")],
)
def test_the_senders_own_address_is_allowed(
    database: Database, announced: str, sender: str
) -> None:
    registration = agent(ipaddress=announced)
    assert make_registry(database).register(registration, sender).status == "pending"


def test_an_allowed_network_may_announce_another_address(database: Database) -> None:
    registry = make_registry(database, agent_networks=("10.1.0.0/16",))
    assert registry.register(agent(ipaddress="10.1.2.3"), HOME).status == "pending"
    with pytest.raises(Forbidden, match="agent_networks"):
        registry.register(agent(ipaddress="10.2.0.1"), HOME)


def test_an_agent_whose_first_answer_was_lost_gets_a_new_key(database: Database) -> None:
    registry = make_registry(database)
    trusted = agent(token=agent_token(database), stream_key="one")
    first = registry.register(trusted, HOME)
    second = registry.register(dataclasses.replace(trusted, stream_key="two"), HOME)
    assert (second.camera_id, second.status) == (first.camera_id, "online")
    assert second.camera_key not in (None, first.camera_key)
    assert registry.get(first.camera_id).stream_key == "two"
    registry.register(dataclasses.replace(trusted, camera_key=second.camera_key), HOME)
    third = registry.register(trusted, HOME)  # now that the key was presented, it is needed
    assert third.camera_id != first.camera_id


def test_a_full_disk_changes_nothing_and_costs_no_heartbeat(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    faces = SettingsStore(database=database, clock=clock, allowed=True)
    registry = CameraRegistry(database=database, config=HubConfig(), clock=clock, faces=faces)
    trusted = agent(token=agent_token(database))
    reply = registry.register(trusted, HOME)
    beat = dataclasses.replace(trusted, camera_key=reply.camera_key)
    registry.register(beat, HOME)
    before = registry.get(reply.camera_id)

    def full(*_: object) -> None:
        raise Unavailable("The database cannot be written: database or disk is full.")

    monkeypatch.setattr(store, "save_cameras", full)
    (answer,) = registry.switch_option([reply.camera_id], "faces", on=True).values()
    assert isinstance(answer, Unavailable)
    with pytest.raises(Unavailable):
        registry.change(reply.camera_id, options=["faces"])
    with pytest.raises(Unavailable):
        registry.change(reply.camera_id, name="Other")
    with pytest.raises(Unavailable):
        registry.register(agent(agent_id="new"), HOME)
    assert registry.all() == [before]
    clock.advance(120)
    assert registry.register(beat, HOME).status == "online"


def test_a_known_id_without_its_key_waits_for_a_person_whatever_it_shows_later(
    database: Database,
) -> None:
    registry = make_registry(database)
    token = agent_token(database)
    real = registry.register(agent(token=token, stream_key="real"), HOME)
    for rejected in (False, True):
        if rejected:
            registry.change(real.camera_id, approved=False)
        port = 6000 + rejected
        other = registry.register(agent(token=token, ports=port), HOME)
        beat = agent(token=token, ports=port, camera_key=other.camera_key)
        for started in (registry, make_registry(database)):  # after a restart, too
            assert started.register(beat, HOME).status == "pending"
        assert registry.get(other.camera_id).waits is Waits.KEY
    registry.change(other.camera_id, approved=True)
    assert registry.register(beat, HOME).status == "online"


def test_rejected_cameras_keep_nobody_out_and_the_oldest_are_forgotten(database: Database) -> None:
    registry = make_registry(database, max_cameras=3)
    rejected = []
    for number in range(5):
        reply = registry.register(agent(agent_id=f"r{number}"), HOME)
        registry.change(reply.camera_id, approved=False, by=TESTER)
        rejected.append(reply.camera_id)
    assert [camera.id for camera in registry.all()] == rejected[2:]
    ((_, noted), *_) = newest(database, 1)
    assert (noted.action, noted.subject, noted.by) == ("forgotten", rejected[1], TESTER)
    assert noted.detail == "too many were rejected"
    trusted = agent(token=agent_token(database))
    for number in range(3):
        reply = registry.register(dataclasses.replace(trusted, agent_id=f"a{number}"), HOME)
        assert reply.status == "online"
    with pytest.raises(TooMany, match="3 cameras"):
        registry.register(dataclasses.replace(trusted, agent_id="a3"), HOME)
    with pytest.raises(TooMany, match="3 cameras"):
        registry.change(rejected[-1], approved=True)
    registry.forget(reply.camera_id)
    registry.change(rejected[-1], approved=True)


def test_pending_cameras_are_counted_by_where_they_register_from(database: Database) -> None:
    """Not by what they announce: one host may announce a whole network."""
    registry = make_registry(database, agent_networks=("10.1.0.0/16",), max_pending_per_address=4)
    for number in range(4):
        registry.register(agent(agent_id=f"a{number}", ipaddress=f"10.1.0.{number}"), HOME)
    with pytest.raises(TooMany):
        registry.register(agent(agent_id="a9", ipaddress="10.1.0.9"), HOME)
    honest = agent(agent_id="h", ipaddress="10.1.0.1")
    assert registry.register(honest, "10.1.0.1").status == "pending"
    six = "2001:db8:1:2:"
    for number in range(1, 5):
        address = f"{six}:{number}"
        registry.register(agent(agent_id=f"s{number}", ipaddress=address), address)
    with pytest.raises(TooMany):
        registry.register(agent(agent_id="s9", ipaddress=f"{six}:9"), f"{six}:9")


def test_a_valid_token_gets_in_or_waits_beside_those_without_one(database: Database) -> None:
    registry = make_registry(database, max_pending=2, max_pending_per_address=2)
    token = agent_token(database)
    known = registry.register(agent(agent_id="known", token=token), HOME)
    registry.forget(known.camera_id)
    for number in range(2):
        registry.register(agent(agent_id=f"a{number}"), HOME)
    with pytest.raises(TooMany):
        registry.register(agent(agent_id="a9"), HOME)
    assert registry.register(agent(agent_id="new", token=token), HOME).status == "online"
    forgotten = registry.register(agent(agent_id="known", token=token), HOME)
    assert forgotten.status == "pending"
    assert registry.get(forgotten.camera_id).waits is Waits.FORGOTTEN


def test_a_stranger_who_knows_ids_gets_no_more_cameras_to_wait_than_others(
    database: Database,
) -> None:
    registry = make_registry(database, max_pending=3, max_pending_per_address=2)
    registry.register(agent(agent_id="known", token=agent_token(database)), HOME)
    for number in range(2):
        registry.register(agent(agent_id="known", ports=6000 + number), HOME)
    for agent_id in ("known", "new"):
        with pytest.raises(TooMany):
            registry.register(agent(agent_id=agent_id, ports=7000), HOME)
    for address, allowed in (("192.168.1.21", True), ("192.168.1.22", False)):
        elsewhere = agent(agent_id="known", ipaddress=address)
        if allowed:
            assert registry.register(elsewhere, address).status == "pending"
        else:
            with pytest.raises(TooMany):
                registry.register(elsewhere, address)


def test_a_pending_camera_that_moves_makes_no_room_where_it_came_from(database: Database) -> None:
    registry = make_registry(database, max_pending_per_address=1)
    elsewhere = "192.168.1.21"
    for agent_id in ("a", None):
        place = agent(agent_id=agent_id, ports=5001)
        key = registry.register(place, HOME).camera_key
        moved = dataclasses.replace(place, ipaddress=elsewhere, camera_key=key)
        registry.register(moved, elsewhere)
        with pytest.raises(TooMany):
            registry.register(agent(agent_id="b", ports=5002), HOME)
        for camera in registry.all():
            registry.forget(camera.id)


def test_who_shows_the_token_later_is_counted_with_those_who_have_it(database: Database) -> None:
    registry = make_registry(database, max_pending_per_address=2)
    token = agent_token(database)
    registry.register(agent(agent_id="known", token=token), HOME)
    for port in (6000, 6001, 6002):
        registry.register(agent(agent_id="known", ports=port), HOME)
        registry.register(agent(agent_id="known", ports=port, token=token), HOME)
    waiting = [c for c in registry.all() if c.approval is Approval.PENDING]
    assert [c.token_shown for c in waiting] == [True, True, False]
    assert make_registry(database).all() == registry.all()


def test_a_token_lets_in_so_many_of_one_address_and_the_others_wait(database: Database) -> None:
    registry = make_registry(database, max_cameras_per_address=2)
    trusted = agent(token=agent_token(database))
    replies = [
        registry.register(dataclasses.replace(trusted, agent_id=f"a{number}"), HOME)
        for number in range(3)
    ]
    assert [reply.status for reply in replies] == ["online", "online", "pending"]
    beat = dataclasses.replace(trusted, agent_id="a2", camera_key=replies[2].camera_key)
    assert registry.register(beat, HOME).status == "pending"
    elsewhere = dataclasses.replace(trusted, agent_id="b", ipaddress="192.168.1.3")
    assert registry.register(elsewhere, "192.168.1.3").status == "online"
    registry.change(replies[2].camera_id, approved=True)
    assert registry.register(beat, HOME).status == "online"


def test_a_silent_pending_camera_is_removed_after_a_day_and_comes_back_as_new(
    database: Database,
) -> None:
    clock = FakeClock()
    faces = SettingsStore(database=database, clock=clock, allowed=True)
    registry = CameraRegistry(database=database, config=HubConfig(), clock=clock, faces=faces)
    silent = registry.register(agent(agent_id="silent"), HOME)
    alive = registry.register(agent(agent_id="alive"), HOME)
    approved = registry.register(agent(agent_id="in", token=agent_token(database)), HOME)
    told: list[str] = []
    registry.listen(told.append)
    for _ in range(25):
        clock.advance(3600)
        registry.register(agent(agent_id="alive", camera_key=alive.camera_key), HOME)
        registry.remove_silent()
    assert [camera.id for camera in registry.all()] == [alive.camera_id, approved.camera_id]
    assert silent.camera_id in told
    assert len(make_registry(database).all()) == 2
    again = agent(agent_id="silent", token=agent_token(database))
    assert registry.register(again, HOME).status == "online"


def test_nobody_at_its_address_renames_a_camera_without_identity(database: Database) -> None:
    registry = make_registry(database)
    plain = Registration(ipaddress=HOME, ports=8000)
    first = registry.register(plain, HOME)
    before = registry.get(first.camera_id)
    other = dataclasses.replace(plain, name="Mine now", stream_key="evil", source="x")
    registry.register(other, HOME)
    assert registry.get(first.camera_id) == before
    registry.register(dataclasses.replace(other, token=agent_token(database), name="Hall"), HOME)
    camera = registry.get(first.camera_id)
    assert (camera.name, camera.approval) == ("Hall", Approval.APPROVED)


# Protocol 2


class ProvingAgent:
    """An agent of protocol 2, by its documents alone."""

    def __init__(self, registry: CameraRegistry, agent_id: str = "a1", ports: int = 5000) -> None:
        self.registry = registry
        self.agent_id = agent_id
        self.ports = ports
        self.key: str | None = None
        self.body = b""

    def register(
        self,
        *,
        token: str | None = None,
        key: str | None = None,
        time: float = FakeClock().now(),
        sender: str = HOME,
        **fields: object,
    ) -> RegistrationReply:
        """Register; pairs if there is no key. Another `key` is what a stranger has."""
        offer = agent(
            agent_id=self.agent_id,
            ipaddress=sender,
            ports=self.ports,
            protocol=2,
            nonce=new_nonce(),
            time=time,
            **fields,
        )
        if token is not None:
            offer = dataclasses.replace(offer, token_proof=offer.proof_of(token))
        shown = key or self.key
        self.body = encode_registration(offer, key_of(shown) if shown else None)
        reply = self.registry.register(decode_registration(self.body), sender)
        if shown is None and reply.nonce and token:
            self.key = agreed_key(key_of(token), offer.nonce or "", reply.nonce, self.agent_id)
        elif shown is None:
            self.key = reply.camera_key
        return reply

    def repeat(self, sender: str = HOME) -> RegistrationReply:
        """Send the last document again, as whoever has recorded it."""
        return self.registry.register(decode_registration(self.body), sender)


def test_with_a_token_both_make_the_key_and_nothing_secret_is_sent(database: Database) -> None:
    registry, token = make_registry(database), agent_token(database)
    one = ProvingAgent(registry)
    reply = one.register(token=token)
    assert (reply.status, reply.camera_key, reply.protocol) == ("online", None, 2)
    assert reply.proof_key == key_of(token)
    assert one.key
    camera = registry.get(reply.camera_id)
    assert camera.stream_key == stream_key_of(key_of(one.key))
    assert camera.protocol == 2
    again = one.register()
    assert (again.status, again.camera_id) == ("online", reply.camera_id)
    assert again.proof_key == key_of(one.key)
    for secret in (token, one.key, camera.stream_key):
        assert secret.encode() not in one.body
    rotate_agent_token(database, FakeClock(), TESTER)
    assert one.register().status == "online"


def test_without_a_token_the_key_is_told_once_and_a_person_lets_it_in(database: Database) -> None:
    registry = make_registry(database)
    one = ProvingAgent(registry)
    first = one.register(stream_key="for hubs of protocol 1")
    assert first.status == "pending"
    assert first.camera_key
    assert first.proof_key == key_of(first.camera_key)
    second = one.register()
    assert (second.camera_id, second.camera_key) == (first.camera_id, None)
    registry.change(first.camera_id, approved=True)
    assert one.register().status == "online"
    stream_key = registry.get(first.camera_id).stream_key
    assert stream_key == stream_key_of(key_of(first.camera_key))


def test_a_token_that_comes_later_lets_a_paired_agent_in(database: Database) -> None:
    registry = make_registry(database)
    one = ProvingAgent(registry)
    assert one.register().status == "pending"
    wrong = one.register(token="guess")
    assert (wrong.status, wrong.message is not None) == ("pending", True)
    assert one.register(token=agent_token(database)).status == "online"


def test_a_wrong_token_gives_no_key_and_the_hub_proves_nothing(database: Database) -> None:
    registry = make_registry(database)
    one = ProvingAgent(registry)
    reply = one.register(token="guess")
    assert (reply.status, reply.camera_key, reply.nonce, reply.proof_key) == (
        *("pending", None, None),
        None,
    )
    camera = registry.get(reply.camera_id)
    assert (camera.wrong_token, camera.key_hash, camera.stream_key) == (True, None, None)
    right = one.register(token=agent_token(database))
    assert (right.status, right.camera_id) == ("online", reply.camera_id)


def test_a_person_lets_in_a_camera_that_pairs_afterwards(database: Database) -> None:
    registry = make_registry(database)
    one = ProvingAgent(registry)
    camera_id = one.register(token="guess").camera_id
    registry.change(camera_id, approved=True)
    assert one.register().camera_id == camera_id
    assert registry.get(camera_id).stream_key == stream_key_of(key_of(one.key or ""))


def test_a_proof_that_is_refused_waits_beside_and_replaces_nothing(database: Database) -> None:
    registry, token = make_registry(database), agent_token(database)
    one = ProvingAgent(registry)
    reply = one.register(token=token)
    before = registry.get(reply.camera_id)
    for wrong in ({"key": "another"}, {"key": "another", "token": token}):
        elsewhere = one.register(sender="192.168.1.66", **wrong)  # type: ignore[arg-type]
        assert elsewhere.camera_id != reply.camera_id
        assert (elsewhere.status, elsewhere.proof_key) == ("pending", None)
        assert registry.get(elsewhere.camera_id).waits is Waits.KEY
    assert registry.get(reply.camera_id) == before
    assert one.register().camera_id == reply.camera_id


def test_a_registration_counts_once_also_after_a_restart_of_the_hub(database: Database) -> None:
    clock = FakeClock()
    registry = make_registry(database)
    registry._clock = registry._proofs._clock = clock
    one = ProvingAgent(registry)
    camera_id = one.register(token=agent_token(database)).camera_id
    with pytest.raises(Forbidden, match="came before"):
        one.repeat()
    one.register()
    clock.advance(30)
    one.ports = 5001
    one.register(time=clock.now())
    with pytest.raises(Forbidden, match="came before"):
        one.repeat()
    assert registry.get(camera_id).port == 5001
    restarted = make_registry(database)
    restarted._clock = restarted._proofs._clock = clock
    restarted._proofs._began_s = clock.monotonic() + 10
    clock.advance(20)
    one.registry = restarted
    assert one.repeat().status == "clock"


@pytest.mark.parametrize("off_s", [-121.0, 121.0, -FakeClock().now()])
@pytest.mark.parametrize("paired", [True, False])
def test_a_wrong_clock_is_told_and_nothing_changes(
    database: Database, off_s: float, paired: bool
) -> None:
    registry, token = make_registry(database), agent_token(database)
    one = ProvingAgent(registry)
    if paired:
        one.register(token=token)
    known, key = registry.all(), one.key
    reply = one.register(time=FakeClock().now() + off_s, token=None if paired else token)
    assert (reply.status, reply.camera_id, reply.camera_key) == ("clock", "", None)
    assert reply.hub_time == FakeClock().now()
    assert reply.proof_key == key_of(key if paired and key else token)
    assert registry.all() == known
    one.key = key
    assert one.register(token=token).status == "online"


def test_a_known_key_of_protocol_1_is_proven_once_and_then_always(database: Database) -> None:
    registry, token = make_registry(database), agent_token(database)
    told = agent(token=token, stream_key="told")
    first = registry.register(told, HOME)
    one = ProvingAgent(registry)
    one.key = first.camera_key
    assert one.register().camera_id == first.camera_id
    camera = registry.get(first.camera_id)
    assert camera.protocol == 2
    assert camera.stream_key == stream_key_of(key_of(one.key or ""))
    started = make_registry(database)
    with pytest.raises(Forbidden, match="plain text"):
        started.register(dataclasses.replace(told, camera_key=first.camera_key), HOME)
    without = started.register(told, HOME)
    assert (without.status, without.camera_id != first.camera_id) == ("pending", True)
    assert started.get(first.camera_id) == camera


def test_a_pairing_whose_answer_was_lost_is_made_again(database: Database) -> None:
    registry, token = make_registry(database), agent_token(database)
    one = ProvingAgent(registry)
    first = one.register(token=token)
    one.key = None
    second = one.register(token=token)
    assert (second.status, second.camera_id) == ("online", first.camera_id)
    told = registry.register(agent(token=token), HOME)  # protocol 1 does not replace such a key
    assert told.camera_id != first.camera_id
    assert one.register().status == "online"


def test_a_forgotten_camera_is_known_by_its_key_and_waits_for_a_person(database: Database) -> None:
    registry, token = make_registry(database), agent_token(database)
    one = ProvingAgent(registry)
    registry.forget(one.register(token=token).camera_id)
    for token_again in (None, token):
        again = one.register(token=token_again)
        assert again.status == "pending"
        assert again.proof_key == key_of(one.key or "")
    registry.change(again.camera_id, approved=True)
    assert one.register().status == "online"


def test_an_agent_of_a_lost_database_waits_until_it_pairs_again(
    database: Database, tmp_path: Path
) -> None:
    one = ProvingAgent(make_registry(database))
    one.register(token=agent_token(database))
    other = Database(tmp_path / "new.sqlite3")
    token = agent_token(other)
    one.registry = make_registry(other)
    lost = one.register(token=token)
    assert (lost.status, lost.proof_key) == ("pending", None)
    assert one.registry.get(lost.camera_id).waits is Waits.KEY
    one.key = None  # --pair-again
    assert one.register(token=token).status == "online"
    assert one.register().camera_id == lost.camera_id
    other.close()


def test_former_keys_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_MOST_FORMER_KEYS", 2)
    registry = make_registry(database)
    clock = FakeClock()
    registry._clock = clock
    agents = [ProvingAgent(registry, f"a{number}", 5000 + number) for number in range(3)]
    for each in agents:
        clock.advance(1)
        registry.forget(each.register().camera_id)
    assert [len(store.former_keys(database, each.agent_id)) for each in agents] == [0, 1, 1]


SOURCE = "rtsp://admin:geheim%40@192.168.1.9/live"


def own_agent(camera_id: str, key: str, **fields: object) -> Registration:
    proving: dict[str, object] = {"protocol": 2, "nonce": new_nonce(), "time": FakeClock().now()}
    whole = {"agent_id": f"this-hub:{camera_id}", "ipaddress": "127.0.0.1"} | proving | fields
    offer = agent(**whole)
    return decode_registration(encode_registration(offer, key_of(key)))


def add_by_hub(registry: CameraRegistry) -> None:
    registry.add_by_hub("c1", SOURCE, name="Gate", by=TESTER)
    registry.pair("c1", "key")


def test_a_camera_that_the_hub_looks_after_needs_its_key_and_no_address(
    database: Database,
) -> None:
    registry = make_registry(database, host=HOME)
    add_by_hub(registry)
    reply = registry.register(own_agent("c1", "key", ports=40123, width=640), HOME)
    assert (reply.status, reply.camera_id) == ("online", "c1")
    camera = registry.get("c1")
    assert (camera.address, camera.port, camera.width) == ("127.0.0.1", 40123, 640)
    assert (camera.name, camera.source) == ("Gate", "rtsp://192.168.1.9/live")
    assert camera.by_hub


@pytest.mark.parametrize(
    ("camera_id", "key", "address"),
    [("c1", "guess", "127.0.0.1"), ("c2", "key", "127.0.0.1"), ("c1", "key", HOME)],
)
def test_nobody_else_registers_as_one_of_the_hubs_own_agents(
    database: Database, camera_id: str, key: str, address: str
) -> None:
    registry = make_registry(database)
    add_by_hub(registry)
    with pytest.raises(Forbidden, match="says that the hub runs it"):
        registry.register(own_agent(camera_id, key, ipaddress=address), address)
    assert [camera.port for camera in registry.all()] == [1]


def test_the_address_is_stored_encrypted_and_goes_with_the_camera(database: Database) -> None:
    registry = make_registry(database)
    add_by_hub(registry)
    registry.note_refused("c1", 1000.0)
    database.write(lambda _connection: None)  # what was submitted before is written
    again = make_registry(database)
    assert again.source_of("c1") == SOURCE
    assert again.refused_at() == {"c1": 1000.0}
    with pytest.raises(Conflict, match="shows this camera already: Gate"):
        registry.add_by_hub("c2", "rtsp://192.168.1.9/live", name="B", by=TESTER)
    other = SOURCE.replace("geheim", "neu")
    registry.change("c1", source=other, by=TESTER)
    assert again.source_of("c1") == other
    assert again.refused_at() == {}
    told = [(change.action, change.detail) for _, change in newest(database, 9)]
    assert told == [("changed", "source"), ("added", "rtsp://192.168.1.9/live")]
    registry.forget("c1")
    assert database.read("SELECT * FROM camera_sources") == []
    assert database.read("SELECT * FROM former_keys") == []
    assert database.read("SELECT * FROM forgotten") == []


def test_only_cameras_that_the_hub_looks_after_get_a_source(database: Database) -> None:
    registry = make_registry(database)
    reply = registry.register(agent(token=agent_token(database)), HOME)
    with pytest.raises(Conflict, match="runs on another machine"):
        registry.change(reply.camera_id, source=SOURCE)


def test_the_hubs_own_agents_do_not_count_among_those_of_an_address(database: Database) -> None:
    registry = make_registry(database, max_cameras_per_address=1)
    add_by_hub(registry)
    local = agent(ipaddress="127.0.0.1", token=agent_token(database))
    assert registry.register(local, "127.0.0.1").status == "online"


def test_the_hubs_own_agents_count_among_its_cameras(database: Database) -> None:
    registry = make_registry(database, max_cameras=1)
    registry.register(agent(token=agent_token(database)), HOME)
    with pytest.raises(TooMany, match="already has its 1 cameras"):
        add_by_hub(registry)


# Copies of an agent


def two_of_one(registry: CameraRegistry, token: str) -> tuple[ProvingAgent, ProvingAgent, str]:
    """Return an agent, its copy on another port, and the id of the camera, after four turns."""
    one, other = ProvingAgent(registry), ProvingAgent(registry, ports=5001)
    camera_id = one.register(token=token, epoch="one").camera_id
    other.key = one.key
    for _ in range(2):
        assert one.register(epoch="one").status == "online"
        other.register(epoch="other")
    return one, other, camera_id


def test_a_copy_waits_beside_and_the_camera_stays_where_it_is(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    registry = make_registry(database)
    one, other, camera_id = two_of_one(registry, agent_token(database))
    for _ in range(3):
        waits, stays = other.register(epoch="other"), one.register(epoch="one")
        assert (waits.status, waits.camera_id != camera_id) == ("pending", True)
        assert (stays.status, stays.camera_id) == ("online", camera_id)
        for reply in (waits, stays):
            assert reply.message
            assert "copying a memory card" in reply.message
            assert reply.proof_key == key_of(one.key or "")
        assert registry.get(camera_id).port == 5000
    assert registry.get(waits.camera_id).copied
    (noted,) = [line for line in caplog.messages if "second agent" in line]
    assert "5001" in noted
    assert len(registry.all()) == 2


def test_an_approved_copy_becomes_a_camera_of_its_own_even_if_the_answer_is_lost(
    database: Database,
) -> None:
    registry = make_registry(database)
    one, other, camera_id = two_of_one(registry, agent_token(database))
    copy_id = other.register(epoch="other").camera_id
    registry.change(copy_id, approved=True)
    lost = other.register(epoch="other")
    reply = other.register(epoch="other")
    assert lost.agent_id != reply.agent_id != other.agent_id
    assert (lost.camera_id, reply.camera_id) == (copy_id, copy_id)
    assert other.key
    assert reply.agent_id
    sent = decode_registration(other.body)
    other.key = agreed_key(key_of(other.key), sent.nonce or "", reply.nonce or "", reply.agent_id)
    other.agent_id = reply.agent_id
    again = other.register(epoch="other")
    assert (again.status, again.camera_id, again.agent_id) == ("online", copy_id, None)
    assert again.message is None
    stays = one.register(epoch="one")
    assert (stays.status, stays.camera_id, stays.message) == ("online", camera_id, None)
    assert registry.get(copy_id).stream_key == stream_key_of(key_of(other.key))
    assert registry.get(copy_id).port == 5001
    assert len(registry.all()) == 2


def test_a_rejected_copy_is_refused_and_changes_nothing(database: Database) -> None:
    registry = make_registry(database)
    one, other, camera_id = two_of_one(registry, agent_token(database))
    registry.change(other.register(epoch="other").camera_id, approved=False)
    with pytest.raises(Forbidden, match="rejected"):
        other.register(epoch="other")
    assert one.register(epoch="one").camera_id == camera_id
    assert registry.get(camera_id).port == 5000
