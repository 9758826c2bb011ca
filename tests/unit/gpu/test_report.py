"""docs/gpu.md is what the command makes; its tables and sentences come from the lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.gpu.figures import what_it_says
from scripts.gpu.lines import STAGES, read_lines
from scripts.gpu.report import KEPT, NO_RUN, main, page
from scripts.gpu.trial import STEPS

ROOT = Path(__file__).resolve().parents[3]

TRIAL = {
    "step": "trial",
    "began": "2027-01-02T03:04:05+00:00",
    "version": "0.2.0",
    "commit": "abcdef012345",
    "no_gpu": False,
}
GPU = {
    "step": "device",
    "gpus": [{"name": "NVIDIA X", "memory.total": "81559", "driver_version": "580.1"}],
    "driver_cuda": 13020,
}
RUNTIME = {"step": "device", "onnxruntime": "1.31.1"}


def stage(batch: int, precision: str, run_pictures_a_second: float) -> dict[str, Any]:
    return {
        "step": "stages of centerface",
        "model": "centerface",
        "precision": precision,
        "batch": batch,
        "first_run_ms": 1234.5,
        **{f"{name}_ms": 1.0 for name in STAGES},
        "all_ms": 6.0,
        "pictures_a_second": 1000 * batch / 6,
        "run_pictures_a_second": run_pictures_a_second,
    }


def search(name: str, run_ms: float, runs_ms: list[float]) -> list[dict[str, Any]]:
    common = {"step": "search of centerface", "model": "centerface", "search": name}
    return [
        {**common, "batch": 16, "first_run_ms": 900.0, "run_ms": run_ms},
        {**common, "batches": [1, 1, 16, 16, 1, 1, 16, 16], "runs_ms": runs_ms},
    ]


def summary(**more: Any) -> dict[str, Any]:
    return {"step": "summary", "ran": ["device"], "failed": [], "skipped": [], "seconds": 9, **more}


def test_the_page_in_the_checkout_is_what_the_command_makes() -> None:
    lines = list(read_lines(KEPT)) if KEPT.exists() else []
    assert (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8") == page(lines)


def test_a_kept_run_is_one_of_a_gpu() -> None:
    if KEPT.exists():
        assert next(read_lines(KEPT))["no_gpu"] is False


def test_without_a_run_the_page_says_so() -> None:
    text = page([])
    assert NO_RUN in text
    assert "{{" not in text and "## What ran" not in text


def test_every_step_is_told_of() -> None:
    text = (ROOT / "scripts" / "gpu" / "README.md").read_text(encoding="utf-8")
    for name in STEPS:
        kind, _, model = name.partition(" of ")
        assert f"`{kind} of MODEL`" in text if model else f"`{name}`" in text, name


def test_the_page_of_a_run_says_where_it_ran_and_what_did_not() -> None:
    failed = {"step": "engine", "state": "failed", "error": "it was ended by SIGSEGV: gone"}
    skipped = {"step": "tests/gpu", "state": "skipped", "reason": "it needs 30 s"}
    text = page([TRIAL, GPU, RUNTIME, failed, skipped, summary()])
    assert "on 2027-01-02 on NVIDIA X, 81559 MiB, driver 580.1, CUDA 13.2, ONNX" in text
    assert "version 0.2.0, commit abcdef012345" in text
    assert "- **engine** failed: it was ended by SIGSEGV: gone" in text
    assert "- **tests/gpu** skipped: it needs 30 s" in text
    assert NO_RUN not in text


def test_a_dry_run_and_one_that_was_cut_off_are_called_so() -> None:
    text = page([{**TRIAL, "no_gpu": True}, stage(1, "fp32", 500.0)])
    assert "A dry run: no figure below is a GPU's." in text
    assert "The trial was cut off" in text
    assert "| centerface | fp32 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 6 | 167 | 1234 |" in text


def test_what_the_figures_say_is_said() -> None:
    lines = [stage(1, "fp32", 500.0), stage(16, "fp32", 1000.0), stage(16, "fp16", 1800.0)]
    lines += search("HEURISTIC", 11.0, [900, 2, 1500, 11, 2.2, 2, 12, 11])
    lines += search("EXHAUSTIVE", 10.0, [900, 2, 1500, 11, 1300, 2, 1700, 11])
    assert what_it_says(lines) == [
        "`centerface` runs most pictures, 1000 a second, 16 together: ×2.00 of 1 together.",
        "`centerface` in fp16 runs ×1.80 as many pictures as in fp32, 16 together.",
        "`centerface` runs ×1.10 as fast after EXHAUSTIVE as after HEURISTIC, 16 together; "
        "the first run takes 900 instead of 900 ms.",
        "`centerface` with HEURISTIC does not plan again when a known number of pictures comes "
        "back: that run takes ×1.10 of the next.",
    ]


def test_a_session_that_plans_again_and_a_model_that_does_not_stand_fp16_are_said() -> None:
    lines = search("HEURISTIC", 11.0, [900, 2, 1500, 11, 1300, 2, 1700, 11])
    lines.append({"step": "stages of centerface", "model": "centerface", "stands": False})
    does_not_stand, plans = what_it_says(lines)
    assert does_not_stand == "`centerface` does not stand fp16: it finds something else."
    assert "with HEURISTIC plans again" in plans


def test_the_command_prints_the_page_or_says_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trial.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in (TRIAL, GPU, summary())))
    assert main([str(file)]) == 0
    assert capsys.readouterr().out == page(list(read_lines(file)))
    file.write_text('{"step": "trial"}\n{"st')
    assert main([str(file)]) == 1
    assert capsys.readouterr().err.startswith("report: ")
