"""The trial without a GPU, in its shortest form: every step runs, and its JSON is complete."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from convergecast.protocol.folders import models_folder
from scripts.gpu.lines import STAGES, read_lines
from scripts.gpu.report import page
from scripts.gpu.setting import SHORTEST
from scripts.gpu.subjects import SUBJECTS
from scripts.gpu.trial import INSTALL, STEPS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for Linux"),
    pytest.mark.usefixtures("models_ready"),
    pytest.mark.timeout(600),  # a busy machine takes several times as long as an idle one
]


def make_wheel(folder: Path) -> None:
    """Write a wheel of a module that nothing needs."""
    info = "trialwheel-1.0.dist-info"
    files = {
        "trialwheel.py": b"",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: trialwheel\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')}"
        f",{len(data)}\n"
        for name, data in files.items()
    )
    with zipfile.ZipFile(folder / "trialwheel-1.0-py3-none-any.whl", "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
        wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the dry run writes; it is started from another folder, as on a bare machine."""
    folder = tmp_path_factory.mktemp("trial")
    (folder / "wheels").mkdir()
    make_wheel(folder / "wheels")
    command = [str(ROOT / "scripts" / "gpu_trial.sh"), "--wheels", "wheels", "--out", "out"]
    command += ["--models", str(models_folder()), "--no-gpu", "--shortest", "--budget-s", "900"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    log = folder / "out" / "trial.log"
    assert done.returncode == 0, done.stdout + done.stderr + log.read_text()
    return list(read_lines(folder / "out" / "trial.jsonl"))


def of(lines: list[dict[str, Any]], field: str) -> list[dict[str, Any]]:
    return [line for line in lines if field in line]


def test_every_step_ran(lines: list[dict[str, Any]]) -> None:
    states = {line["step"]: line["state"] for line in of(lines, "state")}
    assert states == dict.fromkeys([INSTALL, *STEPS], "ran")
    assert lines[0]["no_gpu"] is True
    assert lines[0]["wheels"] == ["trialwheel-1.0-py3-none-any.whl"]
    assert lines[-1]["ran"] == [INSTALL, *STEPS]
    assert lines[-1]["failed"] == lines[-1]["skipped"] == []


def test_every_stage_of_every_model_has_a_figure(lines: list[dict[str, Any]]) -> None:
    stages = of(lines, "all_ms")
    assert [(line["model"], line["precision"], line["batch"]) for line in stages] == [
        (model, precision, batch)
        for model in SUBJECTS
        for precision in ("fp32", "fp16")
        for batch in SHORTEST.batches
    ]
    for line in stages:
        assert line["device"] == "CPU"
        assert all(line[f"{stage}_ms"] >= 0 for stage in STAGES), line
        assert line["pictures_a_second"] > 0 and line["rounds"] >= 2
    assert all(line["stands"] for line in of(lines, "stands"))


def test_both_paths_ran_and_agree(lines: list[dict[str, Any]]) -> None:
    assert [line["agrees"] for line in of(lines, "device_path")] == [True, True]
    paths = [(line["model"], line["batch"], line["path"]) for line in of(lines, "path_ms")]
    assert paths == [
        (model, batch, path)
        for model in ("centerface", "ssd-mobilenet-v2")
        for batch in SHORTEST.batches
        for path in ("standard", "device")
    ]
    for line in of(lines, "upload_fit_ms"):
        assert min(line["upload_fit_ms"], line["run_ms"], line["decode_suppress_ms"]) > 0


def test_both_searches_and_both_ways_were_taken(lines: list[dict[str, Any]]) -> None:
    searches = {(line["model"], line["search"]) for line in of(lines, "runs_ms")}
    assert searches == {(m, s) for m in SUBJECTS for s in ("HEURISTIC", "EXHAUSTIVE")}
    ways = {(line["model"], line["way"], line["batch"]) for line in of(lines, "way")}
    assert len(ways) == len(SUBJECTS) * 2 * len(SHORTEST.ends)


def test_the_engine_answered_the_cameras(lines: list[dict[str, Any]]) -> None:
    loads = of(lines, "cameras")
    counts = [*SHORTEST.cameras, SHORTEST.cameras[-1]]
    assert [(line["engine_path"], line["cameras"]) for line in loads] == [
        (path, count) for path in ("standard", "device") for count in counts
    ]
    for line in loads:
        assert line["results"] > 0 and line["failures"] == 0
        assert 0 < line["age_p50_ms"] <= line["age_p95_ms"]
        assert line["engine_cpu_ms"] > 0 and line["engine_rss_mb"] > 0


def test_the_tests_were_tried_and_the_machine_is_told(lines: list[dict[str, Any]]) -> None:
    assert {line["outcome"] for line in of(lines, "test")} == {"passed"}
    assert of(lines, "gpus")[0]["gpus"] is not None
    assert of(lines, "onnxruntime") and of(lines, "processor")[0]["processors"] >= 1


def test_its_page_says_that_it_is_a_dry_run(lines: list[dict[str, Any]]) -> None:
    text = page(lines)
    assert "A dry run" in text
    for title in (
        "Tests",
        "Both paths",
        "Stages",
        "fp16 against fp32",
        "Searches",
        "Bare loop",
        "Engine",
    ):
        assert f"\n## {title}\n" in text


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is here"
)
def test_without_a_gpu_each_step_says_why_it_failed(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "gpu_trial.sh"
    command = [str(script), "--wheels", str(tmp_path), "--models", str(models_folder())]
    command += ["--out", str(tmp_path), "--only", "device", "--only", "tests/gpu"]
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode == 1
    lines = list(read_lines(tmp_path / "trial.jsonl"))
    errors = {line["step"]: line["error"] for line in of(lines, "error")}
    assert "The GPU cannot be used: this ONNX Runtime has no CUDA." in errors["device"]
    # Tests that were skipped have shown nothing.
    assert errors["tests/gpu"].endswith("of 9 tests 9 skipped")
    assert lines[-1]["failed"] == ["device", "tests/gpu"]
