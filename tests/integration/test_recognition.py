"""People are told apart, live and in pictures, by a real hub, engine and agents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.support import hamilton
from tests.support.rig import Rig, end

TWO = "head-pose-face-detection-female-and-male.gif"
SINGLE = "head-pose-face-detection-{}.gif"
ENROLLED = {"female": (8, 18), "male": (2, 30)}
"""Frames of the single clips from which each person is enrolled."""
OTHERS = ("classroom.gif", "d18.mp4", "d19.mp4", "s18.mp4")
NAMED_WITHIN_S = 3.0
WATCHED_S = 12.0
LEAST_RIGHT = 0.95
NAMED_AGAIN_WITHIN_S = 1.0
CUTS_WATCHED_S = 20.0
LEAST_NAMED = 0.8
TESTED = {
    "alex_lacamoire1.jpg": ["alex_lacamoire"],
    "johnsnow_test1.jpg": ["kit_harington"],
    "kit_with_rose.jpg": ["rose_leslie", "kit_harington"],
    "obama1.jpg": ["obama"],
    "obama_and_biden.jpg": ["biden", "obama", None],
}
"""Who is in the pictures, from left to right; None for somebody who is not enrolled."""

pytestmark = [pytest.mark.data, pytest.mark.usefixtures("models_ready")]


@pytest.fixture
def hub(rig: Rig) -> Rig:
    """A hub on which face recognition is switched on."""
    answer = rig.request("PUT", "/api/v1/settings", json={"recognition": True})
    assert answer.status_code == 200, answer.text
    return rig


def enrol(hub: Rig, name: str, pictures: list[bytes]) -> None:
    parts: list[Any] = [("name", (None, name)), ("consent", (None, "true"))]
    parts += [("pictures", (f"{at}.png", content)) for at, content in enumerate(pictures)]
    answer = hub.request("POST", "/api/v1/people", files=parts)
    assert answer.status_code == 201, answer.text
    assert [picture["used"] for picture in answer.json()["pictures"]] == [True] * len(pictures)


def frames(video: Path, numbers: tuple[int, ...]) -> list[bytes]:
    capture = cv2.VideoCapture(str(video))
    found = []
    for number in range(max(numbers) + 1):
        done, image = capture.read()
        assert done
        if number in numbers:
            found.append(cv2.imencode(".png", image)[1].tobytes())
    capture.release()
    return found


def enrol_the_two(hub: Rig, data_folder: Path) -> None:
    for name, numbers in ENROLLED.items():
        enrol(hub, name, frames(data_folder / "videos" / SINGLE.format(name), numbers))


def start_recognising(hub: Rig, video: Path) -> tuple[str, Any]:
    """Start the only camera with recognition on; return its id, and its agent."""
    agent = hub.start_agent("--source", str(video))
    (camera,) = hub.wait_online(1)
    path = f"/api/v1/cameras/{camera['id']}"
    answer = hub.request("PATCH", path, json={"options": ["recognition"]})
    assert answer.status_code == 200, answer.text
    return str(camera["id"]), agent


def results(hub: Rig, camera_id: str, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield every result of a camera for a while, each once."""
    last, until = None, time.monotonic() + seconds
    while time.monotonic() < until:
        answer = hub.request("GET", f"/api/v1/cameras/{camera_id}/result")
        if answer.status_code == 200 and answer.json()["seq"] != last:
            last = answer.json()["seq"]
            yield answer.json()
        time.sleep(0.02)


def named(result: dict[str, Any]) -> list[str | None]:
    """Return who the faces of a result are, from left to right."""
    faces = sorted(result["faces"] or [], key=lambda face: face["box"][0])
    return [face["person"] and face["person"]["name"] for face in faces]


def now(hub: Rig, camera_id: str) -> list[str | None]:
    """Return who is in a camera's newest result; nobody while there is none."""
    return next(map(named, results(hub, camera_id, 0.1)), [])


@pytest.mark.alone
def test_two_people_are_named_soon_steadily_and_never_for_each_other(
    hub: Rig, data_folder: Path
) -> None:
    camera_id, _ = start_recognising(hub, data_folder / "videos" / TWO)
    hub.wait_for(lambda: now(hub, camera_id) == [None, None], "two faces", 60)
    enrol_the_two(hub, data_folder)
    began = time.monotonic()
    both = ["female", "male"]
    hub.wait_for(lambda: now(hub, camera_id) == both, "both names", 30)
    assert time.monotonic() - began < NAMED_WITHIN_S
    watched = list(results(hub, camera_id, WATCHED_S))
    # Where the clip begins again the names do, too: votes do not outlive a scene.
    cuts = [two["captured_at"] for one, two in pairwise(watched) if one["scene"] != two["scene"]]
    due = [
        named(result)
        for result in watched
        if not any(0 <= result["captured_at"] - cut < NAMED_AGAIN_WITHIN_S for cut in cuts)
    ]
    right = sum(names == both for names in due)
    assert len(watched) >= WATCHED_S and len(due) >= WATCHED_S / 2  # one a second is little enough
    assert right >= LEAST_RIGHT * len(due), f"{right} of {len(due)}"
    for names in map(named, watched):
        assert names in (both, ["female", None], [None, "male"], [None, None], both[:1], both[1:])


@pytest.mark.alone
def test_no_name_outlives_a_cut(hub: Rig, data_folder: Path) -> None:
    camera_id = hamilton.begin(hub, data_folder)
    watched = asyncio.run(hamilton.watch(hub, camera_id, CUTS_WATCHED_S))
    names = hamilton.judge(watched)
    assert names.wrong == []
    assert names.mixed == 0, "pictures of two scenes had one number"
    assert names.due[hamilton.SINGER] > 100
    assert names.share(hamilton.SINGER) >= LEAST_NAMED


@pytest.mark.shared_hub
def test_nobody_else_is_taken_for_them(hub: Rig, data_folder: Path) -> None:
    enrol_the_two(hub, data_folder)
    for video in OTHERS:
        camera_id, agent = start_recognising(hub, data_folder / "videos" / video)
        hub.wait_for(partial(now, hub, camera_id), f"faces in {video}", 60)
        states = set()
        for result in results(hub, camera_id, 5):
            assert set(named(result)) <= {None}, video
            states |= {face["identity"]["state"] for face in result["faces"]}
        assert states <= {"unknown", "undecided"}, video
        end(agent)
        assert hub.request("DELETE", f"/api/v1/cameras/{camera_id}").status_code == 204


@pytest.mark.shared_hub
def test_the_seven_faces_are_named_from_one_or_two_pictures_a_person(
    hub: Rig, data_folder: Path
) -> None:
    examples = data_folder / "identities" / "knn_examples"
    for folder in sorted((examples / "train").iterdir()):
        enrol(hub, folder.name, [path.read_bytes() for path in sorted(folder.iterdir())])
    for file, people in TESTED.items():
        picture = (examples / "test" / file).read_bytes()
        answer = hub.request("POST", "/api/v1/analyze?options=recognition", data=picture)
        assert answer.status_code == 200, answer.text
        assert named(answer.json()) == people, file
        for face in answer.json()["faces"]:
            assert face["identity"]["state"] == ("known" if face["person"] else "unknown")
            assert face["person"] is None or face["person"]["distance"] <= 0.47
