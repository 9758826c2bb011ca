"""A simulated camera sends its newest picture, and counts those that were replaced."""

from __future__ import annotations

import time
from typing import cast

import pytest

from convergecast.engine.client import EngineClient
from convergecast.errors import EngineError
from convergecast.messages.engine import Findings, ModelInfo, Wanted
from scripts.gpu.cameras import Camera, check_path
from tests.support import messages


class FakeClient:
    """Answers after a while, or fails."""

    def __init__(self, takes_s: float, problems: dict[str, str] | EngineError) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self._takes_s = takes_s
        self._problems = problems

    def analyze(self, picture: bytes, wanted: Wanted) -> Findings:
        self.sent.append(picture)
        time.sleep(self._takes_s)
        if isinstance(self._problems, EngineError):
            raise self._problems
        return messages.findings(problems=self._problems)

    def close(self) -> None:
        self.closed = True


def camera(client: FakeClient, fps: float) -> Camera:
    jpegs = [bytes([number]) for number in range(100)]
    return Camera(cast("EngineClient", client), jpegs, fps, offset_s=0.0)


def test_a_slow_engine_gets_the_newest_picture_and_the_others_are_skipped() -> None:
    client = FakeClient(0.25, {})
    one = camera(client, fps=10)
    one.run(time.perf_counter(), seconds=1.0)
    numbers = [picture[0] for picture in client.sent]
    assert numbers == sorted(set(numbers))
    assert one.skipped == numbers[-1] - numbers[0] - len(numbers) + 1 + numbers[0]
    assert one.skipped >= 3
    assert len(one.ages_s) == len(numbers)
    # The age is that of the picture, from when it was taken.
    assert min(one.ages_s) >= 0.25
    assert client.closed


def test_a_fast_engine_gets_every_picture_once() -> None:
    client = FakeClient(0.0, {})
    one = camera(client, fps=20)
    one.run(time.perf_counter(), seconds=0.5)
    numbers = [picture[0] for picture in client.sent]
    assert numbers == sorted(set(numbers))
    assert len(numbers) + one.skipped <= 11


def test_without_a_rate_the_next_picture_follows_the_answer() -> None:
    client = FakeClient(0.05, {})
    one = camera(client, fps=0)
    one.run(time.perf_counter(), seconds=0.3)
    assert [picture[0] for picture in client.sent] == list(range(len(client.sent)))
    assert one.skipped == 0
    assert min(one.ages_s) >= 0.05


@pytest.mark.parametrize("problems", [{"faces": "broken"}, EngineError("gone")])
def test_what_is_not_answered_is_no_result(problems: dict[str, str] | EngineError) -> None:
    one = camera(FakeClient(0.05, problems), fps=0)
    one.run(time.perf_counter(), seconds=0.1)
    assert one.ages_s == []
    assert one.failures[0] in ("broken", "gone")


def test_a_model_that_leaves_the_path_fails_the_step() -> None:
    faces = ModelInfo(task="faces", state="ready", path="device", reason=None)
    mesh = ModelInfo(task="landmarks", state="ready", reason="the package cupy is missing")
    check_path([faces], "device")
    check_path([mesh], "standard")
    with pytest.raises(EngineError, match="landmarks: the package cupy is missing"):
        check_path([faces, mesh], "device")
