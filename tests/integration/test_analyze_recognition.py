"""`python -m convergecast analyze --options recognition`: names by the people of a hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from convergecast.clock import SystemClock
from convergecast.config import HubConfig
from convergecast.engine.pipeline import Pipeline
from convergecast.faces.enrolment import Enrolment, Source
from convergecast.faces.gallery import Gallery
from convergecast.faces.settings import SettingsStore
from convergecast.messages.engine import Wanted
from convergecast.messages.people import SettingsChange
from convergecast.storage.database import DATABASE_NAME, Database
from convergecast.vision.detections import Bytes
from tests.integration.test_analyze import analyze, write_clip
from tests.support.callers import TESTER

OFF = "Face recognition is switched off: switch it on first, on the page Faces."


class Hub:
    """A data folder, filled as a hub fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clock = SystemClock()
        self.database = Database(folder / DATABASE_NAME)
        self.settings = SettingsStore(database=self.database, clock=clock, allowed=True)
        self.gallery = Gallery(self.database, clock)
        pipeline = Pipeline(HubConfig(device="cpu"), threads=2)  # the precision of `analyze`
        wanted = Wanted(options=("recognition",), complete=True, crops=True)
        self._enrolment = Enrolment(
            self.gallery,
            self.settings,
            lambda content: pipeline.run([pipeline.prepare(content, wanted)])[0],
        )

    def enrol(self, name: str, *pictures: bytes) -> None:
        self.settings.change(SettingsChange(recognition=True))
        person = self._enrolment.enrol(
            name=name,
            person_id=None,
            consent_by="test",
            pictures=[Source(name="a picture", content=content) for content in pictures],
            by=TESTER,
        )
        assert person.rejected == []


@contextmanager
def hub(folder: Path) -> Iterator[Hub]:
    filled = Hub(folder)
    try:
        yield filled
    finally:
        filled.database.close()


def png(image: Bytes) -> bytes:
    content: bytes = cv2.imencode(".png", image)[1].tobytes()
    return content


@pytest.fixture
def portrait(tmp_path: Path, astronaut: Bytes) -> Path:
    path = tmp_path / "portrait.png"
    path.write_bytes(png(astronaut))
    return path


@pytest.fixture
def known(tmp_path: Path, astronaut: Bytes) -> Path:
    """A data folder in which the astronaut is known."""
    folder = tmp_path / "hub"
    with hub(folder) as filled:
        filled.enrol("Eileen", png(astronaut))
    return folder


def test_a_picture_of_somebody_known_has_the_name(known: Path, portrait: Path) -> None:
    before = (known / DATABASE_NAME).read_bytes()
    options: list[str | Path] = ["--options", "faces,recognition", "--data-dir", known]
    (result,), said = analyze(portrait, *options)
    (face,) = result["faces"]
    assert face["identity"]["state"] == "known"
    assert face["identity"]["flaws"] == []
    assert face["person"]["name"] == face["identity"]["name"] == "Eileen"
    assert face["person"]["distance"] < 0.05
    assert face["landmarks"] is None
    assert said.splitlines()[-1] == "1 frame of 1 file analysed"
    assert "unknown" not in said
    assert (known / DATABASE_NAME).read_bytes() == before


def test_in_a_video_a_name_comes_by_votes_and_nothing_is_noted(
    known: Path, tmp_path: Path, astronaut: Bytes
) -> None:
    clip = write_clip(tmp_path / "clip.avi", astronaut, 20)
    results, _ = analyze(clip, "--options", "recognition", "--data-dir", known)
    states = [result["faces"][0]["identity"]["state"] for result in results]
    first = states.index("known")
    assert 3 <= first <= 12
    assert set(states[first:]) == {"known"}
    assert "known" not in states[:first]
    with hub(known) as filled:
        assert filled.gallery.sightings(0, 1e11) == []


def test_two_videos_of_one_run_do_not_share_what_was_seen(
    known: Path, tmp_path: Path, astronaut: Bytes
) -> None:
    clips = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        clips.append(write_clip(tmp_path / name / "clip.avi", astronaut, 8))
    results, _ = analyze(*clips, "--options", "recognition", "--data-dir", known)
    faces = [result["faces"][0] for result in results]
    assert [face["identity"]["state"] for face in faces[:8]] == [
        face["identity"]["state"] for face in faces[8:]
    ]
    assert faces[8]["identity"]["state"] == "undecided"


def test_switched_off_it_says_so_and_does_nothing(
    tmp_path: Path, portrait: Path, known: Path
) -> None:
    with hub(known) as filled:
        filled.settings.change(SettingsChange(recognition=False))
    results, said = analyze(portrait, "--options", "recognition", "--data-dir", known, status=1)
    assert (results, said) == ([], f"convergecast: {OFF}\n")
    nowhere = tmp_path / "nowhere"
    results, said = analyze(portrait, "--options", "recognition", "--data-dir", nowhere, status=1)
    assert results == []
    assert said.startswith(f"convergecast: {nowhere} holds no hub's database")
    assert not nowhere.exists()
    forbidden = tmp_path / "off.toml"
    forbidden.write_text("recognition_allowed = false\n")
    words: list[str | Path] = [
        "--options",
        "recognition",
        "--data-dir",
        known,
        "--config",
        forbidden,
    ]
    _, said = analyze(portrait, *words, status=1)
    assert "recognition_allowed is false" in said


def test_where_nobody_is_enrolled_it_says_so_and_all_are_unknown(
    tmp_path: Path, portrait: Path
) -> None:
    folder = tmp_path / "hub"
    with hub(folder) as filled:
        filled.settings.change(SettingsChange(recognition=True))
    (result,), said = analyze(portrait, "--options", "recognition", "--data-dir", folder)
    assert said.startswith(f"Nobody is enrolled in {folder}: every face stays unknown.\n")
    (face,) = result["faces"]
    assert face["identity"]["state"] == "unknown"
    assert face["person"] is None


def test_people_who_were_enrolled_with_other_models_are_not_compared(
    known: Path, portrait: Path
) -> None:
    with hub(known) as filled:
        before = "UPDATE face_pictures SET kind = 'dlib-resnet-b223d73c fp32 landmarks-5'"
        assert filled.database.execute(before) == 1
    words: list[str | Path] = ["--options", "recognition", "--data-dir", known]
    results, said = analyze(portrait, portrait, *words)
    assert said.count("The people were enrolled with other models than these") == 1
    for result in results:
        assert result["faces"][0]["identity"]["state"] == "unknown"


@pytest.mark.data
def test_everybody_of_the_examples_is_named_rightly(data_folder: Path, tmp_path: Path) -> None:
    examples = data_folder / "identities" / "knn_examples"
    folder = tmp_path / "hub"
    with hub(folder) as filled:
        for person in sorted((examples / "train").iterdir()):
            filled.enrol(person.name, *(path.read_bytes() for path in sorted(person.iterdir())))
    results, _ = analyze(examples / "test", "--options", "recognition", "--data-dir", folder)
    named = {
        Path(result["path"]).name: sorted(
            face["person"]["name"] for face in result["faces"] if face["person"]
        )
        for result in results
    }
    assert named == {
        "alex_lacamoire1.jpg": ["alex_lacamoire"],
        "johnsnow_test1.jpg": ["kit_harington"],
        "kit_with_rose.jpg": ["kit_harington", "rose_leslie"],
        "obama1.jpg": ["obama"],
        "obama_and_biden.jpg": ["biden", "obama"],
    }
