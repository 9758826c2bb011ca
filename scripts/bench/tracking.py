"""Measures tracking and counting of people on a video with ground truth, PETS 2009 S2.L1.

Its frames go through the pipeline like a camera's, at the video's own rate.
"""

from __future__ import annotations

import csv
import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergecast.detection.objects.yolox import Yolox
from convergecast.engine.pipeline import Pipeline
from convergecast.errors import InvalidInput
from convergecast.labels import PERSON
from convergecast.messages.engine import Wanted
from convergecast.tracking.association import Box, overlap
from convergecast.tracking.people import PeopleCount, count_people
from convergecast.tracking.track import Detection
from convergecast.tracking.tracker import WEAK_SCORE, Tracker
from convergecast.vision.detections import Bytes
from scripts.bench.report import Row
from scripts.bench.speed import PRECISIONS, THREADS, config_for

FPS, FRAMES = 10.0, 795
SIZE = 480, 360
PETS_SCALE = 0.625
"""Pixels of the video per pixel of the labelled recording."""
PEOPLE = (
    (1, 16, 3),
    (17, 21, 4),
    (22, 40, 5),
    (41, 69, 6),
    (256, 280, 7),
    (281, 306, 6),
    (577, 577, 7),
    (578, 610, 6),
    (611, 613, 7),
    (614, 630, 6),
)
"""First frame, last frame, people in each; frames are counted from 1."""
COUNTS = {frame: count for first, last, count in PEOPLE for frame in range(first, last + 1)}
LOST_SHARE = 0.5
SLOW_EVERY = 5
SEEDS = 5
MIN_IOU = 0.5
"""The overlap from which a track matches the person."""
COUNT_AIM, LOST_AIM, SLOW_AIM, CHANGES_AIM, SWITCHES_AIM = 0.4, 0.6, 0.6, 0.5, 12

Found = Sequence[Sequence[Detection]]
"""The detections of each frame."""
Detect = Callable[[Bytes], list[Detection]]
"""From a picture, (H, W, 3) uint8 BGR, to its people, also with low scores."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the tracker says at one frame.

    Attributes:
        people: the number that is shown.
        present: how many of its tracks are there, which that number is made of.
        boxes: of all people by their ids.
    """

    people: int
    present: int
    boxes: dict[int, Box]


@dataclass(frozen=True, slots=True)
class Figures:
    """The measures.

    Attributes:
        untracked_error: mean of |count - truth| if the detections above the best score count.
        error: the same of the number that is shown, over all frames whose count is known.
        lost_error: the same if half the frames are lost; the mean over `SEEDS` choices of them.
        slow_error: the same with two looks a second; the mean over where they may begin.
        changes: how often the number that is shown changes, of how often the tracks present do.
        switches: how often a person's id changed from one labelled frame to the next.
        mota, idf1: Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance",
            2008; Ristani et al., "Performance Measures and a Data Set for Multi-Target,
            Multi-Camera Tracking", 2016.
    """

    untracked_error: float
    error: float
    lost_error: float
    slow_error: float
    changes: float
    switches: int
    mota: float
    idf1: float


def detect_with(pipeline: Pipeline) -> Detect:
    """Return the pipeline as a function from a picture to the people in it."""
    wanted = Wanted(
        options=("objects",),
        object_min_score=WEAK_SCORE,
        object_labels=("person",),
        complete=True,
    )

    def detect(image: Bytes) -> list[Detection]:
        (found,) = pipeline.run([pipeline.prepare_image(image, wanted)])
        return [Detection(one.box, one.score, one.label_id) for one in found.objects or ()]

    return detect


def frames(data: Path) -> Iterator[Bytes]:
    """Yield the frames of the video, (360, 480, 3) uint8 BGR.

    Raises:
        InvalidInput: it is not in the folder of test pictures.
    """
    import cv2
    import numpy as np

    video = cv2.VideoCapture(str(data / "videos" / "vtest_480x360.avi"))
    try:
        for _ in range(FRAMES):
            there, image = video.read()
            if not there:
                raise InvalidInput(f"vtest_480x360.avi of {data} is not there, or not all of it.")
            yield np.asarray(image, np.uint8)
    finally:
        video.release()


def people_there(data: Path) -> dict[int, dict[int, Box]]:
    """Return the true boxes of the labelled frames: by frame, counted from 1, then by person.

    Raises:
        InvalidInput: the file cannot be read.
    """
    path = data / "videos" / "pets09_s2l1_gt_sampled.csv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as problem:
        raise InvalidInput(f"{path} cannot be read: name the folder of test pictures.") from problem
    there: dict[int, dict[int, Box]] = {}
    for row in csv.reader(line for line in lines if line and line[0] != "#"):
        left, top, width, height = (float(value) * PETS_SCALE for value in row[2:6])
        box = left, top, left + width, top + height
        there.setdefault(int(row[0]), {})[int(row[1])] = box
    return there


def follow(
    found: Found, lost_share: float = 0.0, seed: int = 0, *, every: int = 1, offset: int = 0
) -> list[Look]:
    """Return what the tracker says at every frame; where one is lost, what it said before.

    Args:
        found: what was detected.
        lost_share: of frames that never reach the tracker, chosen by chance.
        seed: of the chance.
        every, offset: only every so manyth frame reaches it, from this one on; before it, the
            count is that of the first look.
    """
    chance = random.Random(seed)
    tracker, people, looks, look = Tracker(), PeopleCount(), [], Look(0, 0, {})
    for number, detections in enumerate(found):
        if chance.random() >= lost_share and number % every == offset:
            tracks = tracker.update(detections, number / FPS, SIZE)
            boxes: dict[int, Box] = {
                track.id: track.motion.box for track in tracks if track.present
            }
            shown = people.update(tracks, detections, number / FPS, SIZE)
            look = Look(shown, count_people(tracks), boxes)
        looks.append(look)
    return [looks[offset]] * offset + looks[offset:]


def count_error(counts: Sequence[int]) -> float:
    """Return the mean error of the count of people, where the truth is known."""
    return statistics.fmean(abs(counts[frame - 1] - true) for frame, true in COUNTS.items())


def figures(found: Found, there: dict[int, dict[int, Box]]) -> Figures:
    """Return how well the detected people are tracked and counted.

    Raises:
        InvalidInput: the package motmetrics is not installed.
    """
    looks = follow(found)
    lost = (follow(found, LOST_SHARE, seed) for seed in range(SEEDS))
    slow = (follow(found, every=SLOW_EVERY, offset=at) for at in range(SLOW_EVERY))
    mota, idf1, switches = clear_mot([(there[at], looks[at - 1].boxes) for at in sorted(there)])
    return Figures(
        untracked_error=min(count_error(_above(found, at / 50)) for at in range(5, 45)),
        error=count_error([look.people for look in looks]),
        lost_error=statistics.fmean(count_error([look.people for look in one]) for one in lost),
        slow_error=statistics.fmean(count_error([look.people for look in one]) for one in slow),
        changes=_changes([look.people for look in looks]) / _changes([o.present for o in looks]),
        switches=switches,
        mota=mota,
        idf1=idf1,
    )


def clear_mot(
    scenes: Iterable[tuple[dict[int, Box], dict[int, Box]]],
) -> tuple[float, float, int]:
    """Return MOTA, IDF1 and the number of id switches, by py-motmetrics.

    Args:
        scenes: per frame, in order, the true boxes by person and the found ones by id.

    Raises:
        InvalidInput: the package is not installed.
    """
    try:
        import motmetrics
    except ModuleNotFoundError as problem:
        raise InvalidInput("Install motmetrics: pip install -r requirements-test.txt") from problem

    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for there, found in scenes:
        accumulator.update(list(there), list(found), _distances(there, found))
    names = ["mota", "idf1", "num_switches"]
    table = motmetrics.metrics.create().compute(accumulator, metrics=names, name="all")
    mota, idf1, switches = (table[name].iloc[0] for name in names)
    return float(mota), float(idf1), int(switches)


def median_ms(boxes: int = 50, looks: int = 200) -> float:
    """Return the tracker's time for a frame with many walking people."""
    chance, tracker, times_ms = random.Random(1), Tracker(), []
    walkers = [
        [chance.uniform(0, 480), chance.uniform(50, 360), chance.gauss(0, 3)] for _ in range(boxes)
    ]
    for look in range(looks):
        detections = []
        for walker in walkers:
            walker[0] = (walker[0] + walker[2]) % SIZE[0]
            detections.append(_walker(walker[0], walker[1], chance))
        began = time.perf_counter()
        tracker.update(detections, look / FPS, SIZE)
        times_ms.append(1000 * (time.perf_counter() - began))
    return statistics.median(times_ms)


def measure(data: Path) -> list[Row]:
    """Return the `Figures` of the built-in detector in each of its variants, and the time.

    Raises:
        InvalidInput: a file of the test pictures or motmetrics is missing.
        ModelError: a model is missing.
    """
    there = people_there(data)
    found: list[Row] = []
    for precision in PRECISIONS:
        for closer in (False, True):
            config = config_for(precision, closer_look=closer)
            detect = detect_with(Pipeline(config, threads=THREADS))
            name = f"{config.object_model} {precision}{', closer look' if closer else ''}"
            found += rows(name, figures([detect(image) for image in frames(data)], there))
    yolox = Yolox(data / "models" / "yolox_nano.onnx", threads=THREADS, device="cpu")
    found += rows(
        "YOLOX-nano, added by a user",
        figures([_people(yolox, image) for image in frames(data)], there),
    )
    time_row = Row(
        part="tracker", what="50 people", value=round(median_ms(), 3), unit="ms", aim="≤ 1"
    )
    return [*found, time_row]


def rows(name: str, measured: Figures) -> list[Row]:
    """Return the lines of a table for one detector."""

    def row(what: str, value: float, aim: str = "") -> Row:
        return Row(part=name, what=what, value=round(value, 3), unit="", aim=aim)

    return [
        row("people, error a frame without tracking, best score", measured.untracked_error),
        row("people, error a frame", measured.error, f"≤ {COUNT_AIM:g}"),
        row("people, error a frame, half of them lost", measured.lost_error, f"≤ {LOST_AIM:g}"),
        row("people, error a frame, two looks a second", measured.slow_error, f"≤ {SLOW_AIM:g}"),
        row("changes of the number, of the tracks'", measured.changes, f"≤ {CHANGES_AIM:g}"),
        row("id switches", measured.switches, f"≤ {SWITCHES_AIM}"),
        row("MOTA", measured.mota),
        row("IDF1", measured.idf1),
    ]


def _changes(counts: Sequence[int]) -> int:
    return sum(one != other for one, other in itertools.pairwise(counts))


def _above(found: Found, score: float) -> list[int]:
    return [sum(one.score >= score for one in detections) for detections in found]


def _people(yolox: Yolox, image: Bytes) -> list[Detection]:
    objects = yolox.detect([yolox.prepare(image)], WEAK_SCORE)[0]
    found = zip(objects.boxes.tolist(), objects.scores.tolist(), objects.label_ids, strict=True)
    return [Detection(box, score, PERSON) for box, score, label_id in found if label_id == PERSON]


def _walker(x: float, foot: float, chance: random.Random) -> Detection:
    """Return a person as a detector sees one: taller when nearer, and slightly misplaced."""
    height = 10 + foot / 5
    x1, y2 = x + chance.gauss(0, 1), foot + chance.gauss(0, 1)
    box = [x1, y2 - height, x1 + 0.4 * height, y2]
    return Detection(box, chance.uniform(0.3, 0.95), PERSON)


def _distances(there: dict[int, Box], found: dict[int, Box]) -> Any:
    """Return (true, found) float64: 1 - IoU, and NaN where the overlap is too small."""
    import numpy as np

    shared = np.array([[overlap(one, box) for box in found.values()] for one in there.values()])
    shared = shared.reshape(len(there), len(found))
    return np.where(shared >= MIN_IOU, 1 - shared, np.nan)
