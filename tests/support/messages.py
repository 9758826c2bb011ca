"""Makes messages from a few fields, and dictionaries from messages."""

from __future__ import annotations

from typing import Any

import msgspec

from convergecast.messages.engine import Findings, Look
from convergecast.messages.results import PictureResult, Result
from convergecast.messages.worker import FrameHead, Orders, Report

_RESULT: dict[str, Any] = {
    "camera_id": "c",
    "seq": 1,
    "captured_at": 1e9,
    "processed_at": 1e9,
    "unchanged_until": 1e9,
    "width": 640,
    "height": 480,
    "scene": 0,
    "options": ["faces"],
    "faces": None,
    "objects": None,
    "people": None,
}
_FACE: dict[str, Any] = {
    "box": [10.0, 10.0, 90.0, 90.0],
    "score": 0.9,
    "track_id": None,
    "velocity": None,
    "points": None,
    "landmarks": None,
    "landmarks_guessed": None,
    "person": None,
    "identity": None,
}
_IDENTITY: dict[str, Any] = {
    "state": "undecided",
    "id": None,
    "name": None,
    "distance": None,
    "quality": 0.8,
    "flaws": [],
}
_OBJECT: dict[str, Any] = {"track_id": None, "velocity": None}
_ORDERS: dict[str, Any] = {
    "kind": "orders",
    "camera_id": "c",
    "address": "127.0.0.1",
    "port": 5000,
    "stream_key": "k",
    "capabilities": ["stream", "long-poll"],
    "agent_fps": 25.0,
    "live": True,
    "pairs": False,
    "options": [],
    "object_min_score": 0.5,
    "object_labels": None,
    "engine_address": None,
    "engine_problem": None,
    "analysis_fps": 10.0,
    "motion_sleep_s": 3.0,
    "adaptive_resolution": True,
    "wakes": 0,
    "journal": b"",
}
_REPORT: dict[str, Any] = {
    "kind": "report",
    "state": "online",
    "reason": "",
    "width": 640,
    "height": 480,
    "fps": 25.0,
    "received_fps": 25.0,
    "still": False,
    "analysed_fps": 10.0,
    "analysis_error": None,
    "motion": {"quiet": False, "skipped": 0, "skipped_fps": 0.0},
    "dropped": {"agent": 0, "worker": 0, "events": 0},
}


def plain(message: Any) -> Any:
    """Return a message as JSON tells it, but with bytes and numbers of tracks as they are."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(message))


def findings(**fields: Any) -> Findings:
    """Return what an engine found, in a picture of 100 by 100 pixels unless told otherwise."""
    usual = {"width": 100, "height": 100, "problems": {}, "loading": False}
    return msgspec.convert({**usual, **fields}, Findings)


def look(**fields: Any) -> Look:
    """Return a look at a good face without a vector, but for these fields."""
    return msgspec.convert({"quality": 0.8, "flaws": [], "usable": True, **fields}, Look)


def result(**fields: Any) -> Result:
    """Return a camera's result that has found nothing, but for these fields."""
    return msgspec.convert(_with_things({**_RESULT, **fields}), Result)


def picture_result(**fields: Any) -> PictureResult:
    """Return the same of a picture that is no camera's."""
    blank = {"camera_id": None, "seq": None, "captured_at": None, "scene": None}
    content = _with_things({**_RESULT, **fields, **blank})
    del content["unchanged_until"]
    return msgspec.convert(content, PictureResult)


def orders(**fields: Any) -> Orders:
    """Return the orders of a camera that is watched, but for these fields."""
    return msgspec.convert({**_ORDERS, **fields}, Orders)


def report(**fields: Any) -> Report:
    """Return the report of a camera that is well, but for these fields."""
    return msgspec.convert({**_REPORT, **fields}, Report)


def frame_head(seq: int, **fields: Any) -> FrameHead:
    """Return the head of a frame."""
    usual = {"kind": "frame", "captured_at": float(seq), "width": 4, "height": 3}
    return msgspec.convert({**usual, "seq": seq, **fields}, FrameHead)


def _with_things(content: dict[str, Any]) -> dict[str, Any]:
    faces, objects = content["faces"], content["objects"]
    if faces is not None:
        content["faces"] = [_face(face) for face in faces]
    if objects is not None:
        content["objects"] = [{**_OBJECT, **thing} for thing in objects]
    return content


def _face(face: dict[str, Any]) -> dict[str, Any]:
    whole = {**_FACE, **face}
    if whole["identity"] is not None:
        whole["identity"] = {**_IDENTITY, **whole["identity"]}
    return whole
