"""Proofs: what is signed, byte for byte; and that each counts once and only while it is new."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac

import bson
import pytest

from convergecast.protocol import proof
from convergecast.protocol.hosts import place_text
from convergecast.protocol.proof import Nonces, Timing
from convergecast.protocol.registration import (
    Registration,
    RegistrationReply,
    decode_registration,
    encode_registration,
    encode_reply,
    is_proven_reply,
)

CAMERA_KEY = "the camera key"
NONCE = "AAAAAAAAAAAAAAAAAAAAAA"
AT_S = 1_760_000_000.5
FACTS = Registration("192.168.1.20", 5000, agent_id="a1", name="Hall", protocol=2)
OFFERED = Registration(
    "192.168.1.20", 5000, agent_id="a1", name="Hall", protocol=2, nonce=NONCE, time=AT_S
)


def by_hand(secret: str, *parts: bytes) -> str:
    """The rule of docs/protocol.md, written a second time."""
    message = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ConvergeCast 2", *parts))
    return hmac.new(hashlib.sha256(secret.encode()).digest(), message, "sha256").hexdigest()


def test_a_proof_is_what_the_documentation_says() -> None:
    key = proof.key_of(CAMERA_KEY)
    assert proof.prove(key, "purpose", "a", b"\xff") == by_hand(
        CAMERA_KEY, b"purpose", b"a", b"\xff"
    )
    assert (
        proof.stream_key_of(key)
        == by_hand(CAMERA_KEY, b"stream key")
        == "13928dd75a3298d8c513cd833924d3dbae177f47e6363c89da4628e80e1a1eb9"
    )
    assert proof.agreed_key(proof.key_of("token"), NONCE, "BBBB", "a1") == by_hand(
        "token", b"camera key", NONCE.encode(), b"BBBB", b"a1"
    )
    assert OFFERED.proof_of("token") == by_hand(
        *("token", b"token", NONCE.encode(), b"1760000000.500", b"a1", b"192.168.1.20", b"5000")
    )
    claimed = proof.Claim(NONCE, "1760000000.500", "")
    assert claimed.answered("s") == by_hand("s", b"response", NONCE.encode())


@pytest.mark.parametrize("address", ["::ffff:192.168.1.20", "2001:DB8::0:1", "10.0.0.1"])
def test_a_token_is_proven_for_an_address_however_it_is_written(address: str) -> None:
    offered = dataclasses.replace(OFFERED, ipaddress=address)
    read = decode_registration(encode_registration(offered))
    assert read.proof_of("token") == offered.proof_of("token")


def test_where_a_part_ends_is_part_of_what_is_proven() -> None:
    key = proof.key_of("k")
    told = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc")]
    assert len({proof.prove(key, *parts) for parts in told}) == len(told)


def test_a_registration_ends_with_a_proof_of_all_before_it() -> None:
    key = proof.key_of(CAMERA_KEY)
    body = encode_registration(OFFERED, key)
    document = bson.decode(body)
    assert list(document)[-1] == "proof"
    begin = body.index(document["proof"].encode())
    assert body[begin + 64 :] == b"\0\0"
    assert document["proof"] == by_hand(
        CAMERA_KEY, b"registration", b"POST", b"/server/", body[:begin]
    )
    read = decode_registration(body)
    assert read.proves
    assert read.is_proven_by(key)
    assert not read.is_proven_by(proof.key_of("another"))


@pytest.mark.parametrize("at", [0, 8, 30, 60, -3, -30, -70, -90])
def test_a_changed_byte_is_noticed(at: int) -> None:
    key = proof.key_of(CAMERA_KEY)
    body = bytearray(encode_registration(OFFERED, key))
    body[at] ^= 1
    with contextlib.suppress(ValueError):  # it is no longer a document
        assert not decode_registration(bytes(body)).is_proven_by(key)


def test_a_proof_that_is_not_the_last_field_proves_nothing() -> None:
    key = proof.key_of(CAMERA_KEY)
    document = bson.decode(encode_registration(OFFERED, key))
    later = decode_registration(bson.encode({**document, "width": 640}))
    assert later.proof == document["proof"]
    assert not later.is_proven_by(key)
    empty = proof.prove(key, "registration", "POST", "/server/", b"")
    forged = decode_registration(bson.encode({**document, "proof": empty, "width": 640}))
    assert not forged.is_proven_by(key)


def test_a_registration_without_key_carries_no_proof() -> None:
    assert "proof" not in bson.decode(encode_registration(OFFERED))
    assert not FACTS.proves
    assert not Registration("192.168.1.20", 5000, protocol=2, nonce=NONCE, time=AT_S).proves


def test_a_reply_is_proven_for_one_registration_only() -> None:
    key = proof.key_of(CAMERA_KEY)
    body = encode_reply(RegistrationReply("online", "c", 2.0, AT_S, proof_key=key), NONCE)
    assert is_proven_reply(body, key, NONCE)
    assert not is_proven_reply(body, key, "B" * 22)
    assert not is_proven_reply(body, proof.key_of("another"), NONCE)
    assert not is_proven_reply(body.replace(b"online", b"onlime"), key, NONCE)
    assert b"proof_key" not in body
    plain = encode_reply(RegistrationReply("online", "c", 2.0, AT_S), NONCE)
    for other in (plain, b"", b"\0\0", plain + bytes(64)):
        assert not is_proven_reply(other, key, NONCE)


def test_a_request_is_proven_for_one_path_and_one_agent() -> None:
    claimed = proof.claim("s", "GET", "/video?after=1", place_text("10.0.0.1", 5000), AT_S)
    read = proof.read_claim(str(claimed))
    assert read == claimed
    parts = (b"GET", b"/video?after=1", b"10.0.0.1 5000", claimed.nonce.encode(), b"1760000000.500")
    assert claimed.proof == by_hand("s", b"request", *parts)
    assert claimed.holds("s", "GET", "/video?after=1", "10.0.0.1 5000")
    for other in (
        ("t", "GET", "/video?after=1", "10.0.0.1 5000"),
        ("s", "PUT", "/video?after=1", "10.0.0.1 5000"),
        ("s", "GET", "/video?after=2", "10.0.0.1 5000"),
        ("s", "GET", "/video?after=1", "10.0.0.2 5000"),
    ):
        assert not claimed.holds(*other)
    assert claimed.is_answered_by(claimed.answered("s"), "s")
    for given in (None, "", "ü", claimed.answered("t"), claimed.proof):
        assert not claimed.is_answered_by(given, "s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bearer s",
        "ConvergeCast",
        f"ConvergeCast nonce={NONCE}, time=1760000000.500, proof={'0' * 63}",
        f"ConvergeCast nonce={NONCE}, time=1760000000, proof={'0' * 64}",
        f"ConvergeCast nonce=short, time=1760000000.500, proof={'0' * 64}",
        f"ConvergeCast nonce={NONCE}, time=1760000000.500, proof={'0' * 64} ",
        f"ConvergeCast nonce={NONCE}, time=١٧60000000.500, proof={'0' * 64}",
    ],
)
def test_any_other_authorization_claims_nothing(text: str) -> None:
    assert proof.read_claim(text) is None


def test_places_are_written_alike_by_both_sides() -> None:
    assert (
        place_text("2001:DB8:0::1", 5000) == place_text("2001:db8::1", 5000) == "2001:db8::1 5000"
    )


def take(nonces: Nonces, nonce: str, age_s: float, up_s: float = 1000.0) -> Timing:
    return nonces.take(nonce, AT_S - age_s, now_s=AT_S, monotonic_s=up_s)


def test_a_nonce_counts_once() -> None:
    nonces = Nonces(0.0)
    assert take(nonces, "one", 0) is Timing.FRESH
    assert take(nonces, "one", 0) is Timing.SEEN
    assert take(nonces, "two", 0) is Timing.FRESH


@pytest.mark.parametrize(
    ("age_s", "timing"),
    [
        (119.9, Timing.FRESH),
        (120.1, Timing.CLOCK),
        (-119.9, Timing.FRESH),
        (-120.1, Timing.CLOCK),
        (AT_S, Timing.CLOCK),
    ],
)
def test_a_time_that_is_120_s_off_is_refused_and_not_kept(age_s: float, timing: Timing) -> None:
    nonces = Nonces(0.0)
    assert take(nonces, "one", age_s) is timing
    assert nonces.live(1000.0) == (timing is Timing.FRESH)


def test_what_was_proven_before_the_process_began_is_refused() -> None:
    nonces = Nonces(1000.0)
    assert take(nonces, "seen by the one before", 30, up_s=1010.0) is Timing.CLOCK
    assert take(nonces, "mine", 9, up_s=1010.0) is Timing.FRESH


def test_a_nonce_is_kept_for_as_long_as_its_time_is_good() -> None:
    nonces = Nonces(0.0)
    assert take(nonces, "ahead", -119, up_s=1000.0) is Timing.FRESH
    later = nonces.take("ahead", AT_S + 119, now_s=AT_S + 238, monotonic_s=1238.0)
    assert later is Timing.SEEN
    assert nonces.live(1238.0) == 1
    assert nonces.live(1240.0) == 0


def test_the_memory_is_bounded_and_full_means_refused() -> None:
    nonces = Nonces(0.0, most=3)
    assert [take(nonces, str(n), 0) for n in range(5)] == [Timing.FRESH] * 3 + [Timing.SEEN] * 2
    assert take(nonces, "later", 0, up_s=1240.0) is Timing.FRESH
