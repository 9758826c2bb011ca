"""The device path within the engine: its findings, its batches, and a GPU that is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import pytest

from convergecast.config import HubConfig
from convergecast.engine import engine_process
from convergecast.engine.engine_process import EngineHost
from convergecast.engine.gpu_probe import ANSWERS, SILENT, gpu_answers, run_probe
from convergecast.engine.pipeline import Pipeline
from convergecast.engine.process import Engine
from convergecast.errors import DeviceLost
from convergecast.messages.engine import EngineReport, Findings, Wanted
from convergecast.vision.detections import Bytes
from tests.fakes import children
from tests.support.cuda_on_cpu import CpuDevice, compiler_missing

needs_compiler = pytest.mark.skipif(bool(compiler_missing()), reason=compiler_missing() or "-")
EVERYTHING = Wanted(options=("faces", "landmarks", "objects", "recognition"), complete=True)
WITHIN_S = 20.0


@pytest.fixture(scope="module")
def on_device(models_ready: None) -> Pipeline:
    config = HubConfig(engine_path="device", object_closer_look=False)
    return Pipeline(config, threads=2, open_device=CpuDevice)


def found(pipeline: Pipeline, *pictures: Bytes) -> list[Findings]:
    jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
    return pipeline.run([pipeline.prepare(jpeg, EVERYTHING) for jpeg in jpegs])


@needs_compiler
def test_a_jpeg_gives_what_it_gives_on_the_cpu(on_device: Pipeline, astronaut: Bytes) -> None:
    """The picture is a square, so its canvas is that of the CPU too."""
    config = HubConfig(device="cpu", precision="fp32", object_closer_look=False)
    (expected,) = found(Pipeline(config, threads=2), astronaut)
    mine, again = found(on_device, astronaut, astronaut[:, :300])
    assert mine.problems == again.problems == {}
    assert mine.faces is not None
    assert expected.faces is not None
    assert len(mine.faces) == len(expected.faces) == 1
    (face,), (reference,) = mine.faces, expected.faces
    assert face.landmarks is not None
    assert face.look is not None
    assert (face.box, face.score, face.points) == (reference.box, reference.score, reference.points)
    assert face.landmarks == reference.landmarks
    assert mine.objects == expected.objects
    assert mine.objects
    lines = {line.task: (line.device, line.path) for line in on_device.status()}
    assert lines["faces"] == lines["objects"] == lines["landmarks"] == ("GPU", "device")
    assert (mine.face_long_side, again.face_long_side) == (640, 640)
    recognition = next(line for line in on_device.status() if line.task == "recognition")
    assert "the device path is not taken: recognition has none" in (recognition.reason or "")
    assert on_device.gathers
    assert on_device.batches


def job(engine: Engine) -> None:
    engine._jobs.put(SimpleNamespace())  # type: ignore[arg-type]


def engine_with(decoding: Callable[[Engine], float | None], **facts: Any) -> Engine:
    """Return an engine without models; `decoding` is asked whether a picture is being decoded."""
    pipeline = SimpleNamespace(batches=True, **facts)
    engine = Engine(pipeline)  # type: ignore[arg-type]
    pipeline.decoding_since = lambda: decoding(engine)
    return engine


def test_a_batch_waits_for_pictures_that_are_being_decoded_and_no_longer() -> None:
    coming = 3

    def decoding(engine: Engine) -> float | None:
        nonlocal coming
        if not coming:
            return None
        coming -= 1
        job(engine)
        return 1.0

    engine = engine_with(decoding, gathers=True)
    job(engine)
    assert len(engine._next_jobs()) == 4
    # A picture whose decoding takes long does not hold up the others.
    engine = engine_with(lambda _: 1.0, gathers=True)
    job(engine)
    began = time.monotonic()
    assert len(engine._next_jobs()) == 1
    assert time.monotonic() - began >= 0.0029
    # Off the device path nothing waits.
    coming, engine = 3, engine_with(decoding, gathers=False)
    job(engine)
    assert len(engine._next_jobs()) == 1


@needs_compiler
@pytest.mark.parametrize(
    ("task", "method"), [("objects", "detect"), ("landmarks", "fit"), ("recognition", "look_at")]
)
def test_a_lost_gpu_is_reported_and_ends_the_engine(
    on_device: Pipeline,
    astronaut: Bytes,
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    method: str,
) -> None:
    sent: list[bytes] = []
    ended: list[int] = []

    def lose(*_: object) -> None:
        raise DeviceLost("CUDA failure 700")

    def end(status: int) -> None:
        ended.append(status)
        raise SystemExit

    monkeypatch.setattr(on_device, "lost", "")
    monkeypatch.setattr(getattr(on_device, f"_{task}").get(), method, lose)
    monkeypatch.setattr("convergecast.engine.process.os._exit", end)
    (findings,) = found(on_device, astronaut)
    assert findings.problems == {task: "CUDA failure 700"}
    assert findings.faces
    channel: Any = SimpleNamespace(send=sent.append)
    with pytest.raises(SystemExit):
        Engine(on_device).report_loop(channel)
    assert b"CUDA failure 700" in sent[0]
    assert ended == [1]


def test_a_gpu_that_is_lost_while_a_model_is_loaded_is_reported(
    models_ready: None, astronaut: Bytes
) -> None:
    class Lost(CpuDevice):
        def session(self, model_path: Path, threads: int) -> Any:
            raise DeviceLost("CUDA failure 700")

    pipeline = Pipeline(HubConfig(engine_path="device"), threads=2, open_device=Lost)
    pipeline.prepare_image(astronaut, Wanted(options=("objects",), complete=True))
    assert pipeline.lost == "CUDA failure 700"


def test_a_gpu_that_is_lost_again_and_again_is_left_alone_for_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(engine_process, "time", SimpleNamespace(monotonic=lambda: now))
    host = EngineHost(config=HubConfig(), on_change=lambda: None)
    report = EngineReport(models=(), busy_s=0, frames=0, batches=0, model_s=0, lost="failure 700")
    waits = []
    for lost_at in (*range(100, 900, 100), 800 + 3600):
        now = lost_at
        host._heard("address", report)
        now += 5
        host._heard("address", report)  # the same loss, told again
        waits.append(host._probe_at - lost_at)
        host._lost = ""
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 30]


def test_a_probe_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_process, "_PROBE", f"{children.HERE}:{children.deaf.__name__}")
    host = EngineHost(config=HubConfig(), on_change=lambda: None)
    engine: Any = SimpleNamespace(close=lambda: None)
    host._look_for_the_gpu(engine, 100.0)
    probe = host._probe
    assert probe is not None
    try:
        host._look_for_the_gpu(engine, 129.0)
        assert not probe.wait(time.monotonic() + 0.1)
        host._look_for_the_gpu(engine, 130.0)
        assert probe.wait(time.monotonic() + WITHIN_S)
        host._look_for_the_gpu(engine, 160.0)
        assert host._probe is not probe
    finally:
        host.stop()


def test_a_lost_gpu_becomes_service_on_the_cpu_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = children.engine_that_loses_its_gpu.__name__
    monkeypatch.setattr(engine_process, "_ENGINE", f"{children.HERE}:{name}")
    probe = f"{children.HERE}:{children.answering_probe.__name__}"
    host = EngineHost(config=HubConfig(data_dir=tmp_path), on_change=lambda: None)

    def wait_for(device: str) -> None:
        end = time.monotonic() + WITHIN_S
        while host.status.device != device:
            assert time.monotonic() < end, host.status
            host.check(time.monotonic())
            time.sleep(0.01)

    try:
        host.want()
        wait_for("GPU")
        wait_for("CPU")
        reason = "the GPU was lost, so the CPU works until it is back (CUDA failure 700)"
        assert host.status.device_reason == reason
        monkeypatch.setattr(engine_process, "_PROBE", probe)
        host._probe_at = 0.0
        wait_for("GPU")
        assert host.status.device_reason is None
    finally:
        host.stop()


def test_without_a_driver_the_probe_says_that_no_gpu_answers() -> None:
    sent: list[bytes] = []
    channel: Any = SimpleNamespace(send=sent.append)
    run_probe(channel)
    assert sent == [ANSWERS if gpu_answers() else SILENT]
