"""The progress of `analyze`: a changing line on a terminal, whole lines in a file."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from convergecast.analyze import progress as shown
from convergecast.analyze.media import Item
from convergecast.analyze.progress import Progress
from convergecast.errors import InvalidInput

LINE = "file 1 of 2 (hall.mp4): 1 frame so far, "
END = "1 frame of 2 files analysed, 1 of them failed or incomplete"


class Stream(io.StringIO):
    """Standard error, which is a terminal or is not."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def said(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, moving: bool) -> str:
    stream = Stream(is_terminal)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(shown, "_LINE_EVERY_S", 0.0)
    threads = threading.active_count()
    progress = Progress(moving=moving)
    progress.of_files(2)
    progress.file(0, "hall.mp4")
    progress.step()
    item = Item(Path("yard.mp4"), "yard.mp4", Path("yard.mp4"))
    progress.fail(item, InvalidInput("It is torn."))
    progress.end()
    assert threading.active_count() == threads
    return stream.getvalue()


@pytest.mark.parametrize(("is_terminal", "moving"), [(False, False), (True, False), (False, True)])
def test_whole_lines_in_a_file_and_beside_results(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, moving: bool
) -> None:
    first, *rest = said(monkeypatch, is_terminal=is_terminal, moving=moving).split("\n")
    assert first.startswith(LINE)
    assert rest == ["yard.mp4: It is torn.", END, ""]


def test_one_line_moves_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(monkeypatch, is_terminal=True, moving=True)
    assert "\rfile 1 of 2 (hall.mp4): 1 frames [" in text
    assert "yard.mp4: It is torn.\n" in text
    assert text.endswith(f"\r{END}\n")
    assert text.count("\n") == 2
