"""Stand-ins for the hub's child processes, started by name as the real ones are."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from msgspec.structs import replace

from convergecast.config import HubConfig
from convergecast.engine.gpu_probe import ANSWERS
from convergecast.ipc.channel import Channel
from convergecast.ipc.processes import STOP
from convergecast.messages.engine import EngineReport, ModelInfo
from convergecast.messages.values import encode

HERE = "tests.fakes.children"


def echo(channel: Channel, greeting: bytes) -> None:
    """Send a greeting, then all that comes, until told to stop or the hub goes."""
    channel.send(greeting)
    try:
        while (message := channel.receive())[0] != STOP:
            channel.send(*message)
    except (EOFError, OSError):
        pass


def deaf(channel: Channel) -> None:
    """Read nothing until the hub's end closes, which is noticed by sending."""
    try:
        while True:
            channel.send(b"here")
            time.sleep(0.05)
    except OSError:
        pass


def counting(channel: Channel, count: int) -> None:
    """Send numbered messages as fast as they go, and end."""
    for number in range(count):
        channel.send(b"%d" % number, bytes(number % 3000))


def crashing(channel: Channel) -> None:
    """Die without a word, in the middle of things."""
    channel.send(b"here")
    os._exit(3)


def descriptors(channel: Channel) -> None:
    """Send what sockets this process has open, as Linux names them, and wait for the end."""
    names = []
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists them
            names.append(str(one.readlink()))
    channel.send(" ".join(name for name in names if name.startswith("socket:")).encode())
    echo(channel, b"")


def engine_that_loses_its_gpu(
    channel: Channel, _address: str, _key: bytes, config: HubConfig, _threads: int
) -> None:
    """Report a model on its device until told to stop; the first time on a GPU, lose that."""
    lost, device = config.data_dir / "lost", "CPU" if config.device == "cpu" else "GPU"
    model = ModelInfo(task="faces", state="ready", device=device, reason=None)
    report = EngineReport(models=(model,), busy_s=0, frames=0, batches=0, model_s=0)
    channel.send(encode(report))
    if device == "GPU" and not lost.exists():
        lost.touch()
        channel.send(encode(replace(report, lost="CUDA failure 700")))
        os._exit(1)
    with contextlib.suppress(EOFError, OSError):
        channel.receive()


def answering_probe(channel: Channel) -> None:
    """Say that the GPU answers."""
    channel.send(ANSWERS)
