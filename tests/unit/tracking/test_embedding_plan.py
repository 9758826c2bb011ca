"""The worker's plan: three vectors soon, then few, and none that would be nobody's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from convergecast.messages.engine import Findings, VectorKind
from convergecast.messages.worker import Seen
from convergecast.tracking.embedding_plan import EmbeddingPlan
from tests.support.messages import findings, look, result

KIND = VectorKind(model="m-1", precision="fp32", alignment="landmarks-68")
BOX = [10.0, 10.0, 60.0, 60.0]


def found(*looks: Any, kind: VectorKind = KIND) -> Findings:
    faces = [{"box": BOX, "score": 0.9, "landmarks": None, "look": one} for one in looks]
    return msgspec.structs.replace(findings(faces=faces), kind=kind)


class Camera:
    """A face in front of a camera, an engine that embeds all that is not settled, and a clock."""

    def __init__(self) -> None:
        self.plan = EmbeddingPlan()
        self.at_s = 1_000.0
        self.track_id: int | None = 1
        self.box = BOX
        self.quality = 0.5
        self.usable = True
        self.kind = KIND

    def look(self, step_s: float = 0.1) -> bool:
        """Let time go by and analyse a frame; whether the hub was told a vector."""
        self.at_s += step_s
        settled = self.plan.settled(self.at_s)
        better = all(
            self.quality >= place[4] + 0.1 for place in settled if [*place[:4]] == self.box
        )
        told = {
            "quality": self.quality,
            "flaws": [],
            "usable": self.usable,
            "vector": b"1234" if better and self.usable else None,
        }
        shown = result(faces=[{"box": self.box, "track_id": self.track_id}])
        seen = self.plan.take(shown, found(told, kind=self.kind), self.at_s)
        assert seen is None or (seen.kind == self.kind and seen.faces)
        return seen is not None

    def looks(self, seconds: float, step_s: float = 0.1) -> int:
        """Return how many vectors the hub was told."""
        return sum(self.look(step_s) for _ in range(round(seconds / step_s)))


def test_the_first_three_come_soon_and_differ_and_later_ones_seldom() -> None:
    camera = Camera()
    told = [camera.look() for _ in range(9)]
    assert told == [True, False, False, True, False, False, True, False, False]
    assert camera.looks(1.5) == 0
    assert camera.looks(20) == pytest.approx(10, abs=1)


def test_a_slow_engine_embeds_at_every_look_until_three_are_there() -> None:
    camera = Camera()
    assert [camera.look(1.0) for _ in range(5)] == [True, True, True, False, True]


def test_a_better_face_does_not_wait() -> None:
    camera = Camera()
    camera.looks(1)
    camera.quality = 0.55
    assert not camera.look()
    camera.quality = 0.8
    assert camera.look()
    assert not camera.look()


def test_what_has_no_track_yet_is_settled_for_a_moment() -> None:
    camera = Camera()
    camera.track_id = None
    assert camera.plan.settled(camera.at_s) == ()
    camera.look()
    assert camera.plan.settled(camera.at_s + 0.1) == ((*BOX, 1.0),)
    assert camera.plan.settled(camera.at_s + 0.3) == ()
    camera.track_id = 7
    camera.look()
    assert camera.look()


def test_what_is_told_to_the_hub_is_named_by_track() -> None:
    plan = EmbeddingPlan()
    face = {"quality": 0.7, "flaws": ["blurred"], "usable": True, "vector": b"1234", "crop": b"/9j"}
    other = {**face, "vector": None, "crop": None}
    shown = [{"box": BOX, "track_id": 4}, {"box": [100, 0, 150, 50], "track_id": 5}]
    seen = plan.take(result(faces=shown), found(face, other), 1.0)
    assert seen == Seen(kind=KIND, faces={4: look(**face)})


def test_without_recognition_there_is_nothing_to_tell() -> None:
    plan = EmbeddingPlan()
    shown = result(faces=[{"box": BOX, "track_id": 4}])
    plain_face = {"box": BOX, "score": 0.9, "landmarks": None}
    assert plan.take(shown, findings(faces=[plain_face]), 1.0) is None
    assert plan.take(result(), findings(objects=[]), 1.0) is None
    assert plan.settled(1.1) == () and not plan.in_hurry()


def test_a_face_that_was_missed_once_is_expected_where_it_was() -> None:
    camera = Camera()
    camera.looks(1)
    camera.plan.take(result(faces=[]), found(), camera.at_s + 0.1)
    assert camera.plan.settled(camera.at_s + 0.2) == ((*BOX, 0.5),)
    assert camera.plan.settled(camera.at_s + 3) == ()


def test_a_face_that_was_long_gone_begins_anew() -> None:
    camera = Camera()
    camera.looks(1)
    camera.box = [100.0, 10.0, 150.0, 60.0]
    camera.track_id = 2
    camera.looks(16)
    camera.box, camera.track_id = BOX, 1
    assert camera.looks(1) == 3


def test_another_model_begins_anew() -> None:
    camera = Camera()
    camera.looks(1)
    camera.kind = msgspec.structs.replace(KIND, alignment="landmarks-5")
    assert camera.looks(2) == 3


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    camera = Camera()
    camera.looks(1)
    camera.at_s -= 3_600
    assert camera.look()


def test_it_is_in_a_hurry_until_a_face_of_use_has_three() -> None:
    camera = Camera()
    camera.look()
    assert camera.plan.in_hurry()
    camera.looks(0.8)
    assert not camera.plan.in_hurry()


def test_for_a_face_of_no_use_or_nobodys_nothing_hurries() -> None:
    camera = Camera()
    camera.usable = False
    assert camera.looks(1) == 0
    assert not camera.plan.in_hurry()
    camera = Camera()
    camera.track_id = None
    camera.looks(1)
    assert not camera.plan.in_hurry()


def test_it_does_not_hurry_for_ever() -> None:
    plan = EmbeddingPlan()
    face = {"quality": 0.5, "flaws": [], "usable": True, "vector": None, "crop": None}
    shown = result(faces=[{"box": BOX, "track_id": 1}])
    for at_s in (0.0, 2.0, 4.0):
        plan.take(shown, found(face), at_s)
        assert plan.in_hurry() == (at_s < 3)
