"""Cameras whose small pictures cost much work to decode, beside a good camera."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

import psutil

from tests.fakes.agents import RawAgent, answer
from tests.fakes.scans import many_scans
from tests.support.rig import Rig
from tests.support.viewer import LiveClient

_CAMERAS = 4


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the good camera, and of the machine.

    Attributes:
        results_before, results_during: the good camera's, a second.
        grown_mb: by how much all processes of the hub have grown, the new cameras' left out.
        reasons: what the tiles of the others say.
        shown: pictures of the others that a viewer got.
    """

    results_before: float
    results_during: float
    grown_mb: float
    reasons: tuple[str, ...]
    shown: int


def scan_bombs(rig: Rig, good: str, seconds: float) -> Account:
    """Watch a camera that is analysed, alone and then beside four whose pictures have 1,500 scans.

    Args:
        rig: the hub; the four cameras are forgotten in the end.
        good: the id of the camera.
        seconds: how long each of both is measured.
    """
    bomb = many_scans(7040, 7040, 1500)

    def handle(connection: socket.socket, path: str) -> None:
        connection.sendall(answer(bomb))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    hub = psutil.Process(rig.hub.pid)
    client = LiveClient(rig.url, rig.admin_token)
    asyncio.run(client.watch([good], seconds, settle_s=3))
    before = len(client.results) / seconds
    processes = [hub, *hub.children(recursive=True)]
    size = _size_mb(processes)
    agents = [RawAgent(handle) for _ in range(_CAMERAS)]
    ids: list[str] = []
    try:
        for number, agent in enumerate(agents):
            name = f"Bomb {number}"
            agent.register(rig.url, agent_id=name, name=name, token=rig.agent_token, stream_key="k")
        ids = [camera["id"] for camera in rig.cameras() if camera["name"].startswith("Bomb")]
        for camera_id in ids:
            rig.request("PATCH", f"/api/v1/cameras/{camera_id}", json={"options": ["faces"]})
        asyncio.run(client.watch([good, *ids], seconds, settle_s=3))
        reasons = [c["state_reason"] or "" for c in rig.cameras() if c["id"] in ids]
        return Account(
            results_before=before,
            results_during=sum(r["camera_id"] == good for r in client.results) / seconds,
            grown_mb=_size_mb(processes) - size,
            reasons=tuple(reasons),
            shown=sum(client.accounts[i].pictures for i in ids if i in client.accounts),
        )
    finally:
        for agent in agents:
            agent.close()
        for camera_id in ids:
            rig.request("DELETE", f"/api/v1/cameras/{camera_id}")


def _size_mb(processes: list[psutil.Process]) -> float:
    return sum(process.memory_info().rss for process in processes) / 2**20
