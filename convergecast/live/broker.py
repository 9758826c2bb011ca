"""Holds the newest frame and result of every camera, and tells viewers of new ones.

Published from the workers' reader threads, read in the event loop. One slot per camera, newest
wins, applied before anything enters the loop, so that a blocked loop holds no frames back. A result
is made into text once for all its viewers, when the first of them is to have it. Process: hub.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from convergecast.messages.live import result_text
from convergecast.messages.results import Result
from convergecast.messages.worker import FrameHead


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A picture as it came; `index` counts a camera's frames in the hub, to notice lost ones."""

    index: int
    seq: int
    captured_at: float
    width: int
    height: int
    jpeg: bytes
    scene: int | None


@dataclass(slots=True)
class Feed:
    """What is newest of one camera.

    Attributes:
        text: of the result as viewers get it, once one of them has asked for it.
        pair: a picture with the result that holds for it.
    """

    frame: LiveFrame | None = None
    result: Result | None = None
    text: str | None = None
    pair: tuple[bytes, Result] | None = None
    frames: int = 0
    viewer_drops: int = 0
    watchers: dict[Watcher, bool] = field(default_factory=dict)


class Watcher(Protocol):
    """Somebody who watches cameras; called in the event loop."""

    def frame_ready(self, camera_id: str) -> None:
        """There is a newer frame of a watched camera."""

    def result_ready(self, camera_id: str) -> None:
        """There is a newer result of a watched camera, or none any more."""


class Broker:
    """The meeting point of cameras and viewers.

    Args:
        on_demand: called with a camera's id when it gets its first watcher or loses its last, or
            when pairs become wanted or not.
    """

    def __init__(self, *, on_demand: Callable[[str], None]) -> None:
        """Begin without cameras and without an event loop."""
        self._on_demand = on_demand
        self._lock = threading.Lock()
        self._feeds: dict[str, Feed] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dirty_frames: set[str] = set()
        self._dirty_results: set[str] = set()
        self._scheduled = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell watchers of news in this event loop from now on."""
        self._loop = loop

    def publish_frame(self, camera_id: str, head: FrameHead, jpeg: bytes) -> None:
        """Take a camera's newest frame; any thread."""
        with self._lock:
            feed = self._feed(camera_id)
            feed.frames += 1
            feed.frame = LiveFrame(
                index=feed.frames,
                seq=head.seq,
                captured_at=head.captured_at,
                width=head.width,
                height=head.height,
                jpeg=jpeg,
                scene=head.scene,
            )
            if feed.watchers:
                self._dirty_frames.add(camera_id)
                self._schedule()

    def publish_result(self, camera_id: str, result: Result, jpeg: bytes) -> None:
        """Take a camera's newest result, with its picture where pairs are wanted; any thread."""
        with self._lock:
            feed = self._feed(camera_id)
            feed.result, feed.text = result, None
            if jpeg:
                feed.pair = (jpeg, result)
            self._tell_of_result(camera_id, feed)

    def revise(self, camera_id: str, change: Callable[[Result], Result]) -> None:
        """Put `change(result)` in place of a camera's newest result, its pair's too; any thread."""
        while True:
            with self._lock:
                feed = self._feeds.get(camera_id)
                result, pair = (feed.result, feed.pair) if feed else (None, None)
            if result is None and pair is None:
                return
            revised = None if result is None else change(result)
            revised_pair = None if pair is None else (pair[0], change(pair[1]))
            with self._lock:
                feed = self._feed(camera_id)
                if feed.result is result and feed.pair is pair:
                    feed.result, feed.text, feed.pair = revised, None, revised_pair
                    if revised != result:
                        self._tell_of_result(camera_id, feed)
                    return

    def clear_result(self, camera_id: str) -> None:
        """Forget a result whose options are no longer on."""
        with self._lock:
            feed = self._feed(camera_id)
            feed.result = feed.text = feed.pair = None
            self._tell_of_result(camera_id, feed)

    def forget(self, camera_id: str) -> None:
        """Forget all of a camera."""
        with self._lock:
            feed = self._feeds.pop(camera_id, None)
            if feed is not None and feed.watchers:
                self._feeds[camera_id] = Feed(watchers=feed.watchers)
                self._tell_of_result(camera_id, feed)

    def frame(self, camera_id: str) -> LiveFrame | None:
        """Return the newest frame."""
        with self._lock:
            return self._feed(camera_id).frame

    def result(self, camera_id: str) -> Result | None:
        """Return the newest result."""
        with self._lock:
            return self._feed(camera_id).result

    def result_text(self, camera_id: str) -> str | None:
        """Return the newest result as every viewer gets it, made once."""
        with self._lock:
            feed = self._feed(camera_id)
            if feed.text is None and feed.result is not None:
                feed.text = result_text(feed.result)
            return feed.text

    def pair(self, camera_id: str) -> tuple[bytes, Result] | None:
        """Return the newest picture that has its result with it."""
        with self._lock:
            return self._feed(camera_id).pair

    def watch(self, camera_id: str, watcher: Watcher, *, pairs: bool = False) -> None:
        """Begin to tell `watcher` of a camera."""
        with self._lock:
            self._feed(camera_id).watchers[watcher] = pairs
        self._on_demand(camera_id)

    def unwatch(self, camera_id: str, watcher: Watcher) -> None:
        """Stop telling `watcher` of a camera."""
        with self._lock:
            feed = self._feed(camera_id)
            feed.watchers.pop(watcher, None)
            if not any(feed.watchers.values()):
                feed.pair = None
        self._on_demand(camera_id)

    def demand(self, camera_id: str) -> tuple[bool, bool]:
        """Return whether every frame is wanted, and whether results with their pictures are."""
        with self._lock:
            watchers = self._feed(camera_id).watchers.values()
            return any(not pairs for pairs in watchers), any(watchers)

    def count_viewer_drops(self, camera_id: str, count: int) -> None:
        """Note frames that were given up for a viewer."""
        with self._lock:
            self._feed(camera_id).viewer_drops += count

    def viewer_drops(self, camera_id: str) -> int:
        """Return the frames given up for viewers, all of them together."""
        with self._lock:
            return self._feed(camera_id).viewer_drops

    def _feed(self, camera_id: str) -> Feed:
        return self._feeds.setdefault(camera_id, Feed())

    def _tell_of_result(self, camera_id: str, feed: Feed) -> None:
        if feed.watchers:
            self._dirty_results.add(camera_id)
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled and self._loop is not None:
            self._scheduled = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        with self._lock:
            self._scheduled = False
            frames = self._watched(self._dirty_frames)
            results = self._watched(self._dirty_results)
            self._dirty_frames, self._dirty_results = set(), set()
        for camera_id, watcher in frames:
            watcher.frame_ready(camera_id)
        for camera_id, watcher in results:
            watcher.result_ready(camera_id)

    def _watched(self, camera_ids: Iterable[str]) -> list[tuple[str, Watcher]]:
        return [
            (camera_id, watcher)
            for camera_id in camera_ids
            for watcher in self._feed(camera_id).watchers
        ]
