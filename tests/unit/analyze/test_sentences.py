"""The sentences of `analyze` at a terminal: for a picture, and for a video as a whole."""

from __future__ import annotations

from typing import Any

from convergecast.analyze.sentences import Sentences
from convergecast.messages.results import PictureResult
from tests.support.messages import picture_result

BOX = [0.0, 0.0, 1.0, 1.0]


def face(state: str | None = None, name: str | None = None) -> dict[str, Any]:
    identity = None if state is None else {"state": state, "id": name, "name": name}
    return {"box": BOX, "score": 0.9, "identity": identity}


def result(
    *labels: str, faces: list[dict[str, Any]] | None = None, people: int | None = None
) -> PictureResult:
    objects = [{"box": BOX, "score": 0.9, "label": label, "label_id": 1} for label in labels]
    return picture_result(objects=objects, faces=faces, people=people)


def said_of(*frames: tuple[str, int | None, PictureResult]) -> list[str]:
    lines: list[str] = []
    with Sentences(lines.append) as sentences:
        for path, number, found in frames:
            sentences.write(found, path=path, frame=number)
    return lines


def test_a_picture() -> None:
    names = [face("known", "Ann"), face("perhaps", "Bo"), face("unknown"), face("unknown")]
    assert said_of(
        ("a.jpg", None, result("dog", "chair", "chair", faces=names, people=1)),
        ("b.jpg", None, result(faces=[face()], people=2)),
        ("c.jpg", None, result(faces=[], people=0)),
    ) == [
        "a.jpg: 4 faces (Ann, perhaps Bo, unknown), 1 person, objects: 2 × chair, dog",
        "b.jpg: 1 face, 2 people",
        "c.jpg: nothing found",
    ]


def test_a_video_is_told_at_its_end_and_once() -> None:
    both = [face("known", "Ann"), face("unknown")]
    assert said_of(
        ("a.mp4", 0, result("dog", faces=[face("unknown")])),
        ("a.mp4", 1, result("dog", "dog", faces=both)),
        ("a.mp4", 2, result("cat", faces=[])),
        ("b.mp4", 0, result()),
        ("c.jpg", None, result()),
        ("a.mp4", 0, result("cat")),
    ) == [
        "a.mp4: 3 frames; most at once: 2 faces (unknown, Ann), objects: 2 × dog, cat",
        "b.mp4: 1 frame; nothing found",
        "c.jpg: nothing found",
        "a.mp4: 1 frame; most at once: objects: cat",
    ]


def test_a_name_cannot_steer_the_terminal() -> None:
    assert said_of(("a\x1b[2J\udcff.jpg", None, result())) == [
        "a\\x1b[2J\\udcff.jpg: nothing found"
    ]
