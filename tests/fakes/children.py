"""Stand-ins for the hub's child processes, started by name as the real ones are."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from convergecast.ipc.channel import Channel
from convergecast.ipc.processes import STOP

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
