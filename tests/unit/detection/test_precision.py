"""The choice of precision: configured, or measured once and stored; with a real model."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from convergecast.detection import precision
from convergecast.detection.precision import (
    choose_precision,
    cpu_name,
    int8_instructions,
    known_choice,
    measure_all,
)
from convergecast.detection.runtime import CPU, GPU, OpenSession, open_session
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import CENTERFACE, FP32, INT8, QUANTIZED
from convergecast.model_tools.converters.quantize import quantize
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.folders import MODELS_VARIABLE

NAME = "centerface"


@pytest.fixture(scope="module")
def variants(models_ready: None) -> tuple[bytes, bytes]:
    original = store.find("faces", NAME).path.read_bytes()
    return original, quantize(original, NAME)


@pytest.fixture
def fp32_only(
    variants: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A store that holds CenterFace, but not its int8 variant."""
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    monkeypatch.setattr(precision, "BUDGET_S", 0)
    store.put_model(CENTERFACE, variants[0])
    return tmp_path


@pytest.fixture
def both(fp32_only: Path, variants: tuple[bytes, bytes]) -> Path:
    """A store that holds CenterFace in both precisions."""
    store.put_model(CENTERFACE, variants[1], INT8)
    return fp32_only


def kept(folder: Path) -> dict[str, dict[str, float]]:
    content: dict[str, dict[str, float]] = json.loads((folder / "speed.json").read_text("utf-8"))
    return content


def keep(folder: Path, **speed: Any) -> None:
    (key,) = kept(folder)
    (folder / "speed.json").write_text(json.dumps({key: speed}), "utf-8")


def test_auto_measures_once_and_keeps_what_it_found(both: Path) -> None:
    assert known_choice(NAME) is None
    first = choose_precision("faces", NAME, "auto", device="cpu")
    ((key, speed),) = kept(both).items()
    assert cpu_name() in key
    assert onnxruntime.__version__ in key
    assert min(speed["fp32_ms"], speed["int8_ms"]) > 0
    least = 1.1 if int8_instructions() else 1.5
    assert first[0] == (INT8 if speed["int8_ms"] * least <= speed["fp32_ms"] else FP32)
    assert f"{speed['int8_ms']:.0f} ms, fp32 {speed['fp32_ms']:.0f} ms" in first[1]
    assert known_choice(NAME) == first


def test_stored_figures_decide(both: Path) -> None:
    choose_precision("faces", NAME, "auto", device="cpu")
    keep(both, fp32_ms=27.2, int8_ms=15.1)
    fast = choose_precision("faces", NAME, "auto", device="cpu")
    assert fast == (INT8, "int8 is faster here (15 ms, fp32 27 ms)")
    keep(both, fp32_ms=27.2, int8_ms=26.4)
    slow = choose_precision("faces", NAME, "auto", device="cpu")
    assert slow == (FP32, "int8 is not clearly faster here (26 ms, fp32 27 ms)")


def test_where_int8_finds_less_it_has_to_be_much_faster(
    both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_precision("faces", NAME, "auto", device="cpu")
    keep(both, fp32_ms=27.2, int8_ms=22.1)
    for flags, expected in (
        ("fpu avx2 avx512_vnni", (INT8, "int8 is faster here (22 ms, fp32 27 ms)")),
        ("asimddp", (INT8, "int8 is faster here (22 ms, fp32 27 ms)")),
        (
            "fpu avx2",
            (FP32, "int8 is not so much faster here (22 ms, fp32 27 ms) that it may find less"),
        ),
        ("", (FP32, "int8 is not so much faster here (22 ms, fp32 27 ms) that it may find less")),
    ):
        facts = {"model name": cpu_name(), "flags": flags}
        monkeypatch.setattr(precision, "processor_facts", lambda facts=facts: facts)
        assert choose_precision("faces", NAME, "auto", device="cpu")[1] == expected[1]
        assert known_choice(NAME) == expected
    # Another system than Linux does not tell what the CPU has.
    facts = {"model name": cpu_name()}
    monkeypatch.setattr(precision, "processor_facts", lambda: facts)
    sentence = "int8 is faster here (22 ms, fp32 27 ms), but whether it finds less is not known"
    assert known_choice(NAME) == (FP32, sentence)


@pytest.mark.parametrize("name", sorted(QUANTIZED))
def test_what_int8_loses_is_known_of_every_model_that_has_it(name: str) -> None:
    assert set(precision.LOSSES[name]) == {True, False}
    for has, loss in precision.LOSSES[name].items():
        assert 0 <= loss < 0.01, has


@pytest.mark.parametrize(
    "damage",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"%s": 7}',
        '{"%s": {"fp32_ms": 7}}',
        '{"%s": {"fp32_ms": "7", "int8_ms": 7}}',
        '{"%s": {"fp32_ms": 7, "int8_ms": null}}',
        '{"%s": {"fp32_ms": 7, "int8_ms": NaN}}',
        '{"%s": {"fp32_ms": 7, "int8_ms": true}}',
        '{"%s": {"fp32_ms": 7, "int8_ms": 0}}',
        '{"%s": {"fp32_ms": 1' + 400 * "0" + ', "int8_ms": 7}}',
    ],
)
def test_figures_that_cannot_be_read_are_measured_again(both: Path, damage: str) -> None:
    choose_precision("faces", NAME, "auto", device="cpu")
    (key,) = kept(both)
    (both / "speed.json").write_text(damage.replace("%s", key), "utf-8")
    assert known_choice(NAME) is None
    choose_precision("faces", NAME, "auto", device="cpu")
    assert set(kept(both)[key]) == {"fp32_ms", "int8_ms"}


def test_another_model_is_measured_again_and_the_old_one_forgotten(
    both: Path, variants: tuple[bytes, bytes]
) -> None:
    choose_precision("faces", NAME, "auto", device="cpu")
    store.put_model(CENTERFACE, variants[0], INT8)
    assert known_choice(NAME) is None
    choose_precision("faces", NAME, "auto", device="cpu")
    ((key, _),) = kept(both).items()
    assert key.count(store.find("faces", NAME).sha256[:16]) == 2


def test_a_store_that_cannot_be_written_costs_only_measuring_again(both: Path) -> None:
    (both / "speed.json").mkdir()
    assert choose_precision("faces", NAME, "auto", device="cpu")[0] in (FP32, INT8)
    assert known_choice(NAME) is None


def test_a_configured_precision_is_used_without_measuring(both: Path) -> None:
    for configured in (FP32, INT8):
        assert choose_precision("faces", NAME, configured) == (
            configured,
            "chosen in the configuration",
        )
    assert not (both / "speed.json").exists()


def test_without_the_int8_variant_auto_takes_fp32_and_int8_says_what_to_run(
    fp32_only: Path,
) -> None:
    assert choose_precision("faces", NAME, "auto", device="cpu") == (
        FP32,
        "int8 cannot be used: The int8 variant of the face detector centerface is not installed: "
        f"run {PROGRAM} models fetch",
    )
    with pytest.raises(ModelError, match=f"int8 variant .* run {PROGRAM} models fetch"):
        choose_precision("faces", NAME, INT8)
    assert known_choice(NAME) is None


def test_a_model_that_is_never_int8_runs_in_fp32_whatever_is_configured(fp32_only: Path) -> None:
    for configured in ("auto", FP32, INT8):
        assert choose_precision("faces", "yunet", configured) == (FP32, "yunet has no int8 variant")


def test_a_gpu_takes_fp32(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: claimed)
    for device, expected in ((GPU, "int8 is slow on a GPU"), (CPU, "ms, fp32")):

        def on_device(path: Path, *, threads: int, device: str, at: str = device) -> OpenSession:
            return OpenSession(open_session(path, threads=threads, device="cpu").sessions, at, "")

        monkeypatch.setattr(precision, "open_session", on_device)
        assert expected in choose_precision("faces", NAME, "auto")[1]


def test_measuring_all_tells_each_model_once(both: Path) -> None:
    lines: list[str] = []
    measure_all(lines.append)
    measure_all(lines.append)
    assert len(lines) == 2
    assert lines[0] == lines[1]
    choice = known_choice(NAME)
    assert choice
    assert lines[0] == f"CenterFace: {choice[0]}, {choice[1]}"


def test_a_damaged_or_outdated_int8_variant_is_no_reason_to_stop(both: Path) -> None:
    path = store.find("faces", NAME, INT8).path
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    assert choose_precision("faces", NAME, "auto", device="cpu") == (
        FP32,
        "int8 cannot be used: The int8 variant of the face detector centerface is damaged or "
        f"missing: run {PROGRAM} models fetch",
    )
    path.write_bytes(whole)
    manifest = both / "faces-centerface-int8.json"
    manifest.write_text(manifest.read_text("utf-8").replace("conversion", "x"), "utf-8")
    precision_used, reason = choose_precision("faces", NAME, "auto", device="cpu")
    assert precision_used == FP32
    assert "made by another version of ConvergeCast" in reason
    with pytest.raises(ModelError, match="The int8 variant of the face detector centerface was"):
        choose_precision("faces", NAME, INT8)


def test_two_threads_measure_a_model_once_and_never_at_the_same_time(
    both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most, measured = 0, 0, 0

    def slow(fp32: Path, int8: Path) -> precision.Speed:
        nonlocal at_work, most, measured
        at_work, measured = at_work + 1, measured + 1
        most = max(most, at_work)
        time.sleep(0.05)
        at_work -= 1
        return precision.Speed(2, 1)

    monkeypatch.setattr(precision, "_measure", slow)
    threads = [
        threading.Thread(
            target=choose_precision, args=("faces", NAME, "auto"), kwargs={"device": "cpu"}
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (measured, most) == (1, 1)


def test_a_disturbed_run_does_not_decide(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs_ms = iter([9.0, 50.0, 90.0, 5.0, 30.0, 70.0])
    monkeypatch.setattr(precision, "_run_ms", lambda session, picture: next(runs_ms))
    choose_precision("faces", NAME, "auto", device="cpu")
    ((_, speed),) = kept(both).items()
    assert speed == {"fp32_ms": 9.0, "int8_ms": 5.0}
