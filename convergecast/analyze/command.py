"""Runs the vision pipeline over files and writes a result a line. `analyze` process."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergecast.analyze.annotate import Annotator
from convergecast.analyze.media import (
    Item,
    check_there,
    collect,
    rate_of,
    read_picture,
    read_video,
)
from convergecast.analyze.output import Output
from convergecast.config import HubConfig
from convergecast.engine.host import usable_processors
from convergecast.engine.pipeline import Pipeline, Prepared, Wanted
from convergecast.engine.results import problems, shown, still, without_unasked
from convergecast.errors import ConvergeCastError, InvalidInput, ModelError, TooLarge
from convergecast.tracking.following import Follower, asked_objects
from convergecast.tracking.tracker import WEAK_SCORE
from convergecast.vision.detections import Bytes

_AHEAD = 4
_PROGRESS_EVERY_S = 2.0
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzeOrder:
    """What the command line asks for.

    Attributes:
        min_score: the lowest score of faces and objects; None for the usual ones.
        json_file: where results go; None for standard output.
        annotate: the folder for drawings, or None.
    """

    paths: Sequence[Path]
    options: tuple[str, ...]
    min_score: float | None = None
    json_file: Path | None = None
    annotate: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    item: Item
    number: int | None
    image: Bytes
    prepared: Prepared


def run_analyze(order: AnalyzeOrder, config: HubConfig) -> int:
    """Analyse files; return the exit status: 1 when one could not be done, 130 on Ctrl-C.

    A result is a line of JSON as in docs/api.md, with `path` and, for a video, `frame`. A file
    that cannot be done is named on standard error, and the rest goes on. When nobody reads the
    results any more, it ends without a word.

    Raises:
        InvalidInput: results or drawings cannot be written.
        ModelError: a model that an option needs cannot be loaded.
    """
    progress = _Progress()
    try:
        return _run(order, config, progress)
    except KeyboardInterrupt:
        progress.say(f"interrupted after {progress.frames}")
        return _INTERRUPTED
    except BrokenPipeError:
        return 1


def _run(order: AnalyzeOrder, config: HubConfig, progress: _Progress) -> int:
    items = collect(order.paths)
    progress.of_files(len(items))
    threads = config.threads or usable_processors()
    analysis = _Analysis(order, Pipeline(config, threads=threads), progress)
    with ExitStack() as stack:
        out = stack.enter_context(Output(order.json_file))
        annotator = stack.enter_context(Annotator(order.annotate)) if order.annotate else None
        for frame, result in analysis.results(items):
            out.write(result)
            if annotator:
                _draw(annotator, frame, result, progress)
    progress.end()
    return 1 if progress.failed else 0


def _draw(annotator: Annotator, frame: _Frame, result: dict[str, Any], progress: _Progress) -> None:
    try:
        annotator.add(frame.item, frame.image, result)
    except TooLarge as problem:
        progress.fail(frame.item, problem)


class _Analysis:
    """Reads ahead in a thread while the models run in this one."""

    def __init__(self, order: AnalyzeOrder, pipeline: Pipeline, progress: _Progress) -> None:
        self._order = order
        self._pipeline = pipeline
        self._progress = progress

    def results(self, items: Sequence[Item]) -> Iterator[tuple[_Frame, dict[str, Any]]]:
        """Yield every frame with its result, in order."""
        video: _Video | None = None
        with ThreadPoolExecutor(1, "read") as pool:
            for frame in _ahead(pool, self._frames(items)):
                found = self._pipeline.run([frame.prepared])[0]
                if problem := problems(found):
                    raise ModelError(problem)
                self._progress.step()
                result = still(found, self._order.options)
                if frame.number is not None:
                    if video is None or video.item is not frame.item:
                        video = _Video(frame.item)
                    result = video.follow(frame.number, found, result, self._shown_score())
                yield frame, {**_where(frame), **result}

    def _shown_score(self) -> float:
        if self._order.min_score is not None:
            return self._order.min_score
        return self._pipeline.object_min_score if _counted(self._order.options) else 0.0

    def _frames(self, items: Sequence[Item]) -> Iterator[_Frame]:
        for number, item in enumerate(items):
            self._progress.file(number, item.name)
            wanted = self._wanted(followed=item.is_video)
            try:
                for image, at in _images(item):
                    yield _Frame(item, at, image, self._pipeline.prepare_image(image, wanted))
            except InvalidInput as problem:
                self._progress.fail(item, problem)

    def _wanted(self, *, followed: bool) -> Wanted:
        """Return what is asked of a picture, or of a video, whose weak objects count too."""
        order = self._order
        min_score, labels = order.min_score, None
        if followed and _counted(order.options):
            usual = WEAK_SCORE if order.min_score is None else order.min_score
            min_score, labels = asked_objects(order.options, usual, None)
        return Wanted(
            options=order.options,
            face_min_score=order.min_score,
            object_min_score=min_score,
            object_labels=None if labels is None else tuple(labels),
            complete=True,
        )


class _Video:
    """Follows what is in one video, at its own rate."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._follower = Follower()
        self._fps = rate_of(item.path)

    def follow(
        self, number: int, found: dict[str, Any], result: dict[str, Any], min_score: float
    ) -> dict[str, Any]:
        """Return a frame's result with ids and the steadied count of people."""
        result = {**result, **shown(found, result["options"])}
        self._follower.follow(result, number / self._fps)
        return without_unasked(result, min_score)


def _counted(options: Sequence[str]) -> bool:
    return "objects" in options or "people" in options


def _images(item: Item) -> Iterator[tuple[Bytes, int | None]]:
    check_there(item.path)
    if item.is_video:
        for frame in read_video(item.path):
            yield frame.image, frame.number
    else:
        yield read_picture(item.path), None


def _ahead(pool: ThreadPoolExecutor, frames: Iterator[_Frame]) -> Iterator[_Frame]:
    """Yield what an iterator gives, taken from it in the pool's one thread, a few in advance."""
    waiting: deque[Future[_Frame | None]] = deque()
    while True:
        while len(waiting) < _AHEAD:
            waiting.append(pool.submit(next, frames, None))
        frame = waiting.popleft().result()
        if frame is None:
            return
        yield frame


def _where(frame: _Frame) -> dict[str, Any]:
    where: dict[str, Any] = {"path": frame.item.name}
    if frame.number is not None:
        where["frame"] = frame.number
    return where


class _Progress:
    """Says on standard error how far it is, when the work is long, and what could not be done."""

    def __init__(self) -> None:
        self.failed = 0
        self._files = 0
        self._at = 0
        self._name = ""
        self._frames = 0
        self._began = self._said = time.monotonic()

    @property
    def frames(self) -> str:
        """How many were analysed, in words."""
        return _count(self._frames, "frame")

    def of_files(self, files: int) -> None:
        self._files = files

    def file(self, number: int, name: str) -> None:
        self._at, self._name = number, name

    def step(self) -> None:
        self._frames += 1
        now = time.monotonic()
        if now - self._said >= _PROGRESS_EVERY_S:
            self._said = now
            rate = self._frames / (now - self._began)
            self.say(
                f"file {self._at + 1} of {self._files} ({self._name}): {self.frames} so far, "
                f"{rate:.1f} a second"
            )

    def fail(self, item: Item, problem: ConvergeCastError) -> None:
        self.failed += 1
        self.say(f"{item.name}: {problem}")

    def say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        rest = f", {self.failed} of them not or not wholly" if self.failed else ""
        self.say(f"{self.frames} of {_count(self._files, 'file')} analysed{rest}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
