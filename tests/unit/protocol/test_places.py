"""Who gives way when there are too many connections."""

from __future__ import annotations

import pytest

from convergecast.protocol.places import Limits, Place, Places, network_of


class Room:
    """Places, and which of their connections were ended, by number."""

    def __init__(self, **limits: int) -> None:
        usual = {"most": 10, "strangers": 6, "per_address": 3, "per_credential": 4}
        self.places = Places(Limits(**(usual | limits)))
        self.ended: list[int] = []
        self.made: list[Place] = []

    def come(self, address: str, credential: str = "") -> Place:
        number = len(self.made)
        place = self.places.take(address, lambda: self.ended.append(number))
        self.made.append(place)
        if credential:
            place.is_known(credential)
        return place


def test_an_address_displaces_its_own_oldest_and_no_other() -> None:
    room = Room()
    for address in ("10.0.0.2", *["10.0.0.1"] * 5):
        room.come(address)
    assert room.ended == [1, 2]
    assert room.places.count() == (4, 0)


def test_who_asked_last_goes_last() -> None:
    room = Room()
    for _ in range(3):
        room.come("10.0.0.1")
    room.made[0].is_strangers("10.0.0.1")
    room.come("10.0.0.1")
    assert room.ended == [1]


def test_among_many_addresses_the_one_with_most_gives_way() -> None:
    room = Room()
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"):
        room.come(address)
    room.come("10.0.0.6")
    assert room.ended == [1]


def test_the_known_are_no_strangers_and_keep_their_places() -> None:
    room = Room()
    for number in range(3):
        room.come("10.0.0.1", f"session {number}")
    for _ in range(20):
        room.come("10.0.0.1")
    assert not {0, 1, 2} & set(room.ended)
    assert room.places.count() == (3, 3)
    assert room.made[0].known and not room.made[-1].known


def test_one_credential_displaces_itself_and_a_newcomer_gets_in_though_all_are_known() -> None:
    room = Room()
    for _ in range(5):
        room.come("10.0.0.1", "greedy")
    assert room.ended == [0]
    for number in range(6):
        room.come("10.0.0.2", f"session {number}")
    assert room.places.count() == (0, 10)
    newcomer = room.come("10.0.0.3")
    assert room.ended == [0, 1]
    newcomer.is_known("owner")
    assert newcomer.known


def test_a_place_is_given_back_once_and_never_taken_again() -> None:
    room = Room()
    place = room.come("10.0.0.1")
    for _ in range(2):
        place.leave()
    place.is_known("late")
    place.is_strangers("10.0.0.1")
    assert room.places.count() == (0, 0)
    for _ in range(4):
        room.come("10.0.0.1")
    room.made[1].is_known("displaced before")
    assert room.places.count() == (3, 0)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_an_address_is_counted_under(address: str, network: str) -> None:
    assert network_of(address) == network
