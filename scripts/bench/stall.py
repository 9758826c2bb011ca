"""`bench stall`: whether pictures continue while the hub's database cannot be written.

Four cameras show a known, moving face, with recognition and counting on. Another process locks the
database for 3 s, several times; a viewer records when pictures arrive. With `--base`, the hub of
another checkout is measured first. Process: command.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from convergecast.errors import Unavailable
from convergecast.protocol.folders import pictures_folder
from convergecast.storage.database import DATABASE_NAME
from scripts.bench.report import Row, machine_line, table, write_json
from scripts.bench.timing import this_machine
from tests.support.rig import Rig, running_rig
from tests.support.viewer import LiveClient

CAMERAS, FPS = 4, 10.0
BLOCKED_S = 3.0
MAY_GROW_S = 0.1
OPTIONS = ("recognition", "people")
_PAUSE_S = 5.0
_TIMEOUT_S = 120.0
_HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@dataclass(frozen=True, slots=True)
class Round:
    """The longest time between two pictures of one camera, in seconds.

    Attributes:
        before: in the 3 s before the lock.
        during: while it was locked, until the first picture afterwards.
        sightings: the number written in the round.
    """

    before: float
    during: float
    sightings: int


class _Watch(LiveClient):
    """A viewer that records when each picture arrives, by camera, in monotonic seconds."""

    def __init__(self, url: str, token: str) -> None:
        """Begin without a picture."""
        super().__init__(url, token)
        self.came: dict[str, list[float]] = {}

    def run(self, camera_ids: list[str]) -> None:
        """Watch until the hub ends."""
        with contextlib.suppress(ConnectionClosed):
            asyncio.run(self.watch(camera_ids, 3600.0))

    async def _account(self, socket: ClientConnection, message: bytes) -> None:
        before = {camera: account.pictures for camera, account in self.accounts.items()}
        await super()._account(socket, message)
        for camera, account in self.accounts.items():
            if account.pictures > before.get(camera, 0):
                self.came.setdefault(camera, []).append(time.monotonic())

    def longest_gap_s(self, from_s: float, to_s: float) -> float:
        """Return the longest gap that overlaps a period."""
        gaps = [
            after - one
            for times in self.came.values()
            for one, after in itertools.pairwise([*times, time.monotonic()])
            if after >= from_s and one <= to_s
        ]
        return max(gaps)


def run_bench(*, base: Path | None, runs: int, json_file: Path | None) -> int:
    """Lock the database `runs` times; print the longest gaps. Return 1 if they grow too much."""
    machine = this_machine()
    print(machine_line(machine), flush=True)
    found: list[Row] = []
    rounds: dict[str, list[Round]] = {}
    codes: list[tuple[str, Path | None]] = [("before", base.resolve())] if base else []
    for name, code in [*codes, ("now", None)]:
        rounds[name] = _rounds(code, runs)
        found += _rows(name, rounds[name])
    print(table(found))
    if json_file:
        more = {name: [asdict(one) for one in some] for name, some in rounds.items()}
        write_json(json_file, machine, found, {"rounds": more})
    return int(any(one.during > one.before + MAY_GROW_S for one in rounds["now"]))


def _rows(name: str, rounds: list[Round]) -> list[Row]:
    grown_ms = [1000 * (one.during - one.before) for one in rounds]
    return [
        Row(
            part=f"longest time between pictures, {name}",
            what=what,
            value=round(value),
            unit="ms",
            aim=aim,
            note=note,
        )
        for what, value, aim, note in (
            ("in 3 s before, median", 1000 * statistics.median(o.before for o in rounds), "", ""),
            (
                "while it is held, median",
                1000 * statistics.median(o.during for o in rounds),
                "",
                "",
            ),
            ("while it is held, worst", 1000 * max(o.during for o in rounds), "", ""),
            (
                "grown, worst of the rounds",
                max(grown_ms),
                f"≤ {1000 * MAY_GROW_S:g}",
                f"{len(rounds)} rounds, {sum(one.sightings for one in rounds)} sightings",
            ),
        )
    ]


def _rounds(code: Path | None, runs: int) -> list[Round]:
    with _running(code) as (rig, watch):
        return [_round(rig, watch) for _ in range(runs)]


def _round(rig: Rig, watch: _Watch) -> Round:
    time.sleep(_PAUSE_S)
    noted = _last_seen(rig)
    command = [sys.executable, "-c", _HOLD, str(rig.folder / "data" / DATABASE_NAME)]
    with subprocess.Popen([*command, str(BLOCKED_S)], stdout=subprocess.PIPE, text=True) as holder:
        if not holder.stdout or holder.stdout.readline() != "held\n":
            raise Unavailable("The database cannot be held.")
        began = time.monotonic()
        before_s = watch.longest_gap_s(began - BLOCKED_S, began)
        holder.wait()
    ended = time.monotonic()
    time.sleep(1.0)
    return Round(
        before=round(before_s, 4),
        during=round(watch.longest_gap_s(began, ended), 4),
        sightings=sum(at > noted.get(pair, 0) for pair, at in _last_seen(rig).items()),
    )


def _last_seen(rig: Rig) -> dict[tuple[str, str], float]:
    path = rig.folder / "data" / DATABASE_NAME
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        sql = "SELECT person_id, camera_id, max(last_at) FROM sightings GROUP BY 1, 2"
        return {(person, camera): at for person, camera, at in connection.execute(sql)}


@contextlib.contextmanager
def _running(code: Path | None) -> Iterator[tuple[Rig, _Watch]]:
    """Run a hub whose cameras see an enrolled person, and a viewer of all of them."""
    photograph = pictures_folder() / "astronaut.png"
    with running_rig(code=code) as rig:
        rig.request("PUT", "/api/v1/settings", json={"recognition": True}).raise_for_status()
        rig.start_feeder(CAMERAS, FPS, photograph=photograph)
        ids = [camera["id"] for camera in rig.wait_online(CAMERAS, _TIMEOUT_S)]
        _enrol(rig, photograph)
        for camera_id in ids:
            path, wanted = f"/api/v1/cameras/{camera_id}", {"options": list(OPTIONS)}
            rig.request("PATCH", path, json=wanted).raise_for_status()
        watch = _Watch(rig.url, rig.admin_token)
        threading.Thread(target=watch.run, args=(ids,), daemon=True).start()
        rig.wait_for(lambda: len(_last_seen(rig)) == CAMERAS, "sightings of all", _TIMEOUT_S)
        yield rig, watch


def _enrol(rig: Rig, photograph: Path) -> None:
    def enrolled() -> bool:  # wait for the models
        files = {"pictures": ("photograph.png", photograph.read_bytes(), "image/png")}
        form = {"name": "Eileen", "consent": "true"}
        return rig.request("POST", "/api/v1/people", data=form, files=files).status_code == 201

    rig.wait_for(enrolled, "enrolment", _TIMEOUT_S)
