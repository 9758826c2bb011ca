"""Points on faces that are guesses: told from those that were seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convergecast.config import HubConfig
from convergecast.detection.faces.guessed_points import OF_MESH, guessed
from convergecast.engine.pipeline import Pipeline
from convergecast.messages.engine import FoundFace, Wanted
from convergecast.vision.detections import Floats
from scripts.bench import datasets
from scripts.bench.landmark_accuracy import GOOD_ERROR
from scripts.bench.metrics import landmark_error

WANTED = Wanted(options=("landmarks",), complete=True)
MOST_ERROR, MOST_HIDDEN = 0.4, 0.05
BOX = np.array([[0, 0, 100, 120]], np.float32)


def five(points: Floats) -> Floats:
    """Return what the detector's five points are among 68."""
    eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
    return np.stack([*eyes, points[30], points[48], points[54]])


def face() -> Floats:
    """Return (68, 2) points of a face that looks into the camera, 100 pixels wide."""
    points = np.full((68, 2), 50, np.float32)
    points[:17] = [[3 * at + 2 * at, 40 + 60 * np.sin(np.pi * at / 16)] for at in range(17)]
    points[:17, 0] += 10
    points[36:42], points[42:48] = [32, 45], [68, 45]
    points[30], points[33], points[48], points[54] = [50, 64], [50, 73], [36, 88], [64, 88]
    return points


def is_guessed(landmarks: Floats, detected: Floats) -> bool:
    return bool(guessed(landmarks[None], detected[None], BOX)[0])


def test_a_fit_that_agrees_with_the_detector_is_trusted() -> None:
    assert not is_guessed(face(), five(face()))
    assert not is_guessed(face(), np.empty((0, 2), np.float32)), "a detector without points"
    turned = face() @ np.array([[0.6, 0.8], [-0.8, 0.6]], np.float32)
    assert not is_guessed(turned, five(turned)), "a head may be tilted"


def test_a_fit_elsewhere_than_the_detector_has_it_is_a_guess() -> None:
    off = five(face())
    off[4] += [9, 9]
    assert is_guessed(face(), off)


@pytest.mark.parametrize("points", [68, 5])
def test_what_the_detector_sees_turned_is_a_guess(points: int) -> None:
    profile = five(face())
    profile[2] = [65, 60]
    of_five = np.array([[74, 45], [62, 45], [26, 45], [38, 45], [50, 73]], np.float32)
    landmarks = face() if points == 68 else of_five
    assert is_guessed(landmarks, profile)
    assert not is_guessed(landmarks, five(face()))


def test_a_fit_of_odd_proportions_is_a_guess_without_a_detectors_points() -> None:
    nothing = np.empty((0, 2), np.float32)
    uneven, nodding = face(), face()
    uneven[1] = [45, 60]
    nodding[33, 1] = 60
    assert is_guessed(uneven, nothing)
    assert is_guessed(nodding, nothing)


def test_the_mesh_may_be_narrow_on_one_side_but_not_turned_far() -> None:
    nothing = np.empty((0, 2), np.float32)
    uneven, nodding, turned = face(), face(), five(face())
    uneven[1] = [45, 60]
    nodding[33, 1] = 60
    turned[2] += [13, 0]
    for landmarks, detected, expected in (
        (uneven, five(face()), False),
        (nodding, nothing, True),
        (face(), turned, True),
    ):
        found = guessed(landmarks[None], detected[None], BOX, OF_MESH)
        assert bool(found[0]) == expected


@pytest.mark.data
@pytest.mark.parametrize(("model", "precision"), [("landmarks-68", "auto"), ("face-mesh", "fp32")])
def test_turned_heads_get_no_point_that_is_far_off_and_others_keep_theirs(
    data_folder: Path, models_ready: None, model: str, precision: str
) -> None:
    pipeline = Pipeline(HubConfig(landmark_model=model, precision=precision), threads=2)
    turned = [_drawn(pipeline, one) for one in datasets.aflw2000(data_folder)]
    assert len(turned) == 8
    assert max(error for _, error, _ in turned) <= MOST_ERROR
    faces = [_drawn(pipeline, one) for one in datasets.youtubefaces(data_folder)]
    assert len(faces) == 101
    assert max(error for _, error, _ in faces) <= MOST_ERROR
    hidden = [is_hidden for mean, _, is_hidden in faces if mean < GOOD_ERROR]
    assert len(hidden) > 70
    assert sum(hidden) <= MOST_HIDDEN * len(hidden)


def _drawn(pipeline: Pipeline, sample: datasets.Sample[Floats]) -> tuple[float, float, bool]:
    """Return the mean error of a fit, the largest of the points drawn, and whether it is hidden.

    Over the distance of the outer corners of the eyes, as in `bench accuracy`.
    """
    (found,) = pipeline.run([pipeline.prepare_image(sample.image, WANTED)])
    one = min(found.faces or (), key=lambda each: _off(each, sample.truth))
    landmarks, truth = np.array(one.landmarks, np.float32), sample.truth
    shown, expected = landmarks, truth
    if one.landmarks_guessed:
        shown = np.array(one.points or np.empty((0, 2)), np.float32)
        expected = five(truth)[: len(shown)]
    eyes = float(np.linalg.norm(truth[36] - truth[45]))
    largest = np.linalg.norm(shown - expected, axis=1).max(initial=0.0) / eyes
    return landmark_error(landmarks, truth), float(largest), bool(one.landmarks_guessed)


def _off(found: FoundFace, truth: Floats) -> float:
    middle = truth.mean(axis=0)
    return float(np.hypot(*(np.array(found.box).reshape(2, 2).mean(axis=0) - middle)))
