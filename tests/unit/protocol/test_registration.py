"""Registrations: what an agent writes the hub reads, and nonsense is refused with a sentence."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.protocol import ProtocolError
from convergecast.protocol.registration import (
    Registration,
    RegistrationReply,
    decode_registration,
    decode_reply,
    encode_registration,
    encode_reply,
)

texts = st.none() | st.text(
    st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=40
)
sizes = st.none() | st.integers(1, 65_535)

registrations = st.builds(
    Registration,
    ipaddress=st.ip_addresses().map(str),
    ports=st.integers(1, 65_535),
    agent_id=texts,
    camera_key=texts,
    name=texts,
    version=texts,
    token=texts,
    stream_key=texts,
    width=sizes,
    height=sizes,
    fps=st.none() | st.floats(0.1, 1000),
    source=texts,
    capabilities=st.just(("long-poll", "stream")),
)


@given(registrations)
def test_a_registration_is_read_as_it_was_written(registration: Registration) -> None:
    assert decode_registration(encode_registration(registration)) == registration


def test_two_fields_are_enough() -> None:
    body = bson.encode({"ipaddress": "192.168.1.9", "ports": 5000})
    registration = decode_registration(body)
    assert registration.is_two_field
    assert (registration.ipaddress, registration.ports) == ("192.168.1.9", 5000)


@given(st.binary(max_size=300))
def test_noise_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_registration(body)


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["ipaddress", "ports", "agent_id", "fps", "width", "capabilities"]),
        json_like,
    )
)
def test_wrong_types_are_refused_and_never_crash(fields: dict[str, Any]) -> None:
    body = bson.encode({"ipaddress": "10.0.0.1", "ports": 80, **fields})
    try:
        registration = decode_registration(body)
    except ProtocolError:
        return
    assert registration.ipaddress == "10.0.0.1" or "ipaddress" in fields


@pytest.mark.parametrize(
    "fields",
    [
        {"ipaddress": "localhost"},
        {"ipaddress": "10.0.0.1/8"},
        {"ipaddress": 7},
        {"ports": 0},
        {"ports": 65_536},
        {"ports": True},
        {"ports": "5000"},
        {"ports": 5000.0},
        {"name": "x" * 81},
        {"name": "line\nbreak"},
        {"fps": float("nan")},
        {"fps": -1},
        {"width": 0},
        {"capabilities": "stream"},
        {"capabilities": ["x"] * 17},
    ],
)
def test_an_impossible_value_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        decode_registration(bson.encode({"ipaddress": "10.0.0.1", "ports": 80, **fields}))


def test_a_large_body_is_refused_unread() -> None:
    with pytest.raises(ProtocolError, match="larger than 64 KB"):
        decode_registration(bytes(70_000))


@pytest.mark.parametrize("key", [None, "a key"])
def test_a_reply_is_read_as_it_was_written(key: str | None) -> None:
    reply = RegistrationReply("pending", "camera", 2.0, 1760000000.0, key, key and "a sentence")
    assert decode_reply(encode_reply(reply)) == reply


@given(st.binary(max_size=100))
def test_a_reply_of_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(body)


def test_the_hub_leaves_credentials_out_too() -> None:
    source = "rtsp://user:secret@host/x"
    body = bson.encode({"ipaddress": "10.0.0.1", "ports": 80, "source": source})
    assert decode_registration(body).source == "rtsp://host/x"
