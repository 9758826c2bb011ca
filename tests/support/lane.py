"""Events through the lane from worker to hub, while both are killed and started in turn."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import sqlite3
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import bson
import psutil
import requests

from convergecast.storage.database import EVENTS_DATABASE_NAME
from tests.support.event_worker import EVENTS_VARIABLE, PAUSE_VARIABLE
from tests.support.rig import Rig

KINDS = ("worker", "hub", "worker", "both", "worker", "hub by SIGTERM")
_SETTLED_S = 0.5


@dataclass(slots=True)
class LaneAccount:
    """What a run saw.

    Attributes:
        made: events whose making has returned, over all cameras.
        stored: rows.
        unnamed: rows of events that were made just before a kill, too late to be noted as made.
        lost, doubled, misplaced: of those made: not stored, stored more than once, out of order.
        kills: how often what was killed.
        seconds: the whole run.
        hub_mb, worker_mb: the largest resident memory that was seen.
        journal_kb: the largest journal that was seen.
        frame_looks: how often the age of the newest frame was seen while both processes ran.
        oldest_frame_ms: the worst of these ages.
    """

    made: int = 0
    stored: int = 0
    unnamed: int = 0
    lost: int = 0
    doubled: int = 0
    misplaced: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    hub_mb: float = 0.0
    worker_mb: float = 0.0
    journal_kb: float = 0.0
    frame_looks: int = 0
    oldest_frame_ms: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it for a file."""
        return asdict(self)


class Lane:
    """A hub whose workers make so many events each."""

    def __init__(
        self, folder: Path, *, cameras: int, events_each: int, pause_s: float, seed: int = 1
    ) -> None:
        self.account = LaneAccount()
        self._random = random.Random(seed)
        self._events_each = events_each
        self._online_since: dict[str, float] = {}
        self.data = folder / "data"
        os.environ[EVENTS_VARIABLE] = str(events_each)
        os.environ[PAUSE_VARIABLE] = str(pause_s)
        self.rig = Rig(folder, hub_command=[sys.executable, "-m", "tests.support.event_hub"])
        self.cameras = [self._register(number) for number in range(cameras)]

    def run(self, *, kill_after: tuple[int, int], timeout_s: float) -> LaneAccount:
        """Kill in turn until all events are made, wait until they are stored, and count.

        Args:
            kill_after: how many events are made between two kills, at least and at most.
            timeout_s: after which TimeoutError is raised.
        """
        began = time.monotonic()
        for kind in itertools.cycle(KINDS):
            wanted = min(self._wanted(), self._made() + self._random.randint(*kill_after))
            while self._made() < wanted:
                if time.monotonic() - began > timeout_s:
                    raise TimeoutError(f"only {self._made()} events were made:\n{self.rig.log()}")
                self._look()
                time.sleep(0.05)
            if wanted == self._wanted():
                break
            self._kill(kind)
        self.wait_stored()
        self.account.seconds = round(time.monotonic() - began, 1)
        self.count()
        return self.account

    def wait_stored(self, timeout_s: float = 60.0) -> None:
        """Wait until every event that was made has its row."""
        self.rig.wait_for(lambda: self._stored() >= self._wanted(), "all rows", timeout_s)

    def count(self) -> None:
        """Compare what was made with what is stored."""
        account = self.account
        for camera_id in self.cameras:
            made, stored = self._names(camera_id), self._rows(camera_id)
            known = set(made)
            account.made += len(made)
            account.stored += len(stored)
            account.unnamed += len(set(stored) - known)
            account.lost += len(known - set(stored))
            account.doubled += len(stored) - len(set(stored))
            account.misplaced += [name for name in stored if name in known] != made

    def _kill(self, kind: str) -> None:
        self.account.kills[kind] = self.account.kills.get(kind, 0) + 1
        if kind in ("worker", "both"):
            for worker in self.workers():
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
        if kind != "worker":
            self.rig.restart_hub(kill=kind != "hub by SIGTERM")

    def _look(self) -> None:
        """Note memory, journals and the age of frames, once all has begun."""
        account = self.account
        with contextlib.suppress(psutil.Error):
            account.hub_mb = max(account.hub_mb, _mb(psutil.Process(self.rig.hub.pid)))
            for worker in self.workers():
                account.worker_mb = max(account.worker_mb, _mb(worker))
        account.journal_kb = max(account.journal_kb, self._journal_kb())
        with contextlib.suppress(requests.RequestException):
            self._note_frames()

    def _note_frames(self) -> None:
        now = time.monotonic()
        cameras = {camera["id"]: camera for camera in self.rig.cameras()}
        online = [key for key, camera in cameras.items() if camera["state"] == "online"]
        self._online_since = {key: self._online_since.get(key, now) for key in online}
        for key, since in self._online_since.items():
            camera = cameras[key]
            if now - since > _SETTLED_S and camera["age_ms"] is not None:
                worst = max(self.account.oldest_frame_ms, camera["age_ms"])
                self.account.oldest_frame_ms = worst
                self.account.frame_looks += 1

    def workers(self) -> list[psutil.Process]:
        """Return the hub's grandchildren."""
        with contextlib.suppress(psutil.NoSuchProcess):
            helpers = psutil.Process(self.rig.hub.pid).children()
            return [child for helper in helpers for child in helper.children()]
        return []

    def _register(self, number: int) -> str:
        document = {
            "ipaddress": "127.0.0.1",
            "ports": 40_000 + number,
            "agent_id": f"lane-{number}",
        }
        body = bson.encode({**document, "protocol": 1, "token": self.rig.agent_token})
        answer = requests.post(f"{self.rig.url}/server/", data=body, timeout=10)
        return str(bson.decode(answer.content)["camera_id"])

    def _made(self) -> int:
        files = [self._made_file(camera_id) for camera_id in self.cameras]
        return sum(file.read_bytes().count(b"\n") for file in files if file.exists())

    def _wanted(self) -> int:
        return self._events_each * len(self.cameras)

    def _names(self, camera_id: str) -> list[str]:
        file = self._made_file(camera_id)
        return file.read_text().splitlines() if file.exists() else []

    def _made_file(self, camera_id: str) -> Path:
        return self.data / f"made-{camera_id}.txt"

    def _stored(self) -> int:
        count: int = self._read("SELECT count(*) FROM events")[0][0]
        return count

    def _rows(self, camera_id: str) -> list[str]:
        sql = "SELECT reason FROM events WHERE camera_id = ? ORDER BY id"
        return [name for (name,) in self._read(sql, camera_id)]

    def _read(self, sql: str, *values: str) -> list[Any]:
        uri = f"file:{self.data / EVENTS_DATABASE_NAME}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute(sql, values).fetchall()

    def _journal_kb(self) -> float:
        sizes = [0.0]
        for camera_id in self.cameras:
            with contextlib.suppress(OSError):
                files = (self.data / "event-journals" / camera_id).glob("*.events")
                sizes.append(sum(file.stat().st_size for file in files) / 1024)
        return max(sizes)


def _mb(process: psutil.Process) -> float:
    return round(process.memory_info().rss / (1 << 20), 1)
