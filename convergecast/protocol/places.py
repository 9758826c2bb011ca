"""Places for connections: who may hold how many, and who gives way when there are no more.

A stranger is whoever has not shown yet that it is known. A newcomer is always let in: where its
address, or strangers in all, have as many connections as they may, the oldest of the address that
has the most is ended. So whoever floods a server displaces itself, and a known caller needs
no free place to show it. Process: agent, hub.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass


class Place:
    """One connection's place among all of them. Methods may be called from any thread."""

    __slots__ = ("_places", "end", "gone", "group", "holder")

    def __init__(self, places: Places, end: Callable[[], None]) -> None:
        """Keep what ends the connection; `Places.take` makes places."""
        self._places = places
        self.end = end
        self.gone = False
        self.holder = ""
        self.group: dict[Place, None] | None = None

    @property
    def known(self) -> bool:
        """Whether the connection has shown a credential."""
        return self.group is not None and self._places.is_known_group(self.group, self.holder)

    def is_strangers(self, address: str) -> None:
        """Count the connection among the strangers of a literal address, as its newest."""
        self._places.move_to_strangers(self, address)

    def is_known(self, credential: str) -> None:
        """Count the connection among those who have shown a credential, as its newest."""
        self._places.move_to_known(self, credential)

    def leave(self) -> None:
        """Give the place back; it may have been given back before."""
        self._places.remove(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many connections there may be.

    Attributes:
        most: in all.
        strangers: of strangers together; the rest is kept for those who are known.
        per_address: of strangers of one address.
        per_credential: of those who have shown one and the same credential.
    """

    most: int
    strangers: int
    per_address: int
    per_credential: int


class Places:
    """The connections of a server. Methods may be called from any thread.

    `end` of a connection is called in the thread that made room, and not under the lock.
    """

    def __init__(self, limits: Limits) -> None:
        """Begin with every place free."""
        self.limits = limits
        self._lock = threading.Lock()
        self._strangers: dict[str, dict[Place, None]] = {}
        self._known: dict[str, dict[Place, None]] = {}

    def take(self, address: str, end: Callable[[], None]) -> Place:
        """Return the place of a new connection from a literal address, still a stranger's."""
        place = Place(self, end)
        self.move_to_strangers(place, address)
        return place

    def count(self) -> tuple[int, int]:
        """Return how many connections strangers have, and how many those who are known."""
        with self._lock:
            return _size(self._strangers), _size(self._known)

    def is_known_group(self, group: dict[Place, None], holder: str) -> bool:
        """Whether a place's group is one of a credential."""
        return self._known.get(holder) is group

    def move_to_strangers(self, place: Place, address: str) -> None:
        """See `Place.is_strangers`."""
        self._move(place, self._strangers, network_of(address))

    def move_to_known(self, place: Place, credential: str) -> None:
        """See `Place.is_known`."""
        self._move(place, self._known, credential)

    def remove(self, place: Place) -> None:
        """See `Place.leave`."""
        with self._lock:
            self._remove(place)
            place.gone = True

    def _move(self, place: Place, groups: dict[str, dict[Place, None]], holder: str) -> None:
        with self._lock:
            if place.gone:
                return
            self._remove(place)
            group = groups.setdefault(holder, {})
            group[place] = None
            place.group, place.holder = group, holder
            ended = self._make_room(groups, group)
        for each in ended:
            each.end()

    def _make_room(
        self, groups: dict[str, dict[Place, None]], group: dict[Place, None]
    ) -> list[Place]:
        """Return the connections that give way; they are counted no more."""
        limits, ended = self.limits, []
        if len(group) > (limits.per_credential if groups is self._known else limits.per_address):
            ended.append(self._take_oldest(group))
        strangers, known = _size(self._strangers), _size(self._known)
        if strangers > limits.strangers or (strangers > 1 and strangers + known > limits.most):
            ended.append(self._take_oldest(max(self._strangers.values(), key=len)))
        elif strangers + known > limits.most:  # a newcomer may be one of them
            ended.append(self._take_oldest(max(self._known.values(), key=len)))
        return ended

    def _take_oldest(self, group: dict[Place, None]) -> Place:
        oldest = next(iter(group))
        self._remove(oldest)
        oldest.gone = True
        return oldest

    def _remove(self, place: Place) -> None:
        group, place.group = place.group, None
        if group is None:
            return
        del group[place]
        if not group:
            for groups in (self._strangers, self._known):
                if groups.get(place.holder) is group:
                    del groups[place.holder]


def network_of(address: str) -> str:
    """Return what an address is counted under: itself, of IPv6 its /64, which one host may hold.

    An IPv4 address written as IPv6 counts as itself; text that is no address as such.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)


def _size(groups: dict[str, dict[Place, None]]) -> int:
    return sum(map(len, groups.values()))
