"""Measures a link with UDP packets: `echo` sends all back, `ask` counts and times what returns.

A program of its own, since it runs inside a network namespace.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

_HEADER = struct.Struct("!Id")
_AFTER_LAST_S = 0.5
PORT = 7


@dataclass(slots=True)
class Answers:
    """The numbers that came back in the order in which they did, when, and their round trips."""

    numbers: list[int] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    round_trips_s: list[float] = field(default_factory=list)


def echo(address: str) -> None:
    """Send every packet back, without end; print a line when ready."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, PORT))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            server.sendto(*server.recvfrom(2048))


def ask(address: str, *, packets: int, interval_s: float, size: int) -> Answers:
    """Send `packets` packets of `size` bytes (IP header included) one every `interval_s`."""
    answers = Answers()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        client.connect((address, PORT))
        client.settimeout(_AFTER_LAST_S)
        listening = threading.Thread(target=_listen, args=(client, answers))
        listening.start()
        began = time.monotonic()
        for number in range(packets):
            time.sleep(max(0.0, began + number * interval_s - time.monotonic()))
            client.send(_HEADER.pack(number, time.monotonic()).ljust(size - 28, b"\0"))
        listening.join()
    return answers


def _listen(client: socket.socket, answers: Answers) -> None:
    while True:
        try:
            packet = client.recv(2048)
        except TimeoutError:
            return
        now = time.monotonic()
        number, sent_at = _HEADER.unpack_from(packet)
        answers.numbers.append(number)
        answers.at_s.append(now)
        answers.round_trips_s.append(now - sent_at)


def main(words: list[str]) -> None:
    """`echo ADDRESS`, or `ask ADDRESS {"packets": …}`, which prints JSON."""
    if words[0] == "echo":
        echo(words[1])
    wanted: dict[str, Any] = json.loads(words[2])
    sys.stdout.write(json.dumps(asdict(ask(words[1], **wanted))))


if __name__ == "__main__":
    main(sys.argv[1:])
