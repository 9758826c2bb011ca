"""Holds the newest frame and result of every camera, and notifies viewers of new ones.

The workers' reader threads publish, and the event loop reads. Each camera has one slot, in which
the newest frame replaces the last. This happens before the event loop is involved, so frames never
queue up when the loop is blocked. A result becomes text once for all viewers, when the first of
them gets it. Process: hub.
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
    """A frame as received. `index` counts a camera's frames in the hub and reveals dropped ones."""

    index: int
    seq: int
    captured_at: float
    width: int
    height: int
    jpeg: bytes
    scene: int | None


@dataclass(slots=True)
class Feed:
    """The newest data of a camera, and its watchers.

    Attributes:
        text: the result as viewers get it; None until the first of them needs it.
        pair: a picture with its own result.
        watchers: whether each watcher wants pairs.
    """

    frame: LiveFrame | None = None
    result: Result | None = None
    text: str | None = None
    pair: tuple[bytes, Result] | None = None
    frames: int = 0
    viewer_drops: int = 0
    watchers: dict[Watcher, bool] = field(default_factory=dict)


class Watcher(Protocol):
    """A viewer, or another client that watches cameras. Called in the event loop."""

    def frame_ready(self, camera_id: str) -> None:
        """Called when a watched camera has a newer frame."""

    def result_ready(self, camera_id: str) -> None:
        """Called when a watched camera has a newer result, or has lost its result."""


class Broker:
    """Passes frames and results from cameras to viewers.

    Args:
        on_demand: called with a camera's id when its watchers change, and so perhaps its `demand`.
    """

    def __init__(self, *, on_demand: Callable[[str], None]) -> None:
        """Start without cameras and without an event loop."""
        self._on_demand = on_demand
        self._lock = threading.Lock()
        self._feeds: dict[str, Feed] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dirty_frames: set[str] = set()
        self._dirty_results: set[str] = set()
        self._scheduled = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Notify watchers in this event loop from now on."""
        self._loop = loop

    def publish_frame(self, camera_id: str, head: FrameHead, jpeg: bytes) -> None:
        """Publish a camera's newest frame. Any thread may call it."""
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
        """Publish a camera's newest result, with its picture if pairs are wanted. Any thread."""
        with self._lock:
            feed = self._feed(camera_id)
            feed.result, feed.text = result, None
            if jpeg:
                feed.pair = (jpeg, result)
            self._tell_of_result(camera_id, feed)

    def revise(self, camera_id: str, change: Callable[[Result], Result]) -> None:
        """Replace a camera's newest result, and that of its pair, by `change(result)`.

        Any thread may call it.
        """
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
        """Forget a camera's result, after its options were switched off."""
        with self._lock:
            feed = self._feed(camera_id)
            feed.result = feed.text = feed.pair = None
            self._tell_of_result(camera_id, feed)

    def forget(self, camera_id: str) -> None:
        """Forget a camera's frame and results. Its watchers stay."""
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
        """Return the newest result as text for viewers. The text is made only once."""
        with self._lock:
            feed = self._feed(camera_id)
            if feed.text is None and feed.result is not None:
                feed.text = result_text(feed.result)
            return feed.text

    def pair(self, camera_id: str) -> tuple[bytes, Result] | None:
        """Return the newest picture together with its own result."""
        with self._lock:
            return self._feed(camera_id).pair

    def watch(self, camera_id: str, watcher: Watcher, *, pairs: bool = False) -> None:
        """Start to notify `watcher` about a camera."""
        with self._lock:
            self._feed(camera_id).watchers[watcher] = pairs
        self._on_demand(camera_id)

    def unwatch(self, camera_id: str, watcher: Watcher) -> None:
        """Stop notifying `watcher` about a camera."""
        with self._lock:
            feed = self._feed(camera_id)
            feed.watchers.pop(watcher, None)
            if not any(feed.watchers.values()):
                feed.pair = None
        self._on_demand(camera_id)

    def demand(self, camera_id: str) -> tuple[bool, bool]:
        """Return whether a watcher wants every frame, and whether one wants pairs."""
        with self._lock:
            watchers = self._feed(camera_id).watchers.values()
            return any(not pairs for pairs in watchers), any(watchers)

    def count_viewer_drops(self, camera_id: str, count: int) -> None:
        """Count frames that were dropped for a viewer."""
        with self._lock:
            self._feed(camera_id).viewer_drops += count

    def viewer_drops(self, camera_id: str) -> int:
        """Return how many frames were dropped, for all viewers together."""
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
