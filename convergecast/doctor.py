"""`convergecast doctor`: what works on this machine, what does not, and how to mend it.

Process: command.
"""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from convergecast import __version__
from convergecast.auth.gate import ADMIN_TOKEN_VARIABLE
from convergecast.config import HubConfig
from convergecast.errors import ConvergeCastError, Unavailable
from convergecast.ipc.channel import Channel
from convergecast.model_store import store
from convergecast.model_store.catalog import FACE_MESH, LANDMARKS_68
from convergecast.networks import why_not_bound
from convergecast.protocol.folders import models_folder
from convergecast.recording.check import check_recordings
from convergecast.recording.clips import RECORDINGS
from convergecast.storage.folder_lock import FolderLock

if TYPE_CHECKING:
    from convergecast.detection.faces.landmark_model import LandmarkModel

_LEAST_FREE_BYTES = 500 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: `ok`, `note` (works, but worth knowing) or `problem`."""

    grade: str
    what: str
    said: str


def run_doctor(config: HubConfig) -> int:
    """Print every finding; return 1 if there is a problem."""
    problems = 0
    for check in CHECKS:
        for finding in check(config):
            problems += finding.grade == "problem"
            print(f"{finding.grade:<8} {finding.what:<15} {finding.said}")
    print(f"\n{problems} problem{'' if problems == 1 else 's'}.")
    return 1 if problems else 0


def report(channel: Channel, config: HubConfig) -> None:
    """Send every finding as JSON, in a process of its own beside a hub, which has the address."""
    found: list[Finding] = []
    for check in CHECKS:
        if check is _recordings:
            found += _look_at_recordings(config, mend=False)
        elif check is not _address:
            found += check(config)
    channel.send(msgspec.json.encode(found))


def _program(_: HubConfig) -> Iterator[Finding]:
    yield Finding("ok", "ConvergeCast", __version__)
    yield Finding("ok", "Python", f"{platform.python_version()} on {platform.platform()}")


def _opencv(_: HubConfig) -> Iterator[Finding]:
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        mend = "run ./install_linux.sh, which installs what it needs"
        yield Finding("problem", "OpenCV", f"cannot be imported ({error}): {mend}")
        return
    yield Finding("ok", "OpenCV", str(cv2.__version__))


def _runtime(config: HubConfig) -> Iterator[Finding]:
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        yield Finding(
            "problem", "ONNX Runtime", f"cannot be imported ({error}): run ./install_linux.sh"
        )
        return
    yield Finding("ok", "ONNX Runtime", str(runtime.__version__))
    yield from _detectors(config)


def _detectors(config: HubConfig) -> Iterator[Finding]:
    # Imported only after the check for its packages, whose absence is a finding.
    from convergecast.detection.registry import (
        create_face_detector,
        create_landmark_model,
        create_object_detector,
    )

    reasons: dict[str, str] = {}
    for what, create in (
        ("Face detector", create_face_detector),
        ("Object detector", create_object_detector),
    ):
        try:
            detector = create(config, threads=1)
        except ConvergeCastError as error:
            yield Finding("problem", what, str(error))
            continue
        reasons[detector.device] = detector.device_reason
        said = f"{detector.name} {detector.precision}".strip() + ", loaded and checked"
        said += ", on the device path" if detector.on_device else ""
        why = detector.precision_reason
        yield Finding("ok", what, f"{said}; {why}" if why else said)
    yield _landmarks(config, create_landmark_model)
    if "GPU" in reasons:
        said = f"in use; {reasons['GPU']}" if reasons["GPU"] else "in use"
        yield Finding("note" if reasons["GPU"] else "ok", "GPU", said)
    elif reasons:
        yield Finding("note", "GPU", f"not used: {reasons['CPU']}")


def _landmarks(config: HubConfig, create: Callable[..., LandmarkModel]) -> Finding:
    name = config.landmarks_in_use
    try:
        model = create(config, threads=1)
    except ConvergeCastError as error:
        return Finding("problem", "Landmarks", str(error))
    if name == FACE_MESH.name:
        return Finding("ok", "Landmarks", f"{name}, loaded and checked")
    if "numba" not in model.device_reason:
        said = "; ".join(filter(None, ("compiled by numba", model.device_reason)))
        return Finding("ok", "Landmarks", f"{name}, loaded and checked; {said}")
    slower = "numba does not work, so slower NumPy code runs: install numba again"
    return Finding("note", "Landmarks", f"{name}, loaded and checked; {slower}")


def _models(config: HubConfig) -> Iterator[Finding]:
    variants: dict[tuple[str, bool], dict[str, list[str]]] = {}
    for model in store.list_models():
        safe = not config.commercial_safe or model.name != LANDMARKS_68.name
        there = model.state not in (store.MISSING, store.LEFT_OUT)
        if safe or model.state != store.MISSING:
            group = variants.setdefault((model.state, model.added), {})
            group.setdefault(model.name, []).append(model.precision)
        if not safe and there:
            said = f"{model.name} is {model.licence}: {store.FETCH} {store.COMMERCIAL_SAFE}"
            yield Finding("note", "Models", said)
    for (state, added), models in variants.items():
        said = ", ".join(f"{name} ({', '.join(found)})" for name, found in models.items())
        if state == store.READY:
            yield Finding("ok", "Added models" if added else "Models", said)
        elif state == store.LEFT_OUT:
            why = "not for commercial products"
            yield Finding("ok", "Models", f"left out: {said}, {why}")
        else:
            mend = f"use {store.ADD} again, or remove it" if added else store.FETCH
            yield Finding("problem", "Models", f"{state}: {said}: {mend}")


def _address(config: HubConfig) -> Iterator[Finding]:
    where = f"{config.host}:{config.port}"
    with socket.socket(socket.AF_INET6 if ":" in config.host else socket.AF_INET) as probe:
        try:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((config.host, config.port))
        except OSError as error:
            said = f"{where} cannot be used ({error.strerror}): {why_not_bound(error)}"
            yield Finding("note", "Address", said)
        else:
            yield Finding("ok", "Address", f"{where} is free")
    token = ADMIN_TOKEN_VARIABLE in os.environ
    said = "is set" if token else "is not set: without an account the hub listens here only"
    yield Finding("ok" if token else "note", "Admin token", f"{ADMIN_TOKEN_VARIABLE} {said}")


def _folders(config: HubConfig) -> Iterator[Finding]:
    for what, folder in (("Data folder", config.data_dir), ("Model store", models_folder())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                free = shutil.disk_usage(folder).free
        except OSError as error:
            yield _unwritable(what, folder, error.strerror)
            continue
        size = f"{free / 2**30:.1f} GB free"
        if free < _LEAST_FREE_BYTES:
            yield Finding("problem", what, f"{folder}: only {size}, make room")
        else:
            yield Finding("ok", what, f"{folder} ({size})")


def _unwritable(what: str, folder: Path, reason: str | None) -> Finding:
    said = f"{folder} cannot be written ({reason})"
    if folder == models_folder() and _is_complete():
        return Finding("note", what, f"{said}, but everything is there already")
    return Finding("problem", what, f"{said}: choose another, or correct its permissions")


def _is_complete() -> bool:
    states = [model.state for model in store.list_models()]
    states += [picture.state for picture in store.list_pictures()]
    return set(states) <= {store.READY, store.LEFT_OUT}


def _recordings(config: HubConfig) -> Iterator[Finding]:
    """Check the recordings' indexes, and mend them where surely no hub writes there."""
    if not (config.data_dir / RECORDINGS).is_dir():
        return
    try:
        lock = FolderLock(config.data_dir)
    except Unavailable:
        yield from _look_at_recordings(config, mend=False)
        return
    try:
        lock.tell_check(begins=True)
        yield from _look_at_recordings(config, mend=lock.is_sure)
    finally:
        lock.tell_check(begins=False)
        lock.release()


def _look_at_recordings(config: HubConfig, *, mend: bool) -> Iterator[Finding]:
    folder = config.data_dir / RECORDINGS
    if not folder.is_dir():
        return
    try:
        found = check_recordings(folder, mend=mend)
    except OSError as error:
        yield Finding("problem", "Recordings", f"{folder} cannot be read ({error.strerror})")
        return
    yield Finding("ok", "Recordings", f"{found.segments} parts, {found.bytes / 2**30:.2f} GB")
    if found.torn or found.empty:
        said = f"{found.torn} cut to what agrees, {found.empty} without frames removed"
        if not mend:
            said = f"{found.torn + found.empty} do not agree with their index: start the hub again"
        yield Finding("note", "Recordings", said)
    if found.lost:
        said = f"{found.lost} without an index: they show nothing, and stay until they are old"
        yield Finding("note", "Recordings", said)
    if found.damaged or found.unreadable:
        said = f"{found.damaged} damaged frames are left out of clips"
        if found.unreadable:
            said = f"{found.unreadable} parts or folders cannot be read ({found.reason}): "
            said += "check the disk, and whose they are"
        yield Finding("problem", "Recordings", said)


def _cameras(_: HubConfig) -> Iterator[Finding]:
    devices = sorted(Path("/dev").glob("video*")) if sys.platform == "linux" else []
    if sys.platform != "linux":
        return
    said = ", ".join(map(str, devices)) or "no /dev/video*: an agent here needs another --source"
    yield Finding("ok" if devices else "note", "Cameras", said)


CHECKS: tuple[Callable[[HubConfig], Iterator[Finding]], ...] = (
    _program,
    _opencv,
    _runtime,
    _models,
    _address,
    _folders,
    _recordings,
    _cameras,
)
