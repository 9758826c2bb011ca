"""How closely the next frame is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from convergecast.cameras.attention import (
    AGAIN_S,
    DOUBT_S,
    FULL_EVERY_S,
    MOST_FACES,
    Attention,
)
from convergecast.labels import PERSON, label_id
from convergecast.messages.engine import Findings, Focus
from convergecast.messages.results import DetectedObject, Face, Result

STEP_S = 0.1


def face(track_id: int | None, left: float = 100.0, speed: float | None = None) -> Face:
    return Face(
        box=[left, 50.0, left + 40, 100.0],
        score=0.9,
        track_id=track_id,
        velocity=None if speed is None else [speed, 0.0],
        points=None,
        landmarks=None,
        landmarks_guessed=None,
        identity=None,
    )


def thing(track_id: int | None, kind: int = PERSON, score: float = 0.8) -> DetectedObject:
    label = "person" if kind == PERSON else "cat"
    box = [0.0, 0.0, 9.0, 9.0]
    return DetectedObject(
        box=box, score=score, label=label, label_id=kind, track_id=track_id, velocity=None
    )


class Scene:
    """Frames of one camera, ten a second."""

    def __init__(self) -> None:
        self.attention = Attention()
        self.now_s = 1000.0

    def look(
        self,
        *found: Face | DetectedObject,
        needed: bool = False,
        ready: Sequence[str] = ("faces", "objects"),
        always_whole: bool = False,
    ) -> Focus:
        """Return how closely to look at a frame, in which models that are ready found so much."""
        focus = self.attention.focus(self.now_s)
        result = self.result(*found)
        result = replace(
            result, **{task: None for task in ("faces", "objects") if task not in ready}
        )
        findings = Findings(
            width=640,
            height=480,
            problems={},
            loading=False,
            whole="faces" in ready and (focus.whole or always_whole),
            closer_needed=needed and focus.closer,
        )
        self.attention.take(focus, findings, result, self.now_s)
        self.now_s += STEP_S
        return focus

    def result(self, *found: Face | DetectedObject) -> Result:
        """Return what was found in a frame."""
        return Result(
            camera_id="c",
            seq=1,
            captured_at=self.now_s,
            processed_at=self.now_s,
            unchanged_until=self.now_s,
            width=640,
            height=480,
            scene=1,
            options=("faces", "objects"),
            faces=[one for one in found if isinstance(one, Face)],
            objects=[one for one in found if isinstance(one, DetectedObject)],
            people=None,
        )

    def until(self, name: str, *found: Face | DetectedObject, needed: bool = False) -> int:
        """Return how many frames from now on come before one with such a look, and that one."""
        for count in range(1, 100):
            if getattr(self.look(*found, needed=needed), name):
                return count
        pytest.fail("never")


FULL_FRAMES = round(FULL_EVERY_S / STEP_S)


def test_a_scene_is_looked_at_in_full_first_and_then_every_second() -> None:
    scene = Scene()
    first = scene.look(face(1))
    assert (first.whole, first.closer, first.faces) == (True, True, ())
    assert FULL_FRAMES - 1 <= scene.until("whole", face(1)) <= FULL_FRAMES + 1
    assert FULL_FRAMES - 1 <= scene.until("closer", face(1)) <= FULL_FRAMES + 1
    assert FULL_FRAMES - 2 <= scene.until("whole", face(1)) <= FULL_FRAMES + 1


def test_faces_are_expected_where_their_velocity_takes_them() -> None:
    scene = Scene()
    scene.look(face(1, left=100.0, speed=200.0), face(None, left=300.0))
    focus = scene.look()
    assert [round(box[0]) for box in focus.faces] == [120, 300]
    assert [round(box[2] - box[0]) for box in focus.faces] == [40, 40]


def test_a_face_that_is_missed_has_all_looked_at_again_soon() -> None:
    scene = Scene()
    scene.look(face(1), face(2))
    scene.look(face(1), face(2))
    scene.look(face(1))
    assert (scene.until("whole", face(1)) + 2) * STEP_S <= AGAIN_S + 2 * STEP_S
    # The full look did not find it either: it is gone, and asks for nothing more.
    assert scene.until("whole", face(1)) >= FULL_FRAMES - 1


def test_a_new_person_has_all_looked_at_for_a_face_but_no_cat_does() -> None:
    scene = Scene()
    scene.look(thing(1))
    cat = label_id("cat")
    assert cat is not None
    for _ in range(4):
        assert not scene.look(thing(1), thing(2, cat)).whole
    assert not scene.look(thing(1), thing(3)).whole
    assert scene.look(thing(1), thing(3)).whole
    assert scene.until("whole", thing(1), thing(3)) >= FULL_FRAMES - 1


def test_what_a_model_that_loads_could_not_look_at_is_looked_at_when_it_is_ready() -> None:
    scene = Scene()
    assert all(scene.look(thing(1), ready=["objects"]).whole for _ in range(3))
    assert scene.look(face(1), thing(1)).whole
    assert not scene.look(face(1), thing(1)).whole
    scene = Scene()
    assert all(scene.look(face(1), ready=["faces"]).closer for _ in range(3))
    assert scene.look(face(1), thing(2)).closer
    assert not scene.look(face(1), thing(2)).closer


def test_a_face_that_may_be_there_is_in_doubt_until_a_full_look_has_come() -> None:
    scene = Scene()
    scene.look(face(1), thing(1))
    assert not scene.attention.in_doubt
    scene.look(thing(1))
    assert scene.attention.in_doubt
    scene.until("whole", thing(1))
    assert not scene.attention.in_doubt
    scene.look(thing(1), thing(2))
    assert scene.attention.in_doubt
    scene.look(thing(1), thing(2), ready=["objects"])  # nobody can look for faces any more
    assert not scene.attention.in_doubt


def test_where_every_look_for_faces_is_a_full_one_nothing_is_in_doubt() -> None:
    """So it is on a GPU, and with detectors of one size."""
    scene = Scene()
    for found in ([face(1)], [], [thing(1)], [thing(1), thing(2)]):
        scene.look(*found, always_whole=True)
        assert not scene.attention.in_doubt


def test_with_many_faces_all_is_always_looked_at() -> None:
    scene = Scene()
    crowd = [face(at + 1, left=60.0 * at) for at in range(MOST_FACES + 1)]
    looks = [scene.look(*crowd) for _ in range(5)]
    assert all(focus.whole and not focus.faces for focus in looks)
    scene.look(*crowd[:-1])
    focus = scene.look(*crowd[:-1])
    assert not focus.whole and len(focus.faces) == MOST_FACES


def test_the_closer_look_goes_on_while_it_is_needed_and_is_tried_sooner_afterwards() -> None:
    scene = Scene()
    assert all(scene.look(needed=True).closer for _ in range(5))
    scene.look()
    assert scene.until("closer") == pytest.approx(AGAIN_S / STEP_S, abs=1)
    scene.now_s += DOUBT_S
    scene.look()
    assert scene.until("closer") >= FULL_FRAMES - 1


def test_what_is_clearly_seen_is_looked_at_closely_until_it_is_followed() -> None:
    scene = Scene()
    faint = thing(None, score=0.3)
    looks = [scene.look(thing(None), faint), scene.look(thing(None), faint)]
    looks += [scene.look(thing(7), faint), scene.look(thing(7), faint)]
    assert [look.closer for look in looks] == [True, True, True, False]


def test_what_a_closer_look_confirmed_keeps_its_score_until_the_next_one() -> None:
    scene = Scene()
    scene.look(thing(1), thing(None, score=0.4))
    focus = scene.attention.focus(scene.now_s)
    assert not focus.closer

    def scores(focus: Focus, *found: DetectedObject) -> list[float]:
        result = scene.attention.confirmed(focus, scene.result(*found))
        return [one.score for one in result.objects or ()]

    faint = [thing(1, score=0.3), thing(2, score=0.3), thing(None, score=0.3)]
    assert scores(focus, *faint) == [0.8, 0.3, 0.3]
    assert scores(focus, thing(1, score=0.9)) == [0.9]
    assert scores(Focus(whole=True, closer=True, faces=()), *faint) == [0.3, 0.3, 0.3]
    for _ in range(FULL_FRAMES + 2):
        scene.look(thing(1, score=0.3))
    assert scores(scene.attention.focus(scene.now_s), *faint) == [0.3, 0.3, 0.3]


def test_another_scene_and_a_clock_that_was_set_begin_with_a_full_look() -> None:
    scene = Scene()
    scene.look(face(1))
    assert not scene.look(face(1)).whole
    scene.attention.cut()
    focus = scene.look(face(1))
    assert focus.whole and focus.closer and not focus.faces
    scene.now_s -= 500
    assert scene.look(face(1)).whole
