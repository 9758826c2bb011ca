"""Runs the vision pipeline over files and writes a result a line. `analyze` process."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from convergecast.analyze.annotate import Annotator
from convergecast.analyze.media import Item, collect, read_picture, read_video
from convergecast.config import HubConfig
from convergecast.engine.host import usable_processors
from convergecast.engine.pipeline import Pipeline, Prepared, Wanted
from convergecast.engine.results import problems, still
from convergecast.errors import InvalidInput, ModelError
from convergecast.vision.detections import Bytes

_AHEAD = 4
_PROGRESS_EVERY_S = 2.0


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
    """Analyse files; return the exit status: 1 when one could not be read.

    A result is a line of JSON as in docs/api.md, with `path` and, for a video, `frame`.

    Raises:
        InvalidInput: a path does not exist, or a file cannot be written.
        ModelError: a model that an option needs cannot be loaded.
    """
    items = collect(order.paths)
    threads = config.threads or usable_processors()
    analysis = _Analysis(order, Pipeline(config, threads=threads))
    with ExitStack() as stack:
        out = _open(order.json_file, stack)
        annotator = stack.enter_context(Annotator(order.annotate)) if order.annotate else None
        progress = _Progress(len(items))
        for frame, result in analysis.results(items, progress):
            out.write(json.dumps(result, ensure_ascii=False) + "\n")
            if annotator:
                annotator.add(frame.item, frame.image, result)
        progress.end(len(analysis.unreadable))
    return 1 if analysis.unreadable else 0


class _Analysis:
    """Reads ahead in a thread while the models run in this one."""

    def __init__(self, order: AnalyzeOrder, pipeline: Pipeline) -> None:
        self._wanted = Wanted(
            options=order.options,
            face_min_score=order.min_score,
            object_min_score=order.min_score,
            complete=True,
        )
        self._pipeline = pipeline
        self.unreadable: list[str] = []

    def results(
        self, items: Sequence[Item], progress: _Progress
    ) -> Iterator[tuple[_Frame, dict[str, Any]]]:
        """Yield every frame with its result, in order."""
        with ThreadPoolExecutor(1, "read") as pool:
            for frame in _ahead(pool, self._frames(items, progress)):
                found = self._pipeline.run([frame.prepared])[0]
                if problem := problems(found):
                    raise ModelError(problem)
                progress.step()
                yield frame, _result(frame, found, self._wanted.options)

    def _frames(self, items: Sequence[Item], progress: _Progress) -> Iterator[_Frame]:
        for number, item in enumerate(items):
            progress.file(number, item.name)
            try:
                for image, at in _images(item):
                    prepared = self._pipeline.prepare_image(image, self._wanted)
                    yield _Frame(item, at, image, prepared)
            except InvalidInput as problem:
                self.unreadable.append(item.name)
                progress.say(f"{item.name}: {problem}")


def _images(item: Item) -> Iterator[tuple[Bytes, int | None]]:
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


def _result(frame: _Frame, found: dict[str, Any], options: tuple[str, ...]) -> dict[str, Any]:
    where: dict[str, Any] = {"path": frame.item.name}
    if frame.number is not None:
        where["frame"] = frame.number
    return {**where, **still(found, options)}


def _open(json_file: Path | None, stack: ExitStack) -> TextIO:
    if json_file is None:
        return sys.stdout
    try:
        return stack.enter_context(json_file.open("w", encoding="utf-8"))
    except OSError as problem:
        raise InvalidInput(f"{json_file} cannot be written: {problem.strerror}.") from problem


class _Progress:
    """Says on standard error how far it is, when the work is long, and what could not be read."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._at = 0
        self._name = ""
        self._frames = 0
        self._began = self._said = time.monotonic()

    def file(self, number: int, name: str) -> None:
        self._at, self._name = number, name

    def step(self) -> None:
        self._frames += 1
        now = time.monotonic()
        if now - self._said >= _PROGRESS_EVERY_S:
            self._said = now
            rate = self._frames / (now - self._began)
            self.say(
                f"file {self._at + 1} of {self._files} ({self._name}): {self._frames} frames so "
                f"far, {rate:.1f} a second"
            )

    def say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def end(self, unreadable: int) -> None:
        rest = f", {unreadable} could not be read" if unreadable else ""
        frames = "1 frame" if self._frames == 1 else f"{self._frames} frames"
        files = "1 file" if self._files == 1 else f"{self._files} files"
        self.say(f"{frames} of {files} analysed{rest}")
