"""`POST /api/v1/analyze` on a real hub with its real engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import requests

from convergecast.bench.rig import Rig
from convergecast.vision.detections import Bytes

PATH = "/api/v1/analyze?options="


def encoded(image: Bytes, suffix: str) -> bytes:
    content: bytes = cv2.imencode(suffix, image)[1].tobytes()
    return content


def send(rig: Rig, options: str, body: bytes) -> tuple[int, dict[str, Any]]:
    answer = rig.request("POST", PATH + options, data=body)
    return answer.status_code, answer.json()


def test_a_picture_is_analysed_though_no_camera_has_an_option_on(
    rig: Rig, astronaut: Bytes
) -> None:
    status, result = send(rig, "faces,objects", encoded(astronaut, ".jpg"))
    assert status == 200
    assert (result["width"], result["height"]) == (512, 512)
    assert len(result["faces"]) == 1
    assert result["faces"][0]["landmarks"] is None
    assert "person" in [thing["label"] for thing in result["objects"]]
    assert result["camera_id"] is None
    status, result = send(rig, "landmarks", encoded(astronaut, ".png"))
    assert status == 200
    assert len(result["faces"][0]["landmarks"]) == 68
    assert result["objects"] is None


def test_several_at_once_get_their_own_answers(rig: Rig, astronaut: Bytes, chelsea: Bytes) -> None:
    bodies = [encoded(astronaut, ".jpg"), encoded(chelsea, ".jpg")] * 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: send(rig, "objects", body), bodies))
    assert [status for status, _ in answers] == [200] * 8
    for (_, result), expected in zip(answers, ["person", "cat"] * 4, strict=True):
        assert expected in [thing["label"] for thing in result["objects"]]


def test_a_large_picture_found_in_at_reduced_size_is_measured_in_its_own_pixels(
    rig: Rig, astronaut: Bytes
) -> None:
    large = cv2.resize(astronaut, (2048, 2048), interpolation=cv2.INTER_CUBIC)
    _, small_result = send(rig, "faces", encoded(astronaut, ".jpg"))
    _, large_result = send(rig, "faces", encoded(np.asarray(large, np.uint8), ".jpg"))
    assert (large_result["width"], large_result["height"]) == (2048, 2048)
    (small_face,), (large_face,) = small_result["faces"], large_result["faces"]
    for of_small, of_large in zip(small_face["box"], large_face["box"], strict=True):
        assert abs(of_large - 4 * of_small) < 16


def test_what_cannot_be_used_is_refused_with_one_sentence(rig: Rig, astronaut: Bytes) -> None:
    jpeg = encoded(astronaut, ".jpg")
    for options, body, kind, words in (
        ("faces", b"", "invalid", "Send one JPEG or PNG as the body."),
        ("", jpeg, "invalid", "Say what to look for"),
        ("noses", jpeg, "invalid", "'noses' is not an option"),
        ("faces", b"GIF89a nothing", "invalid", "not a JPEG"),
        ("faces", jpeg[: len(jpeg) // 2], "invalid", "cut short"),
        ("faces", encoded(astronaut, ".png")[:200], "invalid", "PNG is damaged"),
        ("faces", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "invalid", "PNG is damaged"),
    ):
        status, answer = send(rig, options, body)
        assert (status, answer["error"]) == (400, kind), (options, body[:10])
        assert words in answer["message"]
    status, answer = send(rig, "faces", b"\xff\xd8" + bytes(20_000_001))
    assert (status, answer["error"]) == (413, "too-large")
    status, result = send(rig, "faces", jpeg)
    assert status == 200 and len(result["faces"]) == 1


def test_a_stranger_is_refused_before_his_picture_is_read(rig: Rig) -> None:
    def endless() -> Any:
        while True:
            yield bytes(1 << 16)

    try:
        answer = requests.post(rig.url + PATH + "faces", data=endless(), timeout=10)
    except requests.ConnectionError:
        return  # refused while it was still sending
    assert answer.status_code == 401
