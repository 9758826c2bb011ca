"""What a worker holds for the hub: newest wins, one unacknowledged, replaced ones counted."""

from __future__ import annotations

import json
import threading
from typing import Any

from convergecast.cameras.outbox import Message, Outbox
from convergecast.ipc.framing import frame_head


def head(seq: int) -> bytes:
    return frame_head(seq=seq, captured_at=1760000000.5, width=640, height=480)


def decoded(header: Message | bytes) -> Message:
    return dict(json.loads(header)) if isinstance(header, bytes) else header


class Hub:
    """What an outbox sends to, and what came of it."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.outbox = Outbox(self.take)

    def take(self, header: Message | bytes, payload: bytes) -> None:
        self.taken.append(decoded(header))

    def last(self) -> tuple[str, int | None]:
        return self.taken[-1]["kind"], self.taken[-1].get("seq")


def busy() -> Hub:
    """A hub that has not yet acknowledged what it was sent."""
    hub = Hub()
    hub.outbox.put_frame(head(0), b"")
    assert hub.last() == ("frame", 0)
    return hub


def test_newest_frame_wins_and_the_replaced_are_counted() -> None:
    hub = busy()
    for seq in (1, 2, 3):
        hub.outbox.put_frame(head(seq), b"b")
    assert hub.last() == ("frame", 0)
    hub.outbox.acknowledged()
    assert hub.last() == ("frame", 3)
    assert hub.outbox.frames_replaced == 2


def test_without_credit_only_reports_go() -> None:
    hub = busy()
    hub.outbox.put_frame(head(2), b"")
    hub.outbox.put_result({"faces": [], "options": []})
    hub.outbox.put_report({"state": "online"})
    assert [header["kind"] for header in hub.taken] == ["frame", "report"]
    hub.outbox.acknowledged()
    assert hub.last() == ("result", None)
    hub.outbox.acknowledged()
    assert hub.last() == ("frame", 2)
    hub.outbox.acknowledged()
    assert len(hub.taken) == 4


def test_a_frame_nobody_wants_any_more_is_not_a_drop() -> None:
    hub = busy()
    hub.outbox.put_frame(head(1), b"")
    hub.outbox.drop_frames()
    hub.outbox.put_frame(head(2), b"")
    hub.outbox.acknowledged()
    assert hub.last() == ("frame", 2)
    assert hub.outbox.frames_replaced == 0


def test_what_is_put_while_another_sends_is_sent_by_that_one() -> None:
    began, may_end = threading.Event(), threading.Event()
    taken: list[tuple[str, int]] = []

    def take(header: Message | bytes, payload: bytes) -> None:
        taken.append((decoded(header)["kind"], threading.get_ident()))
        began.set()
        assert may_end.wait(5)

    outbox = Outbox(take)
    sending = threading.Thread(target=outbox.put_frame, args=(head(1), b""))
    sending.start()
    assert began.wait(5)
    outbox.put_report({"state": "online"})  # does not wait for the hub
    may_end.set()
    sending.join(5)
    assert [kind for kind, _ in taken] == ["frame", "report"]
    assert len({thread for _, thread in taken}) == 1


KIND = {"model": "m-1", "precision": "fp32", "alignment": "landmarks-68"}
ASKED = ["recognition"]


def seen(kind: dict[str, str] = KIND, **vectors: str) -> dict[str, Any]:
    return {"embedding": kind, "faces": {track: {"vector": v} for track, v in vectors.items()}}


def told(hub: Hub) -> tuple[int, dict[str, Any]]:
    hub.outbox.acknowledged()
    header = hub.taken[-1]
    return header["result"]["seq"], header["seen"]


def test_vectors_of_a_result_that_never_left_go_with_the_next() -> None:
    hub = busy()
    hub.outbox.put_result({"seq": 1, "options": ASKED}, b"", seen(a="1", b="1"))
    hub.outbox.put_result({"seq": 2, "options": ASKED}, b"", {})
    hub.outbox.put_result({"seq": 3, "options": ASKED}, b"", seen(b="3", c="3"))
    assert told(hub) == (3, seen(a="1", b="3", c="3"))
    hub.outbox.put_result({"seq": 4, "options": ASKED}, b"")
    assert told(hub) == (4, {})


def test_vectors_of_two_models_never_go_together() -> None:
    hub = busy()
    other = {**KIND, "model": "m-2"}
    hub.outbox.put_result({"seq": 1, "options": ASKED}, b"", seen(a="1"))
    hub.outbox.put_result({"seq": 2, "options": ASKED}, b"", seen(other, b="2"))
    assert told(hub) == (2, seen(other, b="2"))


def test_vectors_do_not_outlive_the_question() -> None:
    hub = busy()
    hub.outbox.put_result({"seq": 1, "options": ASKED}, b"", seen(a="1"))
    hub.outbox.put_result({"seq": 2, "options": ["faces"]}, b"")
    assert told(hub) == (2, {})
