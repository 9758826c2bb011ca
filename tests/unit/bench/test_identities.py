"""The benchmark of recognition: pairs, shares and rates of made-up faces, and of real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scripts.bench.identities import Known, Pairs, equal_error, measure_identities, pairs_of


def known(person: str, place: float) -> Known:
    vector = np.zeros(128, np.float32)
    vector[0] = place
    return Known(person, f"{person}.jpg", vector, 1.0)


def test_pairs_are_of_one_person_or_of_two() -> None:
    pairs = pairs_of([known("a", 0), known("a", 0.25), known("b", 1)])
    assert sorted(pairs.genuine) == [0.25]
    assert sorted(pairs.impostor) == [0.75, 1]
    assert not pairs_of([]).genuine.size


@pytest.mark.parametrize(
    ("genuine", "impostor", "rate"),
    [
        ([0.1, 0.2], [0.8, 0.9], 0),
        ([0.8, 0.9], [0.1, 0.2], 1),
        ([0.1, 0.2, 0.3, 0.7], [0.5, 0.8, 0.9, 1.0], 0.25),
    ],
)
def test_the_rate_is_where_as_many_of_either_kind_are_wrong(
    genuine: list[float], impostor: list[float], rate: float
) -> None:
    pairs = Pairs(np.array(genuine, np.float32), np.array(impostor, np.float32))
    assert equal_error(pairs) == pytest.approx(rate)


@pytest.mark.data
@pytest.mark.usefixtures("models_ready")
def test_all_ways_are_measured_and_the_examples_named(data_folder: Path) -> None:
    rows = {row.what: row for row in measure_identities(data_folder, limit=14)}
    for way in ("dlib, HOG upsampled once (baseline)", "ours, all faces", "ours, usable faces"):
        assert 0 <= (rows[f"{way}: true accepts at 0.50"].value or 0) <= 1
    assert rows["ours, 7 faces: named rightly"].value == 7
    assert rows["dlib, 7 faces: named rightly"].value == 7
