"""`bench accuracy`, adaptive resolution: what it finds of what full looks find, and its time.

Frames of videos are looked at in full and adaptively in turns, each with tracks of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from convergecast.cameras.analyzer import make_result
from convergecast.cameras.attention import Attention
from convergecast.cameras.puller import Frame
from convergecast.cameras.scenes import Scenes
from convergecast.engine.pipeline import Pipeline
from convergecast.messages.engine import Wanted
from convergecast.messages.results import DetectedObject, Face, Result
from convergecast.tracking.association import overlap
from convergecast.tracking.following import Follower
from convergecast.tracking.tracker import WEAK_SCORE
from scripts.bench import tracking
from scripts.bench.pictures import VIDEOS
from scripts.bench.report import Row
from scripts.bench.speed import THREADS, config_for

OPTIONS = ("faces", "landmarks", "objects", "people")
FPS = 7.0
"""About what each of four cameras gets on two cores."""
SECONDS = 10.0
SAME_IOU = 0.3
SHOWN_SCORE = 0.5


class Eyes:
    """Looks at the frames of one camera as a worker has them looked at."""

    def __init__(self, pipeline: Pipeline, *, adaptive: bool) -> None:
        """Begin without a frame."""
        self.spent_s = 0.0
        self.sides: list[int] = []
        self.closer = 0
        self._pipeline = pipeline
        self._attention = Attention() if adaptive else None
        self._follower = Follower()
        self._scene: int | None = None

    def look(self, frame: Frame) -> Result:
        """Return what is found in the next frame."""
        if frame.scene != self._scene:
            self._scene = frame.scene
            self._follower.cut()
            if self._attention:
                self._attention.cut()
        focus = self._attention.focus(frame.captured_at) if self._attention else None
        wanted = Wanted(options=OPTIONS, object_min_score=WEAK_SCORE, complete=True, focus=focus)
        began = time.process_time()
        (findings,) = self._pipeline.run([self._pipeline.prepare(frame.jpeg, wanted)])
        self.spent_s += time.process_time() - began
        self.sides.append(findings.face_long_side or 0)
        self.closer += focus is None or focus.closer
        result = make_result("c", frame, OPTIONS, findings)
        result = self._follower.follow(result, frame.captured_at)
        if self._attention and focus:
            result = self._attention.confirmed(focus, result)
            self._attention.take(focus, findings, result, frame.captured_at)
        return result


@dataclass
class Kept:
    """How much of what full looks found was found adaptively.

    Attributes:
        there, kept: how many things were found, and how many of them by both.
        more: how many only the adaptive looks found.
        longest_s: the longest time for which a thing of one track was not found.
    """

    there: int = 0
    kept: int = 0
    more: int = 0
    longest_s: float = 0.0
    _missed_since: dict[int, float] = field(default_factory=dict)

    def take(
        self,
        full: Sequence[Face | DetectedObject],
        adaptive: Sequence[Face | DetectedObject],
        at_s: float,
    ) -> None:
        """Compare one frame."""
        for thing in full:
            found = any(overlap(thing.box, other.box) >= SAME_IOU for other in adaptive)
            self.there += 1
            self.kept += found
            if thing.track_id is None:
                continue
            if found:
                self._missed_since.pop(thing.track_id, None)
            else:
                since = self._missed_since.setdefault(thing.track_id, at_s)
                self.longest_s = max(self.longest_s, at_s - since)
        self.more += sum(
            not any(overlap(thing.box, other.box) >= SAME_IOU for other in full)
            for thing in adaptive
        )


def measure(data: Path) -> list[Row]:
    """Return the figures of four videos, and how people are counted on one of them.

    Raises:
        InvalidInput: a file of the test pictures is missing.
        ModelError: a model is missing.
    """
    pipeline = Pipeline(config_for("int8", closer_look=True), threads=THREADS)
    rows: list[Row] = []
    for name in VIDEOS:
        rows += _video(data / "videos" / name, pipeline)
    return [*rows, *_people(data, pipeline)]


def _video(path: Path, pipeline: Pipeline) -> list[Row]:
    full, adaptive = Eyes(pipeline, adaptive=False), Eyes(pipeline, adaptive=True)
    faces, people = Kept(), Kept()
    for frame in _frames(path):
        one, other = full.look(frame), adaptive.look(frame)
        faces.take(one.faces or (), other.faces or (), frame.captured_at)
        people.take(_shown_people(one), _shown_people(other), frame.captured_at)
    rows = []
    for what, kept in (("faces", faces), ("people", people)):
        rows += [
            _row(
                f"{path.stem}, {what} of full looks found",
                kept.kept / kept.there if kept.there else None,
                note=f"{kept.kept} of {kept.there}, {kept.more} more",
            ),
            _row(f"{path.stem}, {what}, longest loss, s", kept.longest_s, aim="≤ 1"),
        ]
    sides = adaptive.sides
    note = f"mean long side for faces {np.mean(sides):.0f} of {max(full.sides)}; closer look at "
    note += f"{adaptive.closer} of {len(sides)} frames"
    ratio = full.spent_s / adaptive.spent_s
    return [
        *rows,
        _row(f"{path.stem}, CPU time of full looks over adaptive ones", ratio, note=note),
    ]


def _shown_people(result: Result) -> list[DetectedObject]:
    return [
        one for one in result.objects or () if one.label == "person" and one.score >= SHOWN_SCORE
    ]


def _people(data: Path, pipeline: Pipeline) -> list[Row]:
    """Return how people are counted on PETS 2009, at ten looks a second."""
    rows = []
    for name, adaptive in (("full", False), ("adaptive", True)):
        eyes, counts = Eyes(pipeline, adaptive=adaptive), []
        for number, image in enumerate(tracking.frames(data)):
            frame = Frame(_jpeg(image), number, number / tracking.FPS, *tracking.SIZE)
            counts.append(eyes.look(frame).people or 0)
        error = tracking.count_error(counts)
        rows.append(_row(f"people on PETS 2009, error a frame, {name}", error, aim="≤ 0.4"))
    return rows


def _frames(path: Path) -> Iterator[Frame]:
    """Yield the frames of a video at about `FPS`, over and over for `SECONDS`."""
    scenes, passed_s, number = Scenes(), 0.0, 0
    while passed_s < SECONDS:
        video = cv2.VideoCapture(str(path))
        own_fps, due_s, here_s = video.get(cv2.CAP_PROP_FPS) or FPS, 0.0, 0.0
        while passed_s + here_s < SECONDS:
            there, image = video.read()
            if not there:
                break
            if here_s >= due_s:
                due_s += 1 / FPS
                jpeg = _jpeg(np.asarray(image, np.uint8))
                height, width = image.shape[:2]
                frame = Frame(jpeg, number, passed_s + here_s, width, height)
                scene, small = scenes.look(jpeg, frame.mark)
                yield frame._replace(scene=scene, small=small)
                number += 1
            here_s += 1 / own_fps
        video.release()
        if not here_s:
            return
        passed_s += here_s


def _jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _row(what: str, value: float | None, aim: str = "", note: str = "") -> Row:
    rounded = None if value is None else round(value, 3)
    return Row(part="adaptive resolution", what=what, value=rounded, unit="", aim=aim, note=note)
