"""`--list`: the cameras of this machine and what to type as `--source`. Runs in the main thread.

Linux tells itself (videodev2.h: `VIDIOC_QUERYCAP`, `VIDIOC_ENUM_FMT`), picamera2 tells of those on
a ribbon cable, and elsewhere the library cv2_enumerate_cameras where it is installed.

Process: agent.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

_QUERY, _FORMAT = 0x80685600, 0xC0405602
_CAPABILITY = struct.Struct("=16s32s32s3I12x")
_DESCRIPTION = struct.Struct("=3I32sI16x")
_CAPTURES, _TELLS_DEVICE = 0x1, 0x80000000
_MOST_FORMATS = 16
_DIRECT_SHOW, _A_BACKEND = 700, 100  # by OpenCV's numbers, as the agent opens it
PI_CAMERA = "picamera"
PI_CAMERA_TEXT = re.compile(rf"{PI_CAMERA}(?::(\d{{1,2}}))?")
"""The source that is a camera on a Raspberry Pi's ribbon cable; `picamera:1` is the second one."""


class Device(NamedTuple):
    """A camera: what `--source` takes, its name, and the formats it gives, as far as known."""

    source: str
    name: str
    formats: tuple[str, ...] = ()


def listed() -> str:
    """Return the cameras as lines of text."""
    found = [*_of_system(), *_of_library("picamera2", _pi_cameras)]
    if not found:
        return "No camera is found on this machine. --source demo shows sample pictures."
    width = max(len(device.source) for device in found)
    return "\n".join(
        f"--source {device.source:{width}}  {device.name}"
        + (f" ({', '.join(device.formats)})" if device.formats else "")
        for device in found
    )


def _of_system() -> Iterator[Device]:
    if sys.platform.startswith("linux"):
        yield from linux_devices(Path("/dev"))
    else:
        yield from _of_library("cv2_enumerate_cameras", _by_number)


def linux_devices(folder: Path) -> Iterator[Device]:
    """Yield the devices `video…` of a folder that capture video, by number."""
    numbered = [
        (int(match[1]), path)
        for path in folder.glob("video*")
        if (match := re.fullmatch(r"video(\d+)", path.name))
    ]
    for number, path in sorted(numbered):
        try:
            handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except PermissionError:
            yield Device(str(number), "this user may not open it: add it to the group video")
            continue
        except OSError:
            continue
        try:
            name = _captures(handle)
            if name is not None:
                yield Device(str(number), name, tuple(_formats(handle)))
        finally:
            os.close(handle)


def _captures(handle: int) -> str | None:
    """Return the name of an open device; None if it is not one that captures video."""
    answer = _ask(handle, _QUERY, bytearray(_CAPABILITY.size))
    if answer is None:
        return None
    _, card, _, _, all_of_it, own = _CAPABILITY.unpack(answer)
    if not (own if all_of_it & _TELLS_DEVICE else all_of_it) & _CAPTURES:
        return None
    text = card.partition(b"\0")[0].decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable()) or "camera"


def _formats(handle: int) -> Iterator[str]:
    for index in range(_MOST_FORMATS):
        asked = bytearray(_DESCRIPTION.pack(index, 1, 0, b"", 0))
        answer = _ask(handle, _FORMAT, asked)
        if answer is None:
            return
        code = _DESCRIPTION.unpack(answer)[4].to_bytes(4, "little")
        yield "".join(letter for letter in code.decode("latin-1") if letter.isalnum())


def _ask(handle: int, request: int, data: bytearray) -> bytes | None:
    fcntl = importlib.import_module("fcntl")  # Windows has none
    try:
        fcntl.ioctl(handle, request, data)
    except OSError:
        return None
    return bytes(data)


def _of_library(name: str, devices: Callable[[ModuleType], Iterator[Device]]) -> Iterator[Device]:
    """Yield what a library tells, if it is there; a list is no place to fail for it."""
    with contextlib.suppress(ImportError, RuntimeError, OSError, AttributeError):
        yield from devices(importlib.import_module(name))


def _pi_cameras(library: ModuleType) -> Iterator[Device]:
    for number, camera in enumerate(library.Picamera2.global_camera_info()):
        source = f"{PI_CAMERA}:{number}" if number else PI_CAMERA
        yield Device(source, str(camera.get("Model", "camera")))


def _by_number(library: ModuleType) -> Iterator[Device]:
    for camera in library.enumerate_cameras(_DIRECT_SHOW if sys.platform == "win32" else 0):
        yield Device(str(camera.index % _A_BACKEND), str(camera.name))
