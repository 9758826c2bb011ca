"""The benchmarks of models and engine, as small as possible: every figure is there."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convergecast.detection.registry import create_face_detector
from convergecast.errors import InvalidInput, ModelError
from convergecast.model_store import store
from convergecast.model_store.store import InstalledModel
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes
from scripts.bench import accuracy, engine, first, overhead, speed
from scripts.bench.baselines import PlainCenterFace
from scripts.bench.parity import measure_parity
from scripts.bench.pictures import data_folder, take_pictures
from scripts.bench.report import Row, machine_line, table, written
from scripts.bench.speed import config_for
from scripts.bench.timing import alternate, this_machine

pytestmark = pytest.mark.usefixtures("models_ready")


def run_engine_bench(tmp_path: Path, part: str, seconds: float = 1.0) -> list[dict[str, Any]]:
    file = tmp_path / "figures.json"
    assert engine.run_bench(engine.Order(only=(part,), seconds=seconds), file) == 0
    figures = json.loads(file.read_text())
    assert figures["machine"]["processors"] >= 1
    rows: list[dict[str, Any]] = figures["rows"]
    assert {row["part"] for row in rows} == {part}
    assert all(row["value"] > 0 for row in rows), rows
    return rows


def test_landmarks_stand_beside_dlib_for_1_8_and_32_faces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = run_engine_bench(tmp_path, "landmarks")
    assert [row["what"] for row in rows] == [
        "dlib, 1 face (baseline)",
        "68 points, 1 face, 1 thread",
        "face mesh, 1 face, 1 thread",
        "dlib, 8 faces (baseline)",
        "68 points, 8 faces, 1 thread",
        "68 points, 8 faces, 2 threads",
        "face mesh, 8 faces, 1 thread",
        "face mesh, 8 faces, 2 threads",
        "dlib, 32 faces (baseline)",
        "68 points, 32 faces, 1 thread",
        "68 points, 32 faces, 2 threads",
        "face mesh, 32 faces, 1 thread",
        "face mesh, 32 faces, 2 threads",
    ]
    aims = {at: row["aim"] for at, row in enumerate(rows) if row["aim"]}
    assert list(aims.values()) == ["≥ 0.67", "≥ 3", "≥ 0.67", "≥ 3", "≥ 0.67"]
    assert aims.keys() & {4, 5} and aims.keys() & {9, 10}
    assert aims.keys() & {6, 7} and aims.keys() & {11, 12} and 2 in aims
    printed = capsys.readouterr().out
    assert this_machine().cpu in printed
    assert "photographs" in printed


def test_the_engine_is_measured_beside_a_bare_loop(models_ready: None) -> None:
    pictures, cases = take_pictures(None), [("faces", "fp32")]
    rows = overhead.measure_overhead(pictures, rounds=1, stretch_s=0.5, cases=cases)
    assert [(row.what, row.unit) for row in rows] == [
        ("faces fp32, bare loop (baseline)", "a second"),
        ("faces fp32, engine with 4 clients", "a second"),
        ("faces fp32, bare loop (baseline)", "ms CPU"),
        ("faces fp32, engine with 4 clients", "ms CPU"),
    ]
    assert all(row.value and row.value > 0 for row in rows)


def test_a_precision_that_is_not_there_is_a_line_that_says_so(models_ready: None) -> None:
    pictures = take_pictures(None)
    (row,) = overhead.measure_overhead(pictures, 1, 0.5, cases=[("faces", "int4")])
    assert row.value is None
    assert "no int4 variant: use fp32" in row.note


def test_the_memory_of_an_engine_grows_with_every_model(models_ready: None) -> None:
    rows = overhead.measure_memory(take_pictures(None), "fp32")
    sizes = [row.value or 0 for row in rows[:-1]]
    assert sizes == sorted(sizes)
    assert len(rows) == 5


def test_cameras_are_watched_with_all_options_at_once(tmp_path: Path) -> None:
    rows = run_engine_bench(tmp_path, "cameras", seconds=3)
    names = [row["what"] for row in rows]
    assert sum(name.startswith("results of Camera") for name in names) == 4
    assert "age of results when received, p95" in names
    assert "engine RSS at the end" in names


def test_the_first_result_is_timed_from_the_click(models_ready: None) -> None:
    first_row, complete_row = first.measure_first(1, cases=[("faces", "landmarks")])
    assert first_row.what == "faces and landmarks, first result"
    assert 0 < (first_row.value or 0) <= (complete_row.value or 0)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no part of this benchmark: faces, objects"):
        engine.run_bench(engine.Order(only=("speed",)), None)
    with pytest.raises(InvalidInput, match="no part of this benchmark: parity, faces"):
        accuracy.run_bench(accuracy.Order(only=("speed",)), None)


def test_without_the_data_folder_only_parity_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    assert accuracy.run_bench(accuracy.Order(), file) == 0
    values = {row["what"]: row["value"] for row in json.loads(file.read_text())["rows"]}
    assert values["68 points and dlib, coordinates that differ"] == 0
    assert values["5 points and dlib, coordinates that differ"] == 0
    assert values["face chips and dlib, values that differ"] == 0
    assert values["SSD and cv2.dnn, largest difference"] <= 1e-4
    assert values["embedding and dlib, largest difference"] <= 1e-5
    assert "--data" in capsys.readouterr().out


@pytest.mark.data
def test_parity_holds_on_pictures_of_the_data_folder_too(data_folder: Path) -> None:
    rows = {row.what: row for row in measure_parity(data_folder)}
    assert "27 pictures" in rows["68 points and dlib, coordinates that differ"].note
    assert (rows.pop("SSD and cv2.dnn, largest difference").value or 0) <= 1e-4
    assert (rows.pop("embedding and dlib, largest difference").value or 0) <= 1e-5
    assert len(rows) == 3
    assert all(row.value == 0 for row in rows.values()), rows


def test_what_a_store_lacks_is_a_row_and_the_rest_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = store.find

    def without_68(task: str, name: str | None = None, precision: str = "fp32") -> InstalledModel:
        if name == "landmarks-68":
            raise ModelError("The landmark predictor landmarks-68 is not installed")
        return find(task, name, precision)

    monkeypatch.setattr(store, "find", without_68)
    file = tmp_path / "figures.json"
    assert engine.run_bench(engine.Order(only=("landmarks", "embedding")), file) == 0
    rows = json.loads(file.read_text())["rows"]
    assert (rows[0]["part"], rows[0]["value"]) == ("landmarks", None)
    assert "not installed" in rows[0]["note"]
    assert {row["part"] for row in rows[1:]} == {"embedding"}
    assert accuracy.run_bench(accuracy.Order(), file) == 0
    (row,) = json.loads(file.read_text())["rows"]
    assert (row["part"], row["value"]) == ("parity", None)


def test_rows_are_written_when_a_benchmark_is_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    row = Row(part="faces", what="ours", value=1.0, unit="ms")
    with pytest.raises(KeyboardInterrupt), written(file, this_machine()) as rows:
        rows.append(row)
        raise KeyboardInterrupt
    assert json.loads(file.read_text())["rows"][0]["what"] == "ours"


@pytest.mark.parametrize(("vnni", "aimed", "aim"), [("avx512_vnni", "int8", 3), ("", "", 1.8)])
def test_the_aim_is_for_int8_or_without_its_instructions_for_the_fastest(
    monkeypatch: pytest.MonkeyPatch, vnni: str, aimed: str, aim: float
) -> None:
    medians_ms = {"fp32": 20.0, "int8": 30.0}
    monkeypatch.setattr(
        speed,
        "alternate",
        lambda ways, **_: {name: medians_ms.get(name.split()[-1], 10.0) for name in ways},
    )
    machine = dataclasses.replace(this_machine(), vnni=vnni)
    rows = speed.measure_objects(take_pictures(None), machine, 1)
    assert len(rows) == 4
    assert [row.aim for row in rows if row.what.endswith(aimed or "fp32")] == [f"≥ {aim:g}"]
    assert sum(bool(row.aim) for row in rows) == 1


def test_how_dlib_was_built_stands_above_the_table() -> None:
    assert re.search(
        r"dlib-bin \S+ \((no )?BLAS, (no )?AVX, one thread\)", machine_line(this_machine())
    )


@pytest.mark.data
def test_with_it_every_detector_is_there(data_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    order = accuracy.Order(only=("faces", "objects", "landmarks"), data=data_folder, limit=2)
    assert accuracy.run_bench(order, file) == 0
    rows = json.loads(file.read_text())["rows"]
    names = [row["what"] for row in rows]
    for detector in ("haar", "hog", "YuNet", "CenterFace, plain loop", "centerface fp32"):
        assert any(name.startswith(detector) and "AP50" in name for name in names), detector
    for detector in ("SSD in cv2.dnn", "YOLOX-nano", "ssd-mobilenet-v2 fp32"):
        assert any(name.startswith(detector) and "mAP" in name for name in names), detector
    aims = {row["what"]: row["aim"] for row in rows}
    assert aims["ssd-mobilenet-v2 int8, closer look (default), mAP"] == ""
    assert aims["ssd-mobilenet-v2 int8, mAP"]
    assert "youtubefaces, dlib, HOG upsampled once (baseline), found" in names
    assert "aflw2000, landmarks-68, fp32, share below 0.08" in names
    assert "aflw2000, face mesh (default), people left out, int8, found" in names


def test_a_data_folder_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVERGECAST_TEST_DATA", raising=False)
    assert data_folder(None) is None
    with pytest.raises(InvalidInput, match="is no folder"):
        data_folder(tmp_path / "none")


def test_the_plain_loop_finds_the_same_face_in_pictures_of_any_size(astronaut: Bytes) -> None:
    plain = PlainCenterFace()
    ours = create_face_detector(config_for("fp32"), threads=1)
    for width, height in ((512, 512), (640, 480), (300, 500)):
        image = np.asarray(cv2.resize(astronaut, (width, height)), np.uint8)
        (expected,) = ours.detect([ours.prepare(image)])
        found = plain.detect(image, 0.35)
        assert len(found) == len(expected) == 1
        assert iou(found.boxes, expected.boxes)[0, 0] > 0.9


def test_ways_take_turns_and_warm_up_first() -> None:
    calls: list[tuple[str, int]] = []
    ways = {name: lambda number, name=name: calls.append((name, number)) for name in "ab"}
    medians_ms = alternate(ways, rounds=2, calls=2)
    assert set(medians_ms) == {"a", "b"}
    timed = [("a", 0), ("a", 1), ("b", 0), ("b", 1), ("a", 2), ("a", 3), ("b", 2), ("b", 3)]
    assert calls[4:] == timed


def test_the_table_shows_figure_ratio_aim_and_why_one_is_missing() -> None:
    rows = [
        Row(part="faces", what="ours", value=12.345, unit="ms", ratio=6.1, aim="≥ 6"),
        Row(part="faces", what="int8", value=None, unit="ms", note="is not installed"),
        Row(part="parity", what="points", value=0, unit=""),
    ]
    text = table(rows)
    assert "ours" in text
    assert "12.3 ms  ×6.10  ≥ 6" in text
    assert "is not installed" in text
    assert text.index("faces") < text.index("parity")
