"""A client of `/live` that takes every picture and keeps account: a browser that paints nothing.

`python -m tests.support.viewer URL TOKEN SECONDS CAMERA...` is one in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from convergecast.ipc.framing import unpack


@dataclass(slots=True)
class CameraAccount:
    """What came of one camera: frame numbers first and last, pictures, their ages in seconds."""

    first_seq: int = -1
    last_seq: int = -1
    pictures: int = 0
    ages_s: list[float] = field(default_factory=list)
    dropped: int = 0
    bytes: int = 0


class LiveClient:
    """A viewer of the hub at `url`, signed in by token.

    Attributes:
        accounts: of pictures, by camera.
        results: as they came, each with `received_at` in UNIX seconds.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.replace("http", "ws", 1) + "/live"
        self._token = token
        self.accounts: dict[str, CameraAccount] = {}
        self.results: list[dict[str, Any]] = []

    async def watch(self, camera_ids: list[str], seconds: float, *, settle_s: float = 2.0) -> None:
        """Watch cameras; the account begins after `settle_s` and ends `seconds` later."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with connect(
            self._url, additional_headers=headers, compression=None, max_size=None
        ) as socket:
            await socket.send(json.dumps({"type": "watch", "cameras": camera_ids}))
            await self._take(socket, settle_s)
            self.accounts.clear()
            self.results.clear()
            await self._take(socket, seconds)

    async def _take(self, socket: ClientConnection, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout_at(deadline):
                    message = await socket.recv()
                await self._understand(socket, message)

    async def _understand(self, socket: ClientConnection, message: str | bytes) -> None:
        if isinstance(message, bytes):
            await self._account(socket, message)
        elif '"result"' in message and (text := json.loads(message))["type"] == "result":
            self.results.append({**text, "received_at": time.time()})

    async def _account(self, socket: ClientConnection, message: bytes) -> None:
        head, jpeg = unpack(message)
        header = json.loads(head)
        now = time.time()
        account = self.accounts.setdefault(header["camera"], CameraAccount())
        if account.first_seq < 0:
            account.first_seq = header["seq"]
        account.last_seq = header["seq"]
        account.pictures += 1
        account.ages_s.append(now - header["captured_at"])
        account.dropped = header["dropped"]
        account.bytes += len(jpeg)
        ack = {"type": "ack", "camera": header["camera"], "seq": header["seq"]}
        await socket.send(json.dumps(ack))


if __name__ == "__main__":
    _url, _token, _seconds, *_ids = sys.argv[1:]
    asyncio.run(LiveClient(_url, _token).watch(_ids, float(_seconds)))
