"""Records what a hub reports about its one camera, and every picture, as JSON lines.

A program of its own, since it runs inside a network namespace; `Record` reads what it wrote.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import requests
from websockets.asyncio.client import ClientConnection, connect

from convergecast.ipc.framing import unpack

_ASK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the hub said at UNIX time `t`: `via` "api", asked, or "live", as a tile is told.

    `pictures` came until then; `newest` is the newest one's `captured_at`, 0 before the first.
    """

    t: float
    via: str
    state: str
    reason: str | None
    age_ms: int | None
    received_fps: float
    pictures: int
    newest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that came at UNIX time `t`."""

    t: float
    seq: int
    captured_at: float
    bytes: int

    @property
    def age_s(self) -> float:
        """How old it was when it came."""
        return self.t - self.captured_at


class Record:
    """What an observer has written so far, between two UNIX times."""

    def __init__(self, file: Path, since: float = 0.0, until: float = float("inf")) -> None:
        self.said: list[Said] = []
        self.pictures: list[Picture] = []
        text = file.read_text() if file.exists() else ""
        for line in text[: text.rfind("\n") + 1].splitlines():
            fields = json.loads(line)
            if not since <= fields["t"] <= until:
                continue
            if "via" in fields:
                self.said.append(Said(**fields))
            else:
                self.pictures.append(Picture(**fields))


class Observer:
    """Asks the API again and again, and watches the camera by `/live`."""

    def __init__(self, *, url: str, token: str, out: TextIO) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = requests.Session()
        self._session.trust_env = False
        self._out = out
        self._pictures = 0
        self._newest = 0.0

    async def run(self) -> None:
        """Observe without end."""
        while not (cameras := await asyncio.to_thread(self._cameras)):
            await asyncio.sleep(_ASK_EVERY_S)
        await asyncio.gather(self._ask(), self._watch(cameras[0]["id"]))

    async def _ask(self) -> None:
        while True:
            for camera in await asyncio.to_thread(self._cameras):
                self._note("api", camera)
            await asyncio.sleep(_ASK_EVERY_S)

    async def _watch(self, camera_id: str) -> None:
        url = self._url.replace("http", "ws", 1) + "/live"
        async with connect(
            url, additional_headers=self._headers, compression=None, max_size=None, proxy=None
        ) as socket:
            await socket.send(json.dumps({"type": "watch", "cameras": [camera_id]}))
            async for message in socket:
                if isinstance(message, bytes):
                    await self._take(socket, message)
                else:
                    for camera in json.loads(message).get("cameras", ()):
                        self._note("live", camera)

    async def _take(self, socket: ClientConnection, message: bytes) -> None:
        head, jpeg = unpack(message)
        header = json.loads(head)
        self._pictures += 1
        self._newest = max(self._newest, header["captured_at"])
        self._write(
            t=time.time(), seq=header["seq"], captured_at=header["captured_at"], bytes=len(jpeg)
        )
        ack = {"type": "ack", "camera": header["camera"], "seq": header["seq"]}
        await socket.send(json.dumps(ack))

    def _cameras(self) -> list[dict[str, Any]]:
        answer = self._session.get(f"{self._url}/api/v1/cameras", headers=self._headers, timeout=5)
        cameras: list[dict[str, Any]] = answer.json()["cameras"]
        return cameras

    def _note(self, via: str, camera: dict[str, Any]) -> None:
        self._write(
            t=time.time(),
            via=via,
            state=camera["state"],
            reason=camera["state_reason"],
            age_ms=camera["age_ms"],
            received_fps=camera["received_fps"],
            pictures=self._pictures,
            newest=self._newest,
        )

    def _write(self, **fields: Any) -> None:
        self._out.write(json.dumps(fields) + "\n")
        self._out.flush()


def main() -> None:
    """Observe until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    with options.out.open("w") as out:
        asyncio.run(Observer(url=options.url, token=options.token, out=out).run())


if __name__ == "__main__":
    main()
