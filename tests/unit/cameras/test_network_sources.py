"""Which addresses of cameras may be tried, and which are the same camera."""

from __future__ import annotations

import pytest

from convergecast.cameras.network_sources import NetworkSources, place_in, usable_source
from convergecast.errors import Forbidden, InvalidInput
from convergecast.storage.database import Database
from convergecast.storage.vault import Vault


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://192.168.1.9/live",
        "RTSP://admin:p%40ss@127.0.0.1:8554/live",
        "http://[::1]/snap.jpg",
        " https://127.0.0.1/video?channel=1 ",
        "rtsp://a-name-that-nobody-has.invalid/live",  # the trial says that it is not found
        "http://127.0.0.1:5000/video",  # another port than the hub's
    ],
)
def test_an_address_of_a_camera(source: str) -> None:
    assert usable_source(source, {5001}) == source.strip()


@pytest.mark.parametrize(
    "source",
    ["", "0", "demo", "/dev/video0", "file:///etc/passwd", "ftp://camera/a", "rtsp://", "http:///a",
     "rtsp://a@b@c/live", "rtsp://admin:pa[ss@camera/live", "rtsp://camera:port/live",
     "rtsp://camera/a\nb", "udp://127.0.0.1:9000"],
)  # fmt: skip
def test_what_is_no_address_of_a_camera(source: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        usable_source(source, {5001})
    assert "pa[ss" not in str(refusal.value)


@pytest.mark.parametrize(
    "source",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/",  # the same as a number
        "http://[fe80::1]/live",
        "http://[::ffff:169.254.1.1]/live",
        "rtsp://224.0.0.1/live",
        "rtsp://0.0.0.0:5001/live",
        "rtsp://255.255.255.255/live",
        "http://127.0.0.1:5001/",
        "http://localhost:5001/api/v1/cameras",
        "rtsp://127.9.9.9:5001/live",
    ],
)
def test_an_address_from_which_nothing_is_fetched(source: str) -> None:
    with pytest.raises(Forbidden):
        usable_source(source, {5001})


def test_the_usual_port_of_the_hub_is_refused_too() -> None:
    with pytest.raises(Forbidden):
        usable_source("http://127.0.0.1/", {80})


@pytest.mark.parametrize(
    ("source", "is_same"),
    [
        ("rtsp://other:user@camera/live", True),
        ("rtsp://CAMERA:554/live/", True),
        ("rtsp://camera:555/live", False),
        ("rtsp://camera/live?channel=2", False),
        ("rtsp://camera/Live", False),
    ],
)
def test_the_same_camera_whatever_user_and_password(
    database: Database, source: str, is_same: bool
) -> None:
    sources = NetworkSources(database, Vault(database.path.parent))
    sealed = sources.sealed("c1", "rtsp://admin:geheim@camera/live")
    database.execute("INSERT INTO camera_sources VALUES ('c1', ?, NULL)", (sealed,))
    assert sources.same(source, ["c1", "unknown"]) == ("c1" if is_same else None)


def test_a_place_has_no_password() -> None:
    assert place_in("rtsp://admin:geheim@camera:8554/live") == "camera:8554"
