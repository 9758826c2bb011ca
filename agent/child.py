"""An agent that a hub runs itself, for a camera without a computer of its own.

What the hub wants and what the agent does travel as JSON over the channel that the hub made; each
message has the whole state, so that only the newest counts. Nothing of a camera's address is in
arguments or environment. The process ends with the channel, however the hub ended.

Process: agent.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import tempfile
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from convergecast.protocol.masks import read_masks

from .address import Listener, parse_hub
from .door import Door
from .identity import Identity, KnownHub
from .masks import KeptMasks
from .options import AgentOptions
from .quiet import silence_libraries
from .service import AgentService
from .sources import make_source

STOP = b"stop"
_REPORT_EVERY_S = 0.5
_MOST_SIZE = (1920, 1080)

_log = logging.getLogger(__name__)


class Channel(Protocol):
    """The agent's end of a channel to the hub."""

    def send(self, head: bytes) -> None:
        """Send a message; raises OSError when the hub is gone."""

    def receive(self) -> tuple[bytes, bytes]:
        """Wait for a message; raises EOFError or OSError when the hub is gone."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the hub wants of this agent; only `granted` and `registers` change.

    Attributes:
        source: the camera's address, with its password.
        hub: where the agent registers.
        address: the literal address of this machine that it serves on.
        agent_id, camera_key: its identity.
        name: the camera's name.
        folder: for its temporary files; only this camera's agents use it.
        granted: how often the camera may have been opened.
        registers: whether the hub knows the camera already.
        masks: its privacy masks at the start, as `read_masks` takes them.
    """

    source: str
    hub: str
    address: str
    agent_id: str
    camera_key: str
    name: str
    folder: str
    granted: int
    registers: bool
    masks: object


def read_wish(head: bytes) -> Wish:
    """Return a message of the hub."""
    return Wish(**json.loads(head))


def run_child(channel: Channel) -> None:
    """Serve a camera until the hub ends. This is the entry point of the process."""
    silence_libraries()
    folder = None
    try:
        if (head := _next(channel)) != STOP:
            wish = read_wish(head)
            folder = _empty(Path(wish.folder))
            tempfile.tempdir = str(folder)
            _Child(channel, wish).run(wish)
    except Exception as error:  # noqa: BLE001 - the top of the process
        _log.error("the agent failed: %s", _told(error))
    finally:
        logging.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)  # a thread may hang in FFmpeg


def _next(channel: Channel) -> bytes:
    """Return the hub's next message, which is `STOP` also when the hub is gone."""
    try:
        return channel.receive()[0]
    except (EOFError, OSError):
        return STOP


def _told(error: Exception) -> str:
    """Return what failed and where; the text of an error may quote the camera's password."""
    reason = error.strerror if isinstance(error, OSError) else None
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}{f' ({reason})' if reason else ''}\n{places}"


def _empty(folder: Path) -> Path:
    """Return a folder without the files of an agent that was killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


class _Child:
    """The agent, and what it tells the hub."""

    def __init__(self, channel: Channel, wish: Wish) -> None:
        """Connect the parts; the camera is not opened yet."""
        self._channel = channel
        self._news = threading.Event()
        self._door = Door(
            make_source(wish.source, box=_MOST_SIZE, untouched=True),
            address=wish.source,
            tell=self._news.set,
        )
        self._service = _service(wish, self._door)
        self._registers = False

    def run(self, wish: Wish) -> None:
        """Follow the hub's messages until it wants no more."""
        self._service.start(register=False)
        self._follow(wish)
        threading.Thread(target=self._report_loop, name="report", daemon=True).start()
        while (head := _next(self._channel)) != STOP:
            self._follow(read_wish(head))

    def _follow(self, wish: Wish) -> None:
        self._door.grant(wish.granted)
        if wish.registers and not self._registers:
            self._registers = True
            self._service.register()

    def _report_loop(self) -> None:
        try:
            while True:
                self._news.clear()
                self._channel.send(json.dumps(self._report()).encode())
                self._news.wait(_REPORT_EVERY_S)
        except OSError:
            os._exit(0)  # the hub is gone

    def _report(self) -> dict[str, int | float | bool | str]:
        state, door = self._service.slot.state(), self._door
        door.look(online=state.online)
        return {
            "asked": door.asked,
            "settled": door.settled,
            "online": state.online,
            "failure": door.failure,
            "refused": door.refused,
            "busy_s": door.busy_s(),
            "port": self._service.listener.port,
        }


def _service(wish: Wish, door: Door) -> AgentService:
    hub = parse_hub(wish.hub)
    known = KnownHub(camera_key=wish.camera_key, protocol=2)
    family = socket.AF_INET6 if ":" in wish.address else socket.AF_INET
    listening = socket.create_server((wish.address, 0), family=family, backlog=64)
    return AgentService(
        options=AgentOptions(hub=hub, source=wish.source, name=wish.name, size=_MOST_SIZE),
        source=door,
        identity=Identity(
            wish.agent_id,
            hubs={hub.url: known},
            masks=KeptMasks(None, given=read_masks(wish.masks)),
        ),
        listener=Listener(listening, wish.address, listening.getsockname()[1]),
    )
