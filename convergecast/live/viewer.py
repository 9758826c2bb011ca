"""A viewer of `/live`: the cameras it watches and its waiting messages. Event loop only.

Sending a picture takes credit. A viewer has a credit of two per camera, and an acknowledgement
returns it. So a viewer that stops reading costs one slot per camera and no more. All cameras
together take from a `Window`, so a page that cannot paint as many pictures gets fewer, not older
ones. Texts are sent before pictures, and only the newest of each kind. Process: hub.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

from convergecast.auth.caller import Caller, may_see
from convergecast.ipc.framing import pack
from convergecast.live.broker import Broker
from convergecast.live.window import Window
from convergecast.messages.live import PictureHead, to_json

CREDIT = 2
MOST_EVENTS = 100
"""So many events wait for a viewer at most."""
_EVENT = "event "


@dataclass(slots=True)
class _Watch:
    """The state of one camera for this viewer."""

    credit: int = CREDIT
    waiting: bool = False
    last_index: int = 0
    dropped: int = 0


class Viewer:
    """Collects messages for a viewer. `next_message` returns them one by one."""

    def __init__(self, broker: Broker, caller: Caller) -> None:
        """Start without watched cameras; `caller` is who views."""
        self.caller = caller
        self._broker = broker
        self._changed = asyncio.Event()
        self._texts: dict[str, Callable[[], str | None]] = {}
        self._watches: dict[str, _Watch] = {}
        self._window = Window()

    def put_text(self, slot: str, text: str) -> None:
        """Queue a text message. It replaces a waiting message in the same slot."""
        self._put(slot, lambda: text)

    def put_camera(self, camera_id: str, text: str) -> None:
        """Queue news of a camera, where it exists for this viewer."""
        if may_see(self.caller, camera_id):
            self.put_text(f"camera {camera_id}", text)

    def put_event(self, camera_id: str, event_id: str, text: str) -> None:
        """Queue news of an event, where its camera exists for this viewer.

        Of a viewer that does not read, the oldest of many events is dropped.
        """
        if not may_see(self.caller, camera_id):
            return
        slots = [slot for slot in self._texts if slot.startswith(_EVENT)]
        if len(slots) >= MOST_EVENTS:
            del self._texts[slots[0]]
        self.put_text(f"{_EVENT}{event_id}", text)

    def watch(self, camera_ids: list[str]) -> None:
        """Watch exactly these cameras from now on; those that it may not see are ignored."""
        camera_ids = [camera_id for camera_id in camera_ids if may_see(self.caller, camera_id)]
        for camera_id in self._watches.keys() - set(camera_ids):
            del self._watches[camera_id]
            self._window.forget(camera_id)
            self._texts.pop(_slot(camera_id), None)
            self._broker.unwatch(camera_id, self)
        for camera_id in camera_ids:
            if camera_id not in self._watches:
                self._watches[camera_id] = _Watch()
                self._broker.watch(camera_id, self)
                self.frame_ready(camera_id)
                if self._broker.result(camera_id):
                    self.result_ready(camera_id)

    def acknowledge(self, camera_id: str, seq: int) -> None:
        """Return the credit of a picture."""
        watch = self._watches.get(camera_id)
        if watch is not None:
            was_full = self._window.is_full(time.monotonic())
            self._window.acknowledged(camera_id, seq, time.monotonic())
            watch.credit = min(watch.credit + 1, CREDIT)
            if watch.waiting or was_full:
                self._changed.set()

    def frame_ready(self, camera_id: str) -> None:
        """Queue the newest frame of a camera."""
        watch = self._watches.get(camera_id)
        if watch is not None:
            watch.waiting = True
            if watch.credit:
                self._changed.set()

    def result_ready(self, camera_id: str) -> None:
        """Queue the newest result of a camera, or drop a waiting one that is no longer valid."""
        if self._broker.result(camera_id) is None:
            self._texts.pop(_slot(camera_id), None)
        elif camera_id in self._watches:
            self._put(_slot(camera_id), functools.partial(self._broker.result_text, camera_id))

    def close(self) -> None:
        """Stop watching."""
        self.watch([])

    async def next_message(self) -> str | bytes:
        """Wait for the next message and return it: JSON as text, or a picture as bytes."""
        while True:
            self._changed.clear()
            while self._texts:
                text = self._texts.pop(next(iter(self._texts)))()
                if text is not None:  # the result may have been cleared since
                    return text
            message = self._next_picture()
            if message is not None:
                return message
            await self._changed.wait()

    def _next_picture(self) -> bytes | None:
        """Return a picture for which there is credit; None if there is none."""
        if self._window.is_full(time.monotonic()):
            return None
        for camera_id, watch in self._watches.items():
            if watch.waiting and watch.credit > 0:
                message = self._picture(camera_id, watch)
                if message is not None:
                    # Move it to the end, so that no camera starves the others.
                    self._watches[camera_id] = self._watches.pop(camera_id)
                    return message
        return None

    def _put(self, slot: str, text: Callable[[], str | None]) -> None:
        self._texts.pop(slot, None)
        self._texts[slot] = text
        self._changed.set()

    def _picture(self, camera_id: str, watch: _Watch) -> bytes | None:
        watch.waiting = False
        frame = self._broker.frame(camera_id)
        if frame is None or frame.index == watch.last_index:
            return None
        if watch.last_index:
            missed = frame.index - watch.last_index - 1
            if missed > 0:
                watch.dropped += missed
                self._broker.count_viewer_drops(camera_id, missed)
        watch.last_index = frame.index
        watch.credit -= 1
        self._window.sent(camera_id, frame.seq, time.monotonic())
        head = PictureHead(
            camera=camera_id,
            seq=frame.seq,
            captured_at=frame.captured_at,
            dropped=watch.dropped,
            scene=frame.scene,
        )
        return pack(to_json(head), frame.jpeg)


def _slot(camera_id: str) -> str:
    return f"result {camera_id}"
