"""Times both paths of a detector on the same pictures, in turns, and the device path's stages.

Without a GPU the kernels' own text runs on the CPU. That tries the step; its times mean nothing.

Process: a step of the trial.
"""

from __future__ import annotations

import functools
import itertools
import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from convergecast.config import DEVICE, STANDARD, HubConfig
from convergecast.detection.kernels.device import Device
from convergecast.detection.on_device.detectors import DeviceCenterFace, DeviceSecondLook, DeviceSsd
from convergecast.detection.on_device.state import DeviceState, open_cuda
from convergecast.detection.registry import create_face_detector, create_object_detector
from convergecast.engine.engine_process import usable_processors
from convergecast.errors import ModelError
from convergecast.vision.decode import decode
from convergecast.vision.detections import Bytes
from scripts.bench.timing import alternate
from scripts.gpu.lines import Write
from scripts.gpu.setting import Extent, Setting, repeat, run_as_step
from scripts.gpu.subjects import Subject, take_subject

PARTS = ("upload_fit", "run", "decode_suppress")
"""The stages of the device path, between a decoded picture and its boxes."""


def measure(setting: Setting, write: Write) -> None:
    """Time both paths for every batch size.

    Raises:
        ModelError: the device path differs from the CPU, or the device is missing.
    """
    threads = usable_processors()
    subject = take_subject(setting.model, setting.device, threads)
    state = DeviceState(_open(setting.device))
    model = _load(subject, state, threads)
    looking = DeviceSecondLook(model) if isinstance(model, DeviceCenterFace) else model
    if problem := looking.check():
        raise ModelError(f"The device path is not taken: {problem}.")
    write(model=subject.name, device_path=state.device.title, batches=model.batches, agrees=True)
    create = create_face_detector if subject.name == "centerface" else create_object_detector
    config = HubConfig(device=setting.device, precision="fp32", object_closer_look=False)
    standard = create(config, threads=threads)  # with its second look too
    for batch in setting.extent.batches:
        images = [decode(jpeg) for jpeg in subject.pictures(batch)]
        ways = {
            STANDARD: functools.partial(_find, standard, images),
            DEVICE: functools.partial(_find, looking, images),
        }
        for path, ms in alternate(ways, rounds=setting.extent.rounds).items():
            rate = 1000 * batch / ms
            write(
                model=subject.name,
                path=path,
                batch=batch,
                path_ms=round(ms, 3),
                pictures_a_second=round(rate, 1),
                **(_parts(model, state, images, setting.extent) if path == DEVICE else {}),
            )


def _open(device: str) -> Device:
    if device == "gpu":
        return open_cuda()
    # Imported for a dry run only: it needs a C++ compiler.
    from tests.support.cuda_on_cpu import CpuDevice

    return CpuDevice()


def _load(subject: Subject, state: DeviceState, threads: int) -> DeviceCenterFace | DeviceSsd:
    if subject.name == "centerface":
        side = subject.least_size[0]
        return DeviceCenterFace(state, subject.path, threads=threads, long_side=side)
    return DeviceSsd(state, subject.path, threads=threads)


def _find(model: Any, images: Sequence[Bytes], _: int) -> object:
    # A copy, so that no picture is on the device already.
    return model.detect([model.prepare(image.copy()) for image in images])


def _parts(
    model: Any, state: DeviceState, images: Sequence[Bytes], extent: Extent
) -> dict[str, float]:
    """Return the median milliseconds of each stage. That of `run` is a bare loop on the device."""
    rounds = repeat(extent, functools.partial(_times_ms, model, state, images))
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    return {f"{part}_ms": round(ms, 3) for part, ms in zip(PARTS, medians, strict=True)}


def _times_ms(model: Any, state: DeviceState, images: Sequence[Bytes]) -> list[float]:
    pictures = [model.prepare(image.copy()) for image in images]
    nothing = state.device.empty((1,), np.uint8)
    ends = [time.perf_counter()]
    for stage in model.stages(pictures):
        stage()
        state.device.download(nothing)  # waits until the stage is done
        ends.append(time.perf_counter())
    return [1000 * (end - began) for began, end in itertools.pairwise(ends)]


if __name__ == "__main__":
    run_as_step(measure)
