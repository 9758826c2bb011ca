"""Nothing of a user or a password is shown of an address, wherever it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.protocol.urls import (
    UNREADABLE,
    Address,
    has_credentials,
    read_address,
    without_credentials,
)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("0", "0"),
        (r"C:\videos\a.mp4", r"C:\videos\a.mp4"),
        ("rtsp://user:secret@10.0.0.5:554/live?password=secret", "rtsp://10.0.0.5:554/live"),
        ("rtsp://user:secret@[fe80::1]/live#secret", "rtsp://[fe80::1]/live"),
        ("http://secret@host/x", "http://host/x"),
        ("rtsp://user:se:cret@host/x", "rtsp://host/x"),
        ("rtsp://user:12/secret@host/x", UNREADABLE),
        ("rtsp://user:#secret@host/x", UNREADABLE),
        ("rtsp://user:pa/secret@host/x", UNREADABLE),
        ("rtsp://admin:pa[secret@host/x", UNREADABLE),
        ("rtsp://admin:2024#secret@host/live", UNREADABLE),
        ("rtsp://admin:1234?secret@host/live", UNREADABLE),
        ("rtsp://admin:se@cr/et@host/live", UNREADABLE),
        ("http://c/user=admin_password=secret_channel=1_stream=0.sdp", "http://c/…"),
        ("rtsp://c:554/ch1/admin/secret/live", "rtsp://c:554/ch1/…"),
        ("rtsp://c/live/user%3Dadmin/secret", "rtsp://c/live/…"),
        ("rtsp://c:7447/aBcD3fGh1JkLmN0p", "rtsp://c:7447/…"),
        ("rtsp://c/v1/0b3e2f0a-7d9f-4f8f-9d6e-4a61e5d7c0aa", "rtsp://c/v1/…"),
        ("http://c/snap.cgi;usr=admin;pwd=secret", "http://c/…"),
        # What is no secret stays, so that the cameras of one recorder are told apart.
        ("rtsp://c/Streaming/Channels/101", "rtsp://c/Streaming/Channels/101"),
        ("rtsp://c/h264Preview_01_main", "rtsp://c/h264Preview_01_main"),
        ("rtsp://c/cam/realmonitor?channel=1&subtype=0", "rtsp://c/cam/realmonitor"),
        ("http://c/axis-cgi/mjpg/video.cgi?camera=2", "http://c/axis-cgi/mjpg/video.cgi"),
    ],
)
def test_credentials_are_left_out_of_a_source(source: str, shown: str) -> None:
    assert without_credentials(source) == shown


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda rest: f"rtsp://{rest}"))
def test_any_text_can_be_a_source(source: str) -> None:
    without_credentials(source)
    has_credentials(source)


@given(st.text(st.sampled_from("ab1:@/#?%[]=&"), max_size=12))
def test_no_password_is_shown_whatever_it_holds(password: str) -> None:
    shown = without_credentials(f"rtsp://someone:Q7{password}7Q@10.0.0.9/live")
    assert shown in ("rtsp://10.0.0.9/live", UNREADABLE)


def test_user_and_password_are_decoded() -> None:
    address = read_address("rtsp://admin:p%40ss%3Aw%23rd%2F%25@cam:554/live?x=1")
    assert address == Address("rtsp://cam:554/live?x=1", "cam", 554, "admin", "p@ss:w#rd/%")


@pytest.mark.parametrize(
    "text",
    ["rtsp://a:pa[ss@c/live", "rtsp://a:p@ss@c/live", "rtsp://a:p#s@c/x", "rtsp://a:p/s@c/x"],
)
def test_an_address_that_can_be_read_in_two_ways_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(ValueError, match="percent-encode") as refusal:
        read_address(text)
    assert "ss" not in str(refusal.value).replace("address", "").replace("password", "")


@pytest.mark.parametrize(
    ("source", "has"),
    [
        ("rtsp://a:b@c/live", True),
        ("http://c/snap.jpg?user=a&pwd=b", True),
        ("http://c/user=a_password=b", True),
        ("rtsp://c/cam/realmonitor?channel=1", False),
        ("rtsp://c/live", False),
        ("video@home.mp4", False),
    ],
)
def test_an_address_with_a_password_is_noticed(source: str, has: bool) -> None:
    assert has_credentials(source) is has
