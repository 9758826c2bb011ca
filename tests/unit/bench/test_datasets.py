"""The readers of the folder of test pictures, against what its README says is there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from convergecast.errors import InvalidInput
from convergecast.labels import label
from convergecast.vision.detections import Floats
from scripts.bench.datasets import (
    GALLERY,
    aflw2000,
    coco_val,
    faces_wider,
    identities,
    youtubefaces,
)
from scripts.bench.tracking import people_there


@pytest.mark.data
def test_wider_faces_lie_in_pictures_of_their_original_size(data_folder: Path) -> None:
    samples = list(faces_wider(data_folder))
    assert len(samples) == 100
    assert {sample.image.shape[1] for sample in samples} == {1024}
    for _, image, faces in samples:
        assert (faces.boxes[:, :2] < faces.boxes[:, 2:]).all()
        assert (faces.boxes[:, 2:] <= [image.shape[1], image.shape[0]]).all()


@pytest.mark.data
def test_coco_objects_have_the_ids_of_the_list_of_91(data_folder: Path) -> None:
    samples = {sample.name: sample for sample in coco_val(data_folder)}
    assert len(samples) == 64
    bear = samples["000000000285.jpg"].truth
    assert [label(int(at)) for at in bear.label_ids] == ["bear"]
    width = samples["000000000285.jpg"].image.shape[1]
    assert bear.boxes[0, 2] - bear.boxes[0, 0] == pytest.approx(0.99756 * width, abs=0.1)


@pytest.mark.data
def test_the_sixty_eight_points_run_from_ear_to_ear_and_end_at_the_mouth(
    data_folder: Path,
) -> None:
    known = [*youtubefaces(data_folder), *aflw2000(data_folder)]
    assert len(known) == 101 + 8
    for _, image, points in known:
        assert image.ndim == 3
        assert points.shape == (68, 2)
        eyes, mouth = points[36:48], points[48:]
        assert centre(eyes)[1] < centre(mouth)[1]
        assert points[36, 0] < points[45, 0]


@pytest.mark.data
def test_pets_has_as_many_people_in_its_frames_as_its_readme_says(data_folder: Path) -> None:
    there = people_there(data_folder)
    assert len(there) == 31
    assert len(there[1]) == 3
    assert len(there[577]) == 7
    boxes = [box for people in there.values() for box in people.values()]
    assert all(x1 < x2 <= 485 and y1 < y2 <= 365 for x1, y1, x2, y2 in boxes)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    for reader in (faces_wider, coco_val, youtubefaces, aflw2000, people_there):
        with pytest.raises(InvalidInput, match=re.escape(str(tmp_path))):
            list(reader(tmp_path))


def centre(points: Floats) -> Floats:
    middle: Floats = np.mean(points, axis=0)
    return middle


@pytest.mark.data
def test_portraits_show_nineteen_faces_of_six_people(data_folder: Path) -> None:
    samples = list(identities(data_folder))
    people = [person for sample in samples for person in sample.truth]
    assert (len(samples), len(people), len(set(people))) == (17, 19, 6)
    assert sum(sample.name.startswith(GALLERY) for sample in samples) == 9
