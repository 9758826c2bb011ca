"""Runs the vision pipeline over files and writes what it finds. Process: command."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from convergecast.analyze.annotate import Annotator
from convergecast.analyze.media import (
    Item,
    check_there,
    collect,
    read_picture,
    read_video,
)
from convergecast.analyze.output import Output
from convergecast.analyze.people import People
from convergecast.analyze.progress import Progress
from convergecast.analyze.sentences import Sentences
from convergecast.analyze.video import Video
from convergecast.config import HubConfig
from convergecast.engine.engine_process import usable_processors
from convergecast.engine.pipeline import Pipeline
from convergecast.engine.prepared import Prepared
from convergecast.errors import InvalidInput, ModelError, TooLarge
from convergecast.messages.engine import Findings, Wanted
from convergecast.messages.results import PictureResult, still
from convergecast.options import identifying, tasks_of
from convergecast.tracking.following import asked_objects
from convergecast.tracking.tracker import WEAK_SCORE
from convergecast.vision.detections import Bytes

_AHEAD = 4
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzeOrder:
    """What the command line asks for.

    Attributes:
        min_score: the lowest score of faces and objects; None: the usual ones.
        json_file: where JSON goes; None for standard output.
        in_words: whether standard output gets sentences instead of JSON.
        annotate: the folder for drawings, or None.
    """

    paths: Sequence[Path]
    options: tuple[str, ...]
    min_score: float | None = None
    json_file: Path | None = None
    in_words: bool = False
    annotate: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    item: Item
    number: int | None
    image: Bytes
    prepared: Prepared


def run_analyze(order: AnalyzeOrder, config: HubConfig) -> int:
    """Analyse files; return the exit status: 1 if a file failed, 130 after Ctrl+C.

    A result is a line of JSON as in docs/api.md, with `path` and, for a video, `frame`. In words
    there is a line per file instead. A file that cannot be done is named on standard error, and
    the rest goes on. When the reader of the results has gone, the command ends without a word.

    Raises:
        Conflict, Forbidden: recognition is wanted but not switched on in the hub's database.
        InvalidInput: results or drawings cannot be written.
        ModelError: a model that an option needs cannot be loaded.
    """
    progress = Progress(moving=order.in_words or order.json_file is not None)
    try:
        return _run(order, config, progress)
    except KeyboardInterrupt:
        progress.say(f"interrupted after {progress.frames}")
        return _INTERRUPTED
    except BrokenPipeError:
        return 1


def _run(order: AnalyzeOrder, config: HubConfig, progress: Progress) -> int:
    items = collect(order.paths)
    progress.of_files(len(items))
    threads = config.threads or usable_processors()
    pipeline = Pipeline(config, threads=threads)
    with ExitStack() as stack:
        people = None
        if identifying(order.options):
            people = stack.enter_context(People(config, progress.say))
        analysis = _Analysis(order, pipeline, progress, people)
        out: Sentences | Output
        out = Sentences(progress.show) if order.in_words else Output(order.json_file)
        stack.enter_context(out)
        annotator = stack.enter_context(Annotator(order.annotate)) if order.annotate else None
        for frame, result in analysis.results(items):
            out.write(result, path=frame.item.name, frame=frame.number)
            if annotator:
                _draw(annotator, frame, result, progress)
    progress.end()
    return 1 if progress.failed else 0


def _draw(annotator: Annotator, frame: _Frame, result: PictureResult, progress: Progress) -> None:
    try:
        annotator.add(frame.item, frame.image, result)
    except TooLarge as problem:
        progress.fail(frame.item, problem)


class _Analysis:
    """Runs the models in this thread, and reads ahead in another."""

    def __init__(
        self, order: AnalyzeOrder, pipeline: Pipeline, progress: Progress, people: People | None
    ) -> None:
        """Keep what all files are analysed with."""
        self._order = order
        self._pipeline = pipeline
        self._progress = progress
        self._people = people
        self._video: Video | None = None

    def results(self, items: Sequence[Item]) -> Iterator[tuple[_Frame, PictureResult]]:
        """Yield every frame with its result, in order."""
        with ThreadPoolExecutor(1, "read") as pool:
            for frame in _ahead(pool, self._frames(items)):
                result = self._result(frame)
                self._progress.step()
                yield frame, result

    def _result(self, frame: _Frame) -> PictureResult:
        if frame.number is None:
            findings = self._findings(frame.prepared)
            result = still(findings, self._order.options)
            return self._people.name_still(result, findings) if self._people else result
        video = self._video_of(frame.item)
        video.see(frame.image)
        video.settle(frame.prepared, frame.number)
        return video.follow(frame.number, self._findings(frame.prepared), self._order.options)

    def _findings(self, prepared: Prepared) -> Findings:
        findings = self._pipeline.run([prepared])[0]
        if findings.problem:
            raise ModelError(findings.problem)
        return findings

    def _video_of(self, item: Item) -> Video:
        if self._video is None or self._video.item is not item:
            self._video = Video(item, self._shown_score(), self._people)
        return self._video

    def _shown_score(self) -> float:
        if self._order.min_score is not None:
            return self._order.min_score
        return (
            self._pipeline.object_min_score if "objects" in tasks_of(self._order.options) else 0.0
        )

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
        """Return what the engine is asked for; videos need weak objects too, for tracking."""
        order = self._order
        min_score = order.min_score
        labels: tuple[str, ...] | None = None
        if followed and "objects" in tasks_of(order.options):
            usual = WEAK_SCORE if order.min_score is None else order.min_score
            min_score, labels = asked_objects(order.options, usual, None)
        return Wanted(
            options=order.options,
            face_min_score=order.min_score,
            object_min_score=min_score,
            object_labels=labels,
            complete=True,
        )


def _images(item: Item) -> Iterator[tuple[Bytes, int | None]]:
    check_there(item.path)
    if item.is_video:
        for frame in read_video(item.path):
            yield frame.image, frame.number
    else:
        yield read_picture(item.path), None


def _ahead(pool: ThreadPoolExecutor, frames: Iterator[_Frame]) -> Iterator[_Frame]:
    """Yield the frames of an iterator, which the pool's one thread reads a few in advance."""
    waiting: deque[Future[_Frame | None]] = deque()
    while True:
        while len(waiting) < _AHEAD:
            waiting.append(pool.submit(next, frames, None))
        frame = waiting.popleft().result()
        if frame is None:
            return
        yield frame
