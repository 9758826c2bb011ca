"""Makes events of what is followed before a camera: what is seen, faces, and crossings of lines.

An event is about one thing, from its first look to its last. A track that is lost and found again
in its place within a few seconds goes on with its event, also after a restart of the worker; what
is parked is waited for longer. All is counted in seconds. Threads analyse and store, so a lock
guards the state. Process: worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from convergecast.events.geometry import is_inside
from convergecast.events.presence import LineCrossing, ZonePresence, in_pixels
from convergecast.events.thing import Found, Thing, new_key, picture_quality
from convergecast.labels import LABELS, PERSON
from convergecast.messages.events import (
    MOST_STEPS,
    Crossed,
    Event,
    EventKind,
    EventPicture,
    Severity,
    Visit,
)
from convergecast.messages.zones import CameraZones, Line, Zone, counts
from convergecast.tracking.association import overlap

END_S = 5.0
"""An event ends when its thing has not been seen for so long."""
ACTIVE_S = 1.5
"""A thing that was seen so lately is there."""
PARKED_END_S = 60.0
"""The same for a thing that was parked: a detector may lose it for a while."""
TELL_EVERY_S = 60.0
"""An event that lasts is handed over at least this often."""
SAME_OVERLAP = 0.2
"""What a new track shares at least with the place where a thing was lost to be the same thing."""
PARKED_OVERLAP = 0.4
_NEARBY = 0.5
"""How far a thing may have moved in a second without a look, in heights of its box."""
_MISSED_LOOKS = 2.5
_CLOCK_BACK_S = 60.0

Sharpness = Callable[[Sequence[float]], float]
"""Tells how sharp the picture is within a box."""


class Change(NamedTuple):
    """An event that is new or has changed, and its picture where that is another one."""

    event: Event
    jpeg: bytes | None


class SceneEvents:
    """The events of one camera that are made of what is seen."""

    def __init__(self) -> None:
        """Begin with nothing before the camera, and without zones and lines."""
        self._lock = threading.Lock()
        self._zones: tuple[Zone, ...] = ()
        self._lines: tuple[Line, ...] = ()
        self._things: dict[int, Thing] = {}
        self._lost: list[Thing] = []
        self._ended: list[Change] = []
        self._crossings: list[Change] = []
        self._looked_at: float | None = None
        self._began_at: float | None = None
        self._interval_s = 0.0

    def set_zones(self, zones: CameraZones) -> None:
        """Use other zones and lines from now on. Who stands in one that is gone has left it."""
        with self._lock:
            kept = {each.id: each for each in zones.zones}
            moved = {each.id for each in self._zones if kept.get(each.id) != each}
            lines = {each.id: each for each in zones.lines}
            turned = {each.id for each in self._lines if lines.get(each.id) != each}
            self._zones, self._lines = zones.zones, zones.lines
            for thing in (*self._things.values(), *self._lost):
                for zone_id in moved & thing.zones.keys():
                    del thing.zones[str(zone_id)]
                    _leave(thing, str(zone_id), thing.seen_at)
                for line_id in turned & thing.lines.keys():
                    del thing.lines[str(line_id)]

    def look(
        self,
        found: Iterable[Found],
        *,
        at_s: float,
        size: tuple[int, int],
        jpeg: bytes,
        sharpness: Sharpness,
    ) -> dict[str, int]:
        """Take in a look; return how many things are in each zone.

        Args:
            found: what is followed and was seen in this look.
            at_s: when the frame was taken, UNIX seconds.
            size: width and height of the picture, in pixels.
            jpeg: the frame.
            sharpness: tells how sharp it is.
        """
        with self._lock:
            self._begin_look(at_s)
            seen: dict[int, Thing] = {}
            new = []
            for each in found:
                thing = self._things.pop(each.track_id, None)
                if thing is None:
                    new.append(each)
                else:
                    seen[each.track_id] = thing
                    self._see(thing, each, at_s, size, jpeg, sharpness)
            self._lost += self._things.values()
            self._end_lost(at_s)
            for each in new:
                thing = self._lost_track(each) or self._again(each, at_s) or _thing(each, at_s)
                if thing is not None:
                    seen[each.track_id] = thing
                    for place in each.before:
                        self._walk(thing, each._replace(box=place.box), place.at_s, size, b"")
                    self._see(thing, each, at_s, size, jpeg, sharpness)
            self._things = seen
            return self._occupancy()

    def still(self, at_s: float) -> None:
        """Take in that a frame shows the same as the last look: what was there is there still."""
        with self._lock:
            for thing in self._things.values():
                if at_s > thing.seen_at:
                    thing.event = replace(thing.event, seen_at=at_s)
            self._end_lost(at_s)

    def cut(self) -> None:
        """Take in that tracks have ended, because the scene is another one."""
        with self._lock:
            self._lost += self._things.values()
            self._things = {}

    def tick(self, now_s: float) -> None:
        """End the events of things that were not seen for long, also if no frame comes."""
        with self._lock:
            quiet_s = max(END_S, _MISSED_LOOKS * self._interval_s)
            if self._looked_at is not None and now_s - self._looked_at > quiet_s:
                gone = [t for t in self._things.values() if now_s - t.seen_at > quiet_s]
                self._things = {n: t for n, t in self._things.items() if t not in gone}
                self._lost += gone
            self._end_lost(now_s)

    def end_all(self) -> None:
        """End all events: nobody looks any more."""
        with self._lock:
            for thing in (*self._things.values(), *self._lost):
                self._end(thing)
            self._things, self._lost = {}, []
            self._looked_at = None

    def happens(self, now_s: float) -> bool:
        """Whether anything is seen that is not parked."""
        with self._lock:
            awaited_s = max(ACTIVE_S, _MISSED_LOOKS * self._interval_s)
            return any(
                abs(now_s - thing.seen_at) <= awaited_s and not thing.is_parked
                for thing in (*self._things.values(), *self._lost)
            )

    def add(self, event: Event) -> None:
        """Hand over an event that is not about a thing."""
        with self._lock:
            self._crossings.append(Change(event, None))

    def changes(self, now_s: float) -> list[Change]:
        """Return the events that are new or have changed since the last call, oldest first."""
        with self._lock:
            found, self._crossings = self._crossings, []
            for thing in (*self._things.values(), *self._lost):
                if thing.is_new or abs(now_s - thing.told_at) >= TELL_EVERY_S:
                    thing.is_new, thing.told_at = False, now_s
                    jpeg, thing.jpeg = thing.jpeg, None
                    found.append(Change(thing.event, jpeg))
            ended, self._ended = self._ended, []
            return sorted(found + ended, key=lambda change: change.event.started_at)

    def open_things(self) -> list[Thing]:
        """Return the things whose events last, to be kept for the next process."""
        with self._lock:
            return [*self._things.values(), *self._lost]

    def restore(self, things: Iterable[Thing]) -> None:
        """Go on with the events of an earlier process: whose thing is there still goes on."""
        with self._lock:
            self._lost += things

    def _begin_look(self, at_s: float) -> None:
        before = self._looked_at
        if before is not None and at_s < before - _CLOCK_BACK_S:  # the clock was set back
            for thing in (*self._things.values(), *self._lost):
                stayed_s = thing.seen_at - thing.placed_at
                thing.event = replace(thing.event, seen_at=min(thing.seen_at, at_s))
                thing.placed_at = thing.seen_at - stayed_s
        if before is not None and 0 < at_s - before < END_S:
            self._interval_s += 0.2 * (at_s - before - self._interval_s)
        self._looked_at = at_s
        if self._began_at is None:
            self._began_at = at_s

    def _lost_track(self, found: Found) -> Thing | None:
        """Return the thing of a track that was not seen in every look."""
        for thing in self._lost:
            if thing.event.track_id == found.track_id and not thing.restored:
                self._lost.remove(thing)
                return thing
        return None

    def _again(self, found: Found, at_s: float) -> Thing | None:
        """Return the lost thing that a new track is, if it is one."""
        best, best_overlap = None, 0.0
        first_at_s, first_box = found.before[0] if found.before else (at_s, found.box)
        for thing in self._lost:
            if thing.event.label != found.label:
                continue
            gap_s = max(0.0, first_at_s - thing.seen_at)
            height = thing.box[3] - thing.box[1]
            margin = 0.0 if thing.is_parked else _NEARBY * height * min(gap_s, 2.0)
            shared = overlap(first_box, thing.box, margin)
            least = PARKED_OVERLAP if thing.is_parked else SAME_OVERLAP
            if shared >= least and shared > best_overlap:
                best, best_overlap = thing, shared
        if best is not None:
            self._lost.remove(best)
            best.restored = False
        return best

    def _see(
        self,
        thing: Thing,
        found: Found,
        at_s: float,
        size: tuple[int, int],
        jpeg: bytes,
        sharpness: Sharpness,
    ) -> None:
        if thing.event.track_id != found.track_id:
            thing.is_new = True
        thing.event = replace(
            thing.event,
            seen_at=at_s,
            track_id=found.track_id,
            score=round(max(found.score, thing.event.score or 0.0), 3),
        )
        thing.place(found.box, at_s)
        if thing.has_room_for(picture_quality(found, size, 1.0)):  # the sharpest it could be
            quality = picture_quality(found, size, sharpness(found.box))
            if thing.has_room_for(quality):
                thing.keep(jpeg, quality, _picture(found, at_s, size, jpeg))
        self._walk(thing, found, at_s, size, jpeg)

    def _walk(
        self, thing: Thing, found: Found, at_s: float, size: tuple[int, int], jpeg: bytes
    ) -> None:
        """Take in where a thing stands: zones and lines are for things, not for faces."""
        if found.label is not None:
            foot = thing.foot.of(found.box, size)
            self._look_at_zones(thing, foot, found, at_s, size)
            self._look_at_lines(thing, foot, found, at_s, size, jpeg)

    def _look_at_zones(
        self,
        thing: Thing,
        foot: tuple[float, float],
        found: Found,
        at_s: float,
        size: tuple[int, int],
    ) -> None:
        width, height = size
        # A foot below the picture's edge stands at the edge.
        x = min(max(foot[0] / width, 0.0), 1 - 1e-6)
        y = min(max(foot[1] / height, 0.0), 1 - 1e-6)
        for zone in self._zones:
            if not counts(zone.labels, found.label):
                continue
            zone_id = str(zone.id)
            presence = thing.zones.setdefault(zone_id, ZonePresence())
            was_inside = presence.entered_at is not None
            left_at = presence.look(inside=is_inside((x, y), zone.polygon), at_s=at_s)
            if left_at is not None:
                _leave(thing, zone_id, left_at)
            elif presence.entered_at is not None and not was_inside:
                visit = Visit(id=zone_id, name=zone.name, entered_at=presence.entered_at)
                visits = (*thing.event.zones, visit)[-MOST_STEPS:]
                thing.event = replace(thing.event, zones=visits, severity=_severity(found.label))
                thing.is_new = True

    def _look_at_lines(
        self,
        thing: Thing,
        foot: tuple[float, float],
        found: Found,
        at_s: float,
        size: tuple[int, int],
        jpeg: bytes,
    ) -> None:
        for line in self._lines:
            if not counts(line.labels, found.label):
                continue
            crossing = thing.lines.setdefault(str(line.id), LineCrossing())
            start, end = in_pixels((line.start, line.end), size)
            height = found.box[3] - found.box[1]
            direction = crossing.look(foot, start, end, height)
            if direction is None:
                continue
            crossed = Crossed(line=str(line.id), name=line.name, direction=direction, at=at_s)
            severity = _severity(found.label)
            thing.event = replace(
                thing.event,
                crossings=(*thing.event.crossings, crossed)[-MOST_STEPS:],
                severity=severity,
            )
            thing.is_new = True
            event = Event(
                kind=EventKind.CROSSING,
                subkind=direction,
                severity=severity,
                started_at=at_s,
                ended_at=at_s,
                seen_at=at_s,
                peak_at=at_s,
                key=new_key(),
                label=found.label,
                track_id=found.track_id,
                score=round(found.score, 3),
                crossings=(crossed,),
                picture=_picture(found, at_s, size, jpeg) if jpeg else None,
            )
            self._crossings.append(Change(event, jpeg or None))

    def _end_lost(self, now_s: float) -> None:
        """End the events of lost things that are not waited for any more."""
        ended = [thing for thing in self._lost if not self._is_awaited(thing, now_s)]
        if ended:
            self._lost = [thing for thing in self._lost if thing not in ended]
            for thing in ended:
                self._end(thing)

    def _is_awaited(self, thing: Thing, now_s: float) -> bool:
        unseen_s = now_s - thing.seen_at
        if thing.is_parked and unseen_s <= PARKED_END_S:
            return True
        if thing.restored:  # nobody looked while this program did not run
            looking_s = 0.0 if self._began_at is None else now_s - self._began_at
            return looking_s <= END_S and unseen_s <= PARKED_END_S
        return unseen_s <= max(END_S, _MISSED_LOOKS * self._interval_s)

    def _end(self, thing: Thing) -> None:
        """Have an event be over when its thing was last seen."""
        for zone_id, presence in thing.zones.items():
            if presence.entered_at is not None:
                _leave(thing, zone_id, thing.seen_at)
        event = replace(thing.event, ended_at=max(thing.seen_at, thing.event.started_at))
        event = replace(event, zones=tuple(_closed(visit, event) for visit in event.zones))
        self._ended.append(Change(event, thing.jpeg))

    def _occupancy(self) -> dict[str, int]:
        inside = dict.fromkeys((str(zone.id) for zone in self._zones), 0)
        for thing in (*self._things.values(), *self._lost):
            if (self._looked_at or 0.0) - thing.seen_at > 1.0:
                continue
            for zone_id, presence in thing.zones.items():
                if presence.entered_at is not None and zone_id in inside:
                    inside[zone_id] += 1
        return inside


def _thing(found: Found, at_s: float) -> Thing | None:
    """Return a new thing; None: it is not sure enough for that."""
    if not found.sure:
        return None
    event = Event(
        kind=EventKind.FACE if found.label is None else EventKind.SEEN,
        subkind="unknown" if found.label is None else None,
        started_at=found.before[0].at_s if found.before else at_s,
        seen_at=at_s,
        key=new_key(),
        label=found.label,
        track_id=found.track_id,
    )
    return Thing(event=event, box=found.box)


def _picture(found: Found, at_s: float, size: tuple[int, int], jpeg: bytes) -> EventPicture:
    x1, y1, x2, y2 = (round(each, 1) for each in found.box)
    box = (x1, y1, x2, y2)
    return EventPicture(at=at_s, width=size[0], height=size[1], box=box, bytes=len(jpeg))


def _severity(label: str | None) -> Severity:
    """Return how an event counts whose thing is in a zone or has crossed a line."""
    return Severity.ALERT if label == LABELS[PERSON - 1] else Severity.NOTE


def _leave(thing: Thing, zone_id: str, left_at: float) -> None:
    visits = tuple(
        replace(visit, left_at=left_at) if visit.id == zone_id and visit.left_at is None else visit
        for visit in thing.event.zones
    )
    thing.event = replace(thing.event, zones=visits)
    thing.is_new = True


def _closed(visit: Visit, event: Event) -> Visit:
    return visit if visit.left_at is not None else replace(visit, left_at=event.ended_at)
