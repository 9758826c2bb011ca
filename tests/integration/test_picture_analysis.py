"""`POST /api/v1/analyze` on a real hub with its real engine."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests

from convergecast.vision.detections import Bytes
from tests.support.rig import Rig, running_rig

PATH = "/api/v1/analyze?options="

pytestmark = pytest.mark.shared_hub


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
    assert "mesh" not in result["faces"][0]


def test_all_points_of_the_mesh_are_given_where_they_are_asked_for(
    rig: Rig, astronaut: Bytes
) -> None:
    status, result = send(rig, "landmarks&mesh=true", encoded(astronaut, ".png"))
    assert status == 200
    (face,) = result["faces"]
    mesh, (left, top, right, bottom) = np.array(face["mesh"]), face["box"]
    assert mesh.shape == (468, 2) and len(face["landmarks"]) == 68
    assert (mesh.mean(axis=0) > [left, top]).all() and (mesh.mean(axis=0) < [right, bottom]).all()
    eyes, chin = mesh[[33, 263]].mean(axis=0), mesh[152]
    assert eyes[1] < mesh[4][1] < chin[1]  # the tip of the nose lies between
    status, result = send(rig, "faces&mesh=true", encoded(astronaut, ".png"))
    assert status == 200 and "mesh" not in result["faces"][0]
    assert send(rig, "landmarks&mesh=yes", encoded(astronaut, ".png"))[0] == 400


def test_a_hub_for_commercial_products_finds_the_points_of_the_mesh(
    tmp_path: Path, astronaut: Bytes
) -> None:
    """dlib's model of 68 points may not be used there."""
    config = tmp_path / "hub.toml"
    config.write_text("commercial_safe = true\n")
    with running_rig("--config", str(config)) as rig:
        status, result = send(rig, "landmarks", encoded(astronaut, ".jpg"))
        assert status == 200
        (face,) = result["faces"]
        assert (len(face["landmarks"]), face["landmarks_guessed"]) == (68, False)


def test_several_at_once_get_their_own_answers(rig: Rig, astronaut: Bytes, chelsea: Bytes) -> None:
    bodies = [encoded(astronaut, ".jpg"), encoded(chelsea, ".jpg")] * 2
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda body: send(rig, "objects", body), bodies))
    assert [status for status, _ in answers] == [200] * 4
    for (_, result), expected in zip(answers, ["person", "cat"] * 2, strict=True):
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
        ("faces", b"GIF89a nothing", "invalid", "neither JPEG nor PNG"),
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


def unfinished_upload(rig: Rig) -> socket.socket:
    """Begin to send a picture, and stop."""
    _, _, port = rig.url.rpartition(":")
    upload = socket.create_connection(("127.0.0.1", int(port)))
    head = f"POST {PATH}faces HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 3000000\r\n"
    upload.sendall(f"{head}Authorization: Bearer {rig.admin_token}\r\n\r\n".encode() + bytes(9))
    return upload


def test_a_fifth_upload_is_refused_at_once_and_the_rest_of_the_hub_goes_on(
    rig: Rig, astronaut: Bytes
) -> None:
    with ExitStack() as uploads:
        for _ in range(4):
            uploads.enter_context(unfinished_upload(rig))
        began = time.monotonic()
        rig.wait_for(lambda: send(rig, "faces", b"")[0] == 429, "the four to be let in")
        for body in (encoded(astronaut, ".jpg"), bytes(19_000_000)):
            status, answer = send(rig, "faces", body)
            assert (status, answer["error"]) == (429, "too-many")
            assert answer["message"].startswith("Several pictures are being analysed")
        assert rig.request("POST", "/server/", data=b"").status_code == 400
        assert time.monotonic() - began < 8
    jpeg = encoded(astronaut, ".jpg")
    rig.wait_for(lambda: send(rig, "faces", jpeg)[0] == 200, "their places to be free again")


def test_a_picture_that_is_sent_in_chunks_is_a_picture(rig: Rig, astronaut: Bytes) -> None:
    jpeg = encoded(astronaut, ".jpg")

    def chunks() -> Iterator[bytes]:
        for at in range(0, len(jpeg), 10_000):
            yield jpeg[at : at + 10_000]

    answer = rig.request("POST", f"{PATH}faces", data=chunks())
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["faces"]) == 1


def test_a_browser_must_say_that_the_picture_is_from_the_hubs_page(rig: Rig) -> None:
    with requests.Session() as browser:
        browser.post(f"{rig.url}/login", data={"token": rig.admin_token}, timeout=10)
        answer = browser.post(rig.url + PATH + "faces", data=b"\xff\xd8", timeout=10)
    assert answer.status_code == 403
    assert answer.json()["message"] == "Changes are accepted from the hub's own page only."


def test_a_stranger_is_refused_before_his_picture_is_read(rig: Rig) -> None:
    def endless() -> Any:
        while True:
            yield bytes(1 << 16)
            time.sleep(0.01)  # as a network paces it; else this process takes a whole processor

    try:
        answer = requests.post(rig.url + PATH + "faces", data=endless(), timeout=10)
    except requests.ConnectionError:
        return  # refused while it was still sending
    assert answer.status_code == 401
