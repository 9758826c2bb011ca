"""The hub hardly polls a camera without viewers, and the camera is live at once for a viewer."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from convergecast.ipc.framing import unpack
from scripts.bench.camera_end import write_moving_video
from tests.support.rig import Rig

CLICKS = 5
LIVE_WITHIN_S = 0.3


@pytest.mark.alone
def test_a_click_brings_a_camera_to_life_that_was_asked_once_a_second(
    rig: Rig, tmp_path: Path
) -> None:
    video = write_moving_video(tmp_path / "moving.avi", fps=25.0)
    rig.start_agent("--source", str(video))
    (camera,) = rig.wait_online(1)
    waits_s = []
    for _ in range(CLICKS):
        time.sleep(4.5)  # a rate is that of the last three seconds
        idle_fps = rig.cameras()[0]["received_fps"]
        assert 0 < idle_fps <= 1.05, "an idle camera is not asked once a second"
        waits_s.append(asyncio.run(click(rig, camera["id"])))
    sys.stdout.write(f"live after {[round(1000 * wait_s) for wait_s in waits_s]} ms\n")
    assert statistics.median(waits_s) < LIVE_WITHIN_S


async def click(rig: Rig, camera_id: str) -> float:
    """Watch a camera; return after how many seconds a picture taken since then has come."""
    url = rig.url.replace("http", "ws", 1) + "/live"
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    async with connect(url, additional_headers=headers, compression=None) as socket:
        await socket.recv()
        clicked_at = time.time()
        await socket.send(json.dumps({"type": "watch", "cameras": [camera_id]}))
        async with asyncio.timeout(5):
            while True:
                message = await socket.recv()
                if not isinstance(message, bytes):
                    continue
                header = json.loads(unpack(message)[0])
                if header["captured_at"] > clicked_at:
                    return time.time() - clicked_at
                ack = {"type": "ack", "camera": camera_id, "seq": header["seq"]}
                await socket.send(json.dumps(ack))
