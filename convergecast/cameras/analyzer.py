"""Has the newest frame analysed, again and again, at the rate that is wanted or the engine gives.

While nothing moves, frames are skipped and the last result stands. A thread of its own.

Process: worker.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from convergecast.cameras.attention import Attention
from convergecast.cameras.health import Rate
from convergecast.cameras.motion import MotionGate
from convergecast.cameras.puller import Frame
from convergecast.cameras.scenes import MotionMask, sharpness
from convergecast.engine.client import EngineClient
from convergecast.errors import EngineError, InvalidInput
from convergecast.events.presence import foot_is_in
from convergecast.events.rules import SceneEvents
from convergecast.events.thing import Found, Place
from convergecast.labels import LABELS, PERSON
from convergecast.messages.engine import Findings, Wanted
from convergecast.messages.results import (
    Result,
    shown_faces,
    shown_objects,
    without_unasked,
)
from convergecast.messages.worker import Motion, Orders, Seen, Sight
from convergecast.messages.zones import CameraZones
from convergecast.options import brought_by
from convergecast.tracking.embedding_plan import EmbeddingPlan
from convergecast.tracking.following import Follower, asked_objects
from convergecast.tracking.track import Track

_RETRY_S = 0.5
_CONFIRM_EVERY_S = 0.5
_SURE_FACE = 0.5

log = logging.getLogger("analysis")


class Analyzer:
    """Takes frames, publishes results.

    Args:
        orders: what is wanted now.
        engine_key: the secret that the engine asks for.
        publish: takes a result, where pairs are wanted its picture, and the vectors of its faces.
        on_problem: called when `problem` has changed.
        events: makes events of what is followed.
        on_look: called after they were told of a look.
    """

    def __init__(
        self,
        *,
        orders: Orders,
        engine_key: bytes,
        publish: Callable[[Result, bytes, Seen | None], None],
        on_problem: Callable[[], None],
        events: SceneEvents,
        on_look: Callable[[], None],
    ) -> None:
        """Begin without a frame; nothing runs yet."""
        self._orders = orders
        self._key = engine_key
        self._publish = publish
        self._on_problem = on_problem
        self._events = events
        self._on_look = on_look
        events.set_zones(orders.zones)
        self._motion_mask = _motion_mask(orders.zones)
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._offered_scene: int | None = None
        self._scene: int | None = None
        self._hurry = False
        self._engine: EngineClient | None = None
        self._gate = MotionGate(orders.motion_sleep_s)
        self._asks_again = False
        self._follower = Follower()
        self._plan = EmbeddingPlan()
        self._attention = Attention()
        self._face_long_side: int | None = None
        self._full_looks, self._closer_looks = Rate(), Rate()
        self._result: Result | None = None
        self._published_at = 0.0
        self._skips = Rate()
        self._skipped = 0
        self.problem: str | None = None
        self._complained = False
        self.rate = Rate()

    def set_orders(self, orders: Orders) -> None:
        """Take new orders."""
        with self._changed:
            self._asks_again |= _needs_new_result(orders, self._orders)
            if orders.zones != self._orders.zones:
                self._events.set_zones(orders.zones)
                self._motion_mask = _motion_mask(orders.zones)
            self._orders = orders
            if not orders.options:
                self._frame = None
                self._events.end_all()
            self._changed.notify()
        if not orders.options:
            self._set_problem(None)

    def offer(self, frame: Frame) -> None:
        """Leave the newest frame here; the one before, if not yet taken, is not analysed."""
        with self._changed:
            if self._orders.options:
                self._frame = frame
                self._hurry |= frame.scene != self._offered_scene
                self._offered_scene = frame.scene
                self._changed.notify()

    def motion(self, now_s: float) -> Motion:
        """Return, for the report, whether the scene is still and how many frames were skipped."""
        return Motion(
            quiet=self._gate.quiet,
            skipped=self._skipped,
            skipped_fps=self._skips.per_second(now_s),
        )

    def sight(self, now_s: float) -> Sight | None:
        """Return, for the report, how closely frames are looked at; None: always in full."""
        if not self._orders.adaptive_resolution:
            return None
        return Sight(
            face_long_side=self._face_long_side,
            full_fps=self._full_looks.per_second(now_s),
            closer_fps=self._closer_looks.per_second(now_s),
        )

    def run(self) -> None:
        """Analyse frames without end."""
        due = time.monotonic()
        while True:
            frame, orders = self._next()
            began = time.monotonic()
            if frame.scene != self._scene:
                self._cut(frame.scene)
            if not self._gate.passes(self._motion_mask.apply(frame.small), began):
                self._skip(frame, orders, began)
                due = max(due + 1 / orders.analysis_fps, began)
            elif self._analyse_once(frame, orders):
                due = max(due + 1 / orders.analysis_fps, began)
            else:
                self._gate.forget()
                due = began + _RETRY_S
            self._wait_until(due, 1 / orders.analysis_fps)

    def _wait_until(self, due: float, interval_s: float) -> None:
        """Wait until the next frame is due. The first of another scene may come an interval early.

        It puts off the one after it, so that a camera on which every frame is a cut is analysed no
        more often than others.
        """
        with self._changed:
            while (left_s := self._left_s(due, interval_s)) > 0:
                self._changed.wait(left_s)

    def _left_s(self, due: float, interval_s: float) -> float:
        return due - time.monotonic() - (interval_s if self._hurry else 0)

    def _cut(self, scene: int | None) -> None:
        """Forget what belongs to the scene before: tracks, what is known of faces, the result."""
        self._scene = scene
        self._follower.cut()
        self._events.cut()
        self._plan = EmbeddingPlan()
        self._attention.cut()
        self._gate.cut()
        self._result = None

    def _next(self) -> tuple[Frame, Orders]:
        with self._changed:
            while self._frame is None or not self._orders.options:
                self._changed.wait()
            frame, self._frame = self._frame, None
            self._hurry = False
            asks_again, self._asks_again = self._asks_again, False
            orders = self._orders
        if asks_again:
            self._gate.forget()
            self._attention.cut()
            self._result = None
            self._plan = EmbeddingPlan()  # the hub may have forgotten what it was told
        return frame, orders

    def _skip(self, frame: Frame, orders: Orders, now_s: float) -> None:
        """Let the last result stand for a frame that shows the same, and say so now and then."""
        self._skipped += 1
        self._skips.add(now_s)
        self._events.still(frame.captured_at)
        if self._result is not None and now_s - self._published_at >= _CONFIRM_EVERY_S:
            result = replace(self._result, unchanged_until=frame.captured_at)
            self._put(result, frame, orders)

    def _analyse_once(self, frame: Frame, orders: Orders) -> bool:
        """Analyse one frame; whether it worked."""
        min_score, labels = asked_objects(
            orders.options, orders.object_min_score, orders.object_labels
        )
        focus = None
        if orders.adaptive_resolution:
            focus = self._attention.focus(frame.captured_at, orders.object_min_score)
        try:
            wanted = Wanted(
                options=orders.options,
                object_min_score=min_score,
                object_labels=labels,
                settled=self._plan.settled(frame.captured_at),
                crops=orders.keep_unknown,
                focus=focus,
            )
            findings = self._client(orders).analyze(frame.jpeg, wanted)
        except (EngineError, InvalidInput) as error:
            starts = orders.engine_address is None and orders.engine_problem is None
            self._set_problem(str(error), passing=starts)
            return False
        self._set_problem(findings.problem, passing=findings.loading)
        if findings.faces is None and findings.objects is None:
            return False
        if findings.loading:
            self._gate.forget()  # the rest is there in a moment, whether anything moves or not
        self.rate.add(time.monotonic())
        if self._orders.options == orders.options:  # else nobody asks this question any more
            result = make_result(orders.camera_id, frame, orders.options, findings)
            result = _without_masked(result, orders.zones)
            result = self._follower.follow(result, frame.captured_at)
            if focus is not None:
                result = self._attention.confirmed(focus, result)
                self._attention.take(focus, findings, result, frame.captured_at)
                self._note_look(findings)
                if self._attention.in_doubt:
                    self._gate.forget()
            result = self._watch(result, frame, orders)
            seen = self._plan.take(result, findings, frame.captured_at)
            if self._plan.in_hurry() or not self._follower.settled:
                self._gate.forget()
            result = without_unasked(result, orders.object_min_score, orders.object_labels)
            self._put(result, frame, orders, seen)
        return True

    def _note_look(self, findings: Findings) -> None:
        self._face_long_side = findings.face_long_side
        if findings.whole:
            self._full_looks.add(time.monotonic())
        if findings.closer:
            self._closer_looks.add(time.monotonic())

    def _watch(self, result: Result, frame: Frame, orders: Orders) -> Result:
        """Have events made of what is followed; return the result with who is in the zones."""
        size = result.width, result.height
        inside = self._events.look(
            _found(result, self._follower, orders),
            at_s=frame.captured_at,
            size=size,
            jpeg=frame.jpeg,
            sharpness=lambda box: sharpness(
                frame.small, [each / size[at % 2] for at, each in enumerate(box)]
            ),
        )
        self._on_look()
        return replace(result, zones=inside) if inside else result

    def _put(self, result: Result, frame: Frame, orders: Orders, seen: Seen | None = None) -> None:
        self._result, self._published_at = result, time.monotonic()
        self._publish(result, frame.jpeg if orders.pairs else b"", seen)

    def _client(self, orders: Orders) -> EngineClient:
        if orders.engine_address is None:
            raise EngineError(orders.engine_problem or "the engine is starting")
        if self._engine is None or self._engine.address != orders.engine_address:
            if self._engine is not None:
                self._engine.close()
            self._engine = EngineClient(orders.engine_address, self._key)
        return self._engine

    def _set_problem(self, problem: str | None, *, passing: bool = False) -> None:
        """Note why the analysis is degraded; what passes by itself is not logged."""
        if not self._orders.options:
            problem = None  # the answer came too late to matter
        if problem == self.problem:
            return
        if problem and not passing:
            log.warning("analysis degraded: %s", problem)
        elif self._complained and not problem:
            log.info("analysis recovered")
        self._complained = bool(problem) and (self._complained or not passing)
        self.problem = problem
        self._on_problem()


def _motion_mask(zones: CameraZones) -> MotionMask:
    return MotionMask([mask.polygon for mask in zones.masks if mask.kind == "motion"])


def _without_masked(result: Result, zones: CameraZones) -> Result:
    """Return a result without the objects that stand in a mask."""
    masks = [mask.polygon for mask in zones.masks if mask.kind == "objects"]
    if not masks or not result.objects:
        return result
    size = result.width, result.height
    objects = [
        thing
        for thing in result.objects
        if not any(foot_is_in(thing.box, polygon, size) for polygon in masks)
    ]
    return replace(result, objects=objects)


def _found(result: Result, follower: Follower, orders: Orders) -> list[Found]:
    """Return what is followed and was seen in this look, for events."""
    found, things = [], result.objects or ()
    counts_people = "people" in brought_by(orders.options)
    shows_objects = "objects" in brought_by(orders.options)
    labels = orders.object_labels
    for track in follower.objects:
        if track.detection is None or track.label_id is None:
            continue
        label = LABELS[track.label_id - 1]
        shown = shows_objects and (labels is None or label in labels)
        if shown or (counts_people and track.label_id == PERSON):
            sure = things[track.detection].score >= orders.object_min_score
            found.append(found_track(track, label, sure=sure))
    for track in follower.faces:
        if track.detection is not None:
            found.append(found_track(track, None, sure=track.score >= _SURE_FACE))
    return found


def found_track(track: Track, label: str | None, *, sure: bool) -> Found:
    """Return a track that was seen in the last look, for events."""
    before = tuple(Place(each.at_s, _corners(each.box)) for each in track.trail[:-1])
    return Found(track.id, label, _corners(track.motion.box), track.score, sure, before)


def _corners(box: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return x1, y1, x2, y2


def _needs_new_result(orders: Orders, before: Orders) -> bool:
    """Whether the last result answers another question, or lacks the picture now wanted."""
    asked, asked_before = (
        (o.options, o.object_min_score, o.object_labels) for o in (orders, before)
    )
    return asked != asked_before or (orders.pairs and not before.pairs)


def make_result(
    camera_id: str, frame: Frame, options: tuple[str, ...], findings: Findings
) -> Result:
    """Return a result as the API shows it: null for what was not asked, [] for nothing found.

    Args:
        camera_id: the hub's name for the camera.
        frame: the frame that was analysed.
        options: what was asked.
        findings: the engine's.
    """
    return Result(
        camera_id=camera_id,
        seq=frame.seq,
        captured_at=frame.captured_at,
        processed_at=time.time(),
        unchanged_until=frame.captured_at,
        width=findings.width,  # as decoded, upright, which the header's size need not be
        height=findings.height,
        scene=frame.scene or 0,
        options=options,
        faces=shown_faces(findings, options),
        objects=shown_objects(findings, options),
        people=None,
    )
