"""Stores the events of what is seen: pictures as files, events in the journal.

A file lists the events that last, so that they go on when the worker is started again. It is
written before the journal, so an event that is in the journal is never forgotten. Process: worker.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from convergecast.durable import BINARY, sync, write_all
from convergecast.errors import Unavailable
from convergecast.events.presence import ZonePresence
from convergecast.events.rules import SceneEvents
from convergecast.events.thing import Thing
from convergecast.messages.events import Event, encode_event

MOST_WAITING = 500
"""So many events wait in memory while the disk cannot be written; the oldest are dropped then."""
MOST_WAITING_BYTES = 16 << 20
"""So many bytes of pictures wait; events then lose theirs, the oldest first."""
LASTING = "lasting-events"
"""The name of the file with the events that last, in the folder of the journal."""

_SAVE_EVERY_S = 1.0

log = logging.getLogger("events")


class _Lasting(msgspec.Struct, frozen=True):
    """A thing whose event lasts, as it is kept for the next process."""

    event: Event
    box: tuple[float, float, float, float]
    quality: float
    placed_at: float
    placed: tuple[float, float]


class _State(msgspec.Struct, frozen=True):
    """What is not finished: the events that last, and those that the journal does not have yet."""

    lasting: list[_Lasting]
    waiting: list[Event]


_encode = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(_State).decode


class EventWriter:
    """Hands the events of a scene to the journal; one thread uses it.

    Args:
        scene: where the events come from.
        pictures: the folder of the camera's pictures.
        state: the file of the events that last.
        put: keeps an event; raises Unavailable where it cannot.

    Attributes:
        dropped: events that were lost because too many waited.
    """

    def __init__(
        self, *, scene: SceneEvents, pictures: Path, state: Path, put: Callable[[bytes], None]
    ) -> None:
        """Begin without events; `restore` reads those of the process before."""
        self._scene = scene
        self._pictures = pictures
        self._state = state
        self._put = put
        self._waiting: dict[str, tuple[Event, bytes | None]] = {}
        self._written = b""
        self._saved_at = 0.0
        self.dropped = 0

    def restore(self) -> None:
        """Go on with the events of an earlier process; what it wrote of a picture is removed."""
        for part in self._pictures.glob("*/*.part"):
            with contextlib.suppress(OSError):
                part.unlink()
        try:
            state = _read(self._state.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("the events that lasted are not known any more: %s", error)
            return
        waiting = {str(event.key): (_trackless(event), None) for event in state.waiting}
        self._waiting = {**waiting, **self._waiting}
        self._scene.restore(_thing(each) for each in state.lasting)

    def collect(self, now_s: float) -> None:
        """Take over what is new from the scene, also while nothing can be stored."""
        for event, jpeg in self._scene.changes(now_s):
            key = str(event.key)
            _, before = self._waiting.pop(key, (None, None))
            self._waiting[key] = event, jpeg or before
        while len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        bytes_waiting = sum(len(jpeg or b"") for _, jpeg in self._waiting.values())
        for key, (event, jpeg) in self._waiting.items():
            if bytes_waiting <= MOST_WAITING_BYTES:
                break
            bytes_waiting -= len(jpeg or b"")
            self._waiting[key] = event, None

    def write(self, now_s: float) -> None:
        """Store what is new. Raises Unavailable: the rest is tried again with the next call."""
        self.collect(now_s)
        if self._waiting or now_s - self._saved_at >= _SAVE_EVERY_S or now_s < self._saved_at:
            self._save_state()
            self._saved_at = now_s
        while self._waiting:
            key = next(iter(self._waiting))
            event, jpeg = self._waiting[key]
            if jpeg is not None:
                self._save_picture(key, jpeg)
                self._waiting[key] = event, None
            self._put(encode_event(event))
            del self._waiting[key]

    def _save_state(self) -> None:
        lasting = [
            _Lasting(each.event, each.box, each.quality, each.placed_at, each.placed)
            for each in self._scene.open_things()
        ]
        data = _encode(_State(lasting, [event for event, _ in self._waiting.values()]))
        if data == self._written:
            return
        try:
            replace_file(self._state, data)
        except OSError as error:
            raise Unavailable(f"{self._state} cannot be written: {error.strerror}.") from error
        self._written = data

    def _save_picture(self, key: str, jpeg: bytes) -> None:
        try:
            replace_file(picture_path(self._pictures, key), jpeg, durable=True)
        except OSError as error:  # an event without its picture is better than none
            log.error("the picture of an event cannot be written: %s", error.strerror)


def picture_path(folder: Path, key: str) -> Path:
    """Return the file of an event's picture in the folder of its camera's pictures."""
    return folder / key[:2] / f"{key}.jpg"


def replace_file(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file whole or not at all. Raises OSError.

    Args:
        path: of the file; its folder is made.
        data: the content.
        durable: whether to wait until it is on the disk.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | BINARY, 0o600)
        try:
            write_all(descriptor, data)
            if durable:
                sync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _trackless(event: Event) -> Event:
    """Return an event of an earlier process without its track: the number is given again."""
    return event if event.ended_at is not None else replace(event, track_id=None)


def _thing(kept: _Lasting) -> Thing:
    thing = Thing(
        event=_trackless(kept.event),
        box=kept.box,
        quality=kept.quality,
        placed_at=kept.placed_at,
        placed=kept.placed,
        restored=True,
        is_new=True,  # the hub is to know at once that it has no track
        told_at=kept.event.seen_at or 0.0,
    )
    for visit in kept.event.zones:
        if visit.left_at is None:
            presence = thing.zones[visit.id] = ZonePresence()
            presence.entered_at = visit.entered_at
    return thing
