"""What a worker holds for the hub: newest wins, one unacknowledged, replaced ones counted."""

from __future__ import annotations

import threading

from convergecast.cameras.outbox import Outbox
from convergecast.packing import unpack


def take(outbox: Outbox) -> tuple[str, int | None]:
    message = outbox.take()
    assert message is not None
    header, _ = unpack(message)
    return header["kind"], header.get("seq")


def test_newest_frame_wins_and_the_replaced_are_counted() -> None:
    outbox = Outbox()
    outbox.put_frame({"seq": 1}, b"a")
    assert take(outbox) == ("frame", 1)
    for seq in (2, 3, 4):
        outbox.put_frame({"seq": seq}, b"b")
    outbox.acknowledged()
    assert take(outbox) == ("frame", 4)
    assert outbox.frames_replaced == 2


def test_without_credit_only_reports_go() -> None:
    outbox = Outbox()
    outbox.put_frame({"seq": 1}, b"")
    take(outbox)
    outbox.put_frame({"seq": 2}, b"")
    outbox.put_result({"faces": []})
    outbox.put_report({"state": "online"})
    assert take(outbox) == ("report", None)
    waited = threading.Event()
    taken: list[tuple[str, int | None]] = []

    def wait() -> None:
        taken.append(take(outbox))
        waited.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not waited.wait(0.1)
    outbox.acknowledged()
    assert waited.wait(5)
    assert taken == [("result", None)]


def test_a_frame_nobody_wants_any_more_is_not_a_drop() -> None:
    outbox = Outbox()
    outbox.put_frame({"seq": 1}, b"")
    outbox.drop_frames()
    outbox.put_frame({"seq": 2}, b"")
    assert take(outbox) == ("frame", 2)
    assert outbox.frames_replaced == 0


def test_closing_ends_the_wait() -> None:
    outbox = Outbox()
    outbox.close()
    assert outbox.take() is None
