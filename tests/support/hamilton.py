"""Who is named in `short_hamilton_clip.mp4`, and whether rightly: a clip with cuts.

The tables were made by eye. Frames count from 0. The clip loops, so the cut at 0 comes again.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from convergecast.ipc.framing import unpack
from tests.support.rig import Rig

CLIP = Path("videos") / "short_hamilton_clip.mp4"
FRAMES, FPS = 275, 29.97
CUTS = (0, 20, 82, 211)
SINGER, PIANIST = "Lin-Manuel Miranda", "Alex Lacamoire"
PORTRAITS = {SINGER: "lin-manuel-miranda.png", PIANIST: "alex-lacamoire.png"}
FACING: dict[str, list[tuple[int, int]]] = {SINGER: [(82, 131), (146, 210)], PIANIST: [(0, 19)]}
"""First and last frame in which each faces the camera. From 20 to 81 the pianist is seen from the
side. From 132 to 145 the singer's hands are before his face. From 211 on neither is in view."""
SETTLED_S = 1.0
"""So long after a cut everybody who faces the camera is to be named."""


def whose(frame: int, box: Sequence[float], size: tuple[int, int]) -> str | None:
    """Return whose face a box is in a frame; None for the audience."""
    width = box[2] - box[0]
    across = (box[0] + box[2]) / 2 / size[0]
    if frame < 20:  # the singer stands at the right, the pianist sits at the left
        return SINGER if across > 0.6 else PIANIST if across < 0.2 else None
    if frame < 82:  # the pianist near the camera, the audience behind him
        return PIANIST if width > 0.15 * size[0] else None
    return SINGER if frame < 211 else None


@dataclass(slots=True)
class Names:
    """What a run saw.

    Attributes:
        results, pictures: how many came.
        named: names in results that were right.
        wrong: names that were not: frame, name, and whose face it was.
        due, shown: pictures in which somebody is to be named, and those in which he is.
        sure: those in which he is named without a question mark.
        mixed: pictures of one scene whose frames belong to two.
    """

    results: int = 0
    pictures: int = 0
    named: int = 0
    wrong: list[tuple[int, str, str | None]] = field(default_factory=list)
    due: dict[str, int] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    sure: dict[str, int] = field(default_factory=dict)
    mixed: int = 0

    def share(self, name: str) -> float:
        """Return in which share of the pictures that are due somebody is named."""
        return self.shown.get(name, 0) / max(1, self.due.get(name, 0))


@dataclass(slots=True)
class Watched:
    """The heads of pictures and the results that came by `/live`."""

    pictures: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)


async def watch(rig: Rig, camera_id: str, seconds: float) -> Watched:
    """Watch a camera as a page does."""
    watched = Watched()
    headers = {"Authorization": f"Bearer {rig.admin_token}"}
    url = rig.url.replace("http", "ws", 1) + "/live"
    deadline = time.monotonic() + seconds
    async with connect(
        url, additional_headers=headers, compression=None, max_size=None, proxy=None
    ) as socket:
        await socket.send(json.dumps({"type": "watch", "cameras": [camera_id]}))
        while time.monotonic() < deadline:
            message = await asyncio.wait_for(socket.recv(), 10)
            if isinstance(message, bytes):
                head = json.loads(unpack(message)[0])
                watched.pictures.append(head)
                ack = {"type": "ack", "camera": camera_id, "seq": head["seq"]}
                await socket.send(json.dumps(ack))
            elif (told := json.loads(message))["type"] == "result":
                watched.results.append(told)
    return watched


def frame_of(seq: int) -> int:
    """Return which frame of the clip an agent's number is; it sends every frame."""
    return (seq - 1) % FRAMES


def judge(watched: Watched) -> Names:
    """Return how right the names were, in results and in the pictures drawn with them.

    A picture shows what the last result of its own scene says that was captured before it, or the
    first one after it.
    """
    names = Names(results=len(watched.results), pictures=len(watched.pictures))
    by_scene: dict[int, list[dict[str, Any]]] = {}
    for result in watched.results:
        by_scene.setdefault(result["scene"], []).append(result)
        frame, size = frame_of(result["seq"]), (result["width"], result["height"])
        for face in result["faces"] or ():
            if name := label_of(face):
                owner = whose(frame, face["box"], size)
                names.named += name == owner
                if name != owner:
                    names.wrong.append((frame, name, owner))
    shots: dict[int, set[int]] = {}
    for head in watched.pictures:
        shots.setdefault(head["scene"], set()).add(_shot(frame_of(head["seq"])))
        _note_picture(names, head, by_scene.get(head["scene"], []))
    names.mixed = sum(len(seen) > 1 for seen in shots.values())
    return names


def label_of(face: dict[str, Any]) -> str | None:
    """Return the name that a page writes at a face, with a question mark or without; or None."""
    name: str | None = (face["identity"] or {}).get("name")
    return name


def _note_picture(names: Names, head: dict[str, Any], results: list[dict[str, Any]]) -> None:
    frame = frame_of(head["seq"])
    if frame - _shot(frame) < SETTLED_S * FPS:
        return
    before = [one for one in results if one["captured_at"] <= head["captured_at"]]
    shown = before[-1:] or results[:1]
    faces = [face for one in shown for face in one["faces"] or ()]
    called = {label_of(face) for face in faces}
    known = {face["person"]["name"] for face in faces if face["person"]}
    for name, ranges in FACING.items():
        if any(first <= frame <= last for first, last in ranges):
            names.due[name] = names.due.get(name, 0) + 1
            names.shown[name] = names.shown.get(name, 0) + (name in called)
            names.sure[name] = names.sure.get(name, 0) + (name in known)


def _shot(frame: int) -> int:
    return max(cut for cut in CUTS if cut <= frame)


def begin(rig: Rig, data: Path) -> str:
    """Show the clip to a hub with recognition on, and enrol both; return the camera's id."""
    assert rig.request("PUT", "/api/v1/settings", json={"recognition": True}).ok
    rig.start_agent("--source", str(data / CLIP))
    (camera,) = rig.wait_online(1)
    path = f"/api/v1/cameras/{camera['id']}"
    assert rig.request("PATCH", path, json={"options": ["recognition"]}).ok
    rig.wait_for(lambda: _is_recognising(rig, path), "faces that can be compared", 180)
    for name, file in PORTRAITS.items():
        content = (data / "identities" / "examples" / file).read_bytes()
        parts: list[Any] = [("name", (None, name)), ("consent", (None, "true"))]
        parts.append(("pictures", (file, content)))
        answer = rig.request("POST", "/api/v1/people", files=parts)
        assert answer.status_code == 201, answer.text
    return str(camera["id"])


def _is_recognising(rig: Rig, path: str) -> bool:
    answer = rig.request("GET", f"{path}/result")
    return answer.ok and any(face["identity"] for face in answer.json()["faces"] or ())
