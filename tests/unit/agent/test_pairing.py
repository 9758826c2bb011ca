"""What an agent believes of an answer, and what it sends to whom."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from agent.address import parse_hub
from agent.identity import Identity, KnownHub
from agent.pairing import NotAdmitted, Pairing, Unproven
from convergecast.protocol.hosts import place_text
from convergecast.protocol.proof import claim, key_of, stream_key_of
from convergecast.protocol.registration import (
    Registration,
    RegistrationReply,
    decode_registration,
    encode_reply,
)

HUB = parse_hub("http://127.0.0.1:5000")
HERE = "127.0.0.1", 5001
STRANGE = KnownHub()
FACTS = Registration(*HERE, agent_id="a1")
ANSWER = RegistrationReply("online", "c1", 2.0, 0.0)


def pairing(known: KnownHub = STRANGE, token: str | None = None) -> Pairing:
    identity = Identity.temporary("a1")
    identity.remember(HUB.url, known)
    return Pairing(identity=identity, hub=HUB, token=token, address=HERE[0], port=HERE[1])


def ask(one: Pairing, **answer: Any) -> tuple[Registration, RegistrationReply | None]:
    """Register once with a hub that answers so; return what it got, and what the agent took."""
    sent = decode_registration(one.write(FACTS))
    reply = dataclasses.replace(ANSWER, hub_time=time.time(), **answer)
    return sent, one.read(encode_reply(reply, sent.nonce or ""))


def known(one: Pairing) -> KnownHub:
    return one._identity.hub(HUB.url)


def test_an_older_hub_is_told_keys_and_a_newer_one_takes_its_place() -> None:
    one = pairing()
    sent, _ = ask(one, camera_key="k")
    assert (sent.protocol, sent.stream_key, sent.token) == (2, one.stream_key, None)
    sent, _ = ask(one)
    assert (sent.camera_key, sent.stream_key, sent.proof) == ("k", one.stream_key, None)
    assert one.admit(f"Bearer {one.stream_key}", "GET", "/health") is None
    ask(one, protocol=2)  # it was updated
    sent, taken = ask(one, protocol=2, proof_key=key_of("k"))
    assert (sent.camera_key, sent.stream_key) == (None, None)
    assert sent.is_proven_by(key_of("k"))
    assert taken is not None
    with pytest.raises(NotAdmitted):
        one.admit(f"Bearer {one.stream_key}", "GET", "/health")
    with pytest.raises(Unproven):
        ask(one)
    assert not one.go_back()


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_a_key_is_never_replaced_by_an_answer(protocol: int) -> None:
    before = KnownHub("k", protocol)
    one = pairing(before)
    for answer in (
        {"camera_key": "another"},
        {"camera_key": "another", "protocol": 2},
        {"camera_key": "another", "protocol": 2, "proof_key": key_of("another")},
    ):
        for _ in range(3):
            try:
                ask(one, **answer)
            except Unproven as error:
                assert "--pair-again" in str(error)
            assert known(one).camera_key == "k"


@pytest.mark.parametrize(
    "answer",
    [
        {"camera_key": "k"},
        {"camera_key": "k", "protocol": 2},
        {"camera_key": "k", "protocol": 2, "proof_key": key_of("k")},
        {"nonce": "n", "protocol": 2, "proof_key": key_of("another token")},
        {"status": "clock", "protocol": 2},
    ],
)
def test_with_a_token_only_who_knows_it_is_believed(answer: dict[str, Any]) -> None:
    one = pairing(token="the token")
    for _ in range(2):
        with pytest.raises(Unproven):
            ask(one, **answer)
        sent = decode_registration(one.write(FACTS))
        assert sent.token_proof == sent.proof_of("the token")
        assert (sent.token, sent.camera_key, sent.stream_key) == (None, None, None)
    assert known(one) == KnownHub()
    with pytest.raises(NotAdmitted):
        one.admit(f"Bearer {one.stream_key}", "GET", "/video")


def test_a_wrong_clock_is_allowed_for_and_asked_again_at_once() -> None:
    one = pairing(KnownHub("k", 2, clock_s=3600.0))
    sent, taken = ask(one, status="clock", camera_id="", protocol=2, proof_key=key_of("k"))
    assert sent.time == pytest.approx(time.time() + 3600, abs=5)
    assert taken is None
    assert known(one).clock_s == pytest.approx(0, abs=5)
    sent, taken = ask(one, protocol=2, proof_key=key_of("k"))
    assert sent.time == pytest.approx(time.time(), abs=5)
    assert taken is not None


def test_a_request_is_admitted_once_for_its_path_at_the_hubs_time() -> None:
    one = pairing(KnownHub("k", 2, clock_s=-500.0))
    key, now_s = stream_key_of(key_of("k")), time.time() - 500
    asked = claim(key, "GET", "/video?after=1", place_text(*HERE), now_s)
    with pytest.raises(NotAdmitted, match="only the hub"):
        one.admit(str(asked), "GET", "/video?after=2")
    assert one.admit(str(asked), "GET", "/video?after=1") == asked.answered(key)
    with pytest.raises(NotAdmitted, match="came before"):
        one.admit(str(asked), "GET", "/video?after=1")
    late = claim(key, "GET", "/health", place_text(*HERE), now_s + 500)
    with pytest.raises(NotAdmitted, match="clocks") as refused:
        one.admit(str(late), "GET", "/health")
    assert refused.value.proof == late.answered(key)
