"""Messages between the hub's processes: whole, as they were, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest

from convergecast.messages.engine import (
    Answer,
    EngineReport,
    ModelInfo,
    Request,
    VectorKind,
    Wanted,
    read_engine_report,
    read_reply,
    read_request,
)
from convergecast.messages.live import read_from_viewer, result_text
from convergecast.messages.values import Message, encode
from convergecast.messages.worker import ResultHead, Seen, read_from_worker, read_orders
from tests.support.messages import findings, frame_head, look, picture_result, plain, report, result

KIND = VectorKind(model="m-1", precision="fp32", alignment="landmarks-68")
FACE = {"box": [211.0, 7.5, 333.2, 140.9], "score": 0.92, "landmarks": [[230.1, 60.0]] * 68}
LOOK = look(vector=bytes(range(256)) * 2, crop=b"\xff\xd8\x00")
MODEL = ModelInfo(task="faces", state="starting", reason="the face detector is being loaded")


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (frame_head(7, captured_at=1760000000.1234567), read_from_worker),
        (report(), read_from_worker),
        (ResultHead(result=result(), seen=None), read_from_worker),
        (
            ResultHead(result=result(faces=[FACE]), seen=Seen(kind=KIND, faces={12: LOOK})),
            read_from_worker,
        ),
        (
            Request(id=3, wanted=Wanted(options=("faces",), settled=((1, 2, 3, 4, 0.5),))),
            read_request,
        ),
        (Answer(id=3, findings=findings(faces=[{**FACE, "look": plain(LOOK)}])), read_reply),
        (
            EngineReport(models=(MODEL,), busy_s=0.5, frames=3, batches=2, model_s=0.25),
            read_engine_report,
        ),
    ],
)
def test_a_message_arrives_as_it_was_sent(
    message: Message, read: Callable[[bytes], Message]
) -> None:
    assert read(encode(message)) == message


@pytest.mark.parametrize("read", [read_orders, read_from_worker, read_request, read_engine_report])
@pytest.mark.parametrize("head", [b"", b"\x90", b"\x80", b"\xff", encode(frame_head(1))[:-1]])
def test_an_invalid_message_is_refused(read: Callable[[bytes], Message], head: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read(head)


def test_vectors_and_crops_travel_as_they_are() -> None:
    head = encode(ResultHead(result=result(), seen=Seen(kind=KIND, faces={1: LOOK})))
    assert LOOK.vector is not None and LOOK.vector in head
    assert LOOK.crop is not None and LOOK.crop in head


def test_a_result_is_told_in_the_words_and_numbers_of_the_description() -> None:
    text = result_text(result(faces=[FACE], options=["faces", "landmarks"]))
    assert '"box":[211.0,7.5,333.2,140.9],"score":0.92,"track_id":null' in text
    assert [*json.loads(text)] == [
        "type",
        "camera_id",
        "seq",
        "captured_at",
        "processed_at",
        "unchanged_until",
        "width",
        "height",
        "scene",
        "options",
        "faces",
        "objects",
        "people",
    ]
    assert "unchanged_until" not in msgspec.to_builtins(picture_result())


def test_a_name_in_any_script_is_told_as_it_is() -> None:
    zoe = {"state": "known", "id": "z", "name": "Zoë 王", "distance": 0.3}
    assert '"name":"Zoë 王"' in result_text(result(faces=[{**FACE, "identity": zoe}]))


def test_messages_of_a_viewer_are_read_by_their_type() -> None:
    assert plain(read_from_viewer('{"type": "ack", "camera": "c", "seq": 5, "more": 1}')) == {
        "type": "ack",
        "camera": "c",
        "seq": 5,
    }


def test_odd_figures_of_agents_and_models_end_no_process() -> None:
    odd = result(seq=-1, faces=[{**FACE, "score": 1.01}])
    assert read_from_worker(encode(ResultHead(result=odd, seen=None))).result == odd  # type: ignore[union-attr]
    for head in (frame_head(-1), report(fps=float("inf"), received_fps=-0.1)):
        assert read_from_worker(encode(head)) == head
