"""Writes results as lines of JSON, to a file or standard output. Process: command."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import NoReturn

import msgspec

from convergecast.analyze.media import VIDEO_SUFFIXES
from convergecast.errors import InvalidInput
from convergecast.messages.results import PictureResult
from convergecast.protocol.folders import PICTURE_SUFFIXES

# Windows reports EINVAL for a pipe without a reader.
_READER_GONE = frozenset({errno.EPIPE, errno.EINVAL})


class Output:
    """Writes each result at once, so that the next program of a pipe need not wait.

    Args:
        file: the file to write; None: standard output.

    Raises:
        InvalidInput: the file cannot be written.
    """

    def __init__(self, file: Path | None) -> None:
        """Open the file; raises InvalidInput if it cannot be written."""
        self._name = "Standard output" if file is None else str(file)
        if file is not None and file.suffix.lower() in PICTURE_SUFFIXES | VIDEO_SUFFIXES:
            raise InvalidInput(
                f"Results are not written over {file}, a picture or video: name the file for JSON "
                "after --json, or put --json behind the paths."
            )
        try:
            self._stream = sys.stdout if file is None else file.open("w", encoding="utf-8")
        except OSError as problem:
            self._refuse(problem)

    def __enter__(self) -> Output:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; standard output stays open."""
        if self._stream is not sys.stdout:
            with contextlib.suppress(OSError):  # every line was flushed or has failed before
                self._stream.close()

    def write(self, result: PictureResult, *, path: str, frame: int | None) -> None:
        """Write a line of JSON, in ASCII, because a file name may have undecodable bytes.

        Args:
            result: of a file.
            path: the file's, as it is shown.
            frame: the number of a video's frame, from 0; None for a picture.

        Raises:
            InvalidInput: it cannot be written; the disk is full.
            BrokenPipeError: the reader has gone.
        """
        where = {"path": path} if frame is None else {"path": path, "frame": frame}
        try:
            self._stream.write(json.dumps({**where, **msgspec.to_builtins(result)}) + "\n")
            self._stream.flush()
        except OSError as problem:
            if self._stream is sys.stdout:
                _drop_standard_output()
            if problem.errno in _READER_GONE:
                raise BrokenPipeError from problem
            self._refuse(problem)

    def _refuse(self, problem: OSError) -> NoReturn:
        raise InvalidInput(f"{self._name} cannot be written: {problem.strerror}.") from problem


def _drop_standard_output() -> None:
    """Redirect standard output to nowhere, so that flushing its buffer at the end cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
