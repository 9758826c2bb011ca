"""The outbox of a worker: it keeps only the newest, waits for acknowledgements, counts drops."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from convergecast.cameras.journal import WINDOW, Journal
from convergecast.cameras.outbox import Outbox
from convergecast.messages.engine import VectorKind
from convergecast.messages.values import encode
from convergecast.messages.worker import FrameHead, Seen, read_from_worker
from tests.support.messages import frame_head, look, plain, report, result

NO_EVENTS = Journal(Path("not-made"))


def head(seq: int) -> FrameHead:
    return frame_head(seq, captured_at=1760000000.5, width=640, height=480)


def decoded(head: bytes) -> dict[str, Any]:
    return dict(plain(read_from_worker(head)))


class Hub:
    """What an outbox sends to, and what came of it; without events."""

    def __init__(self, journal: Journal = NO_EVENTS) -> None:
        self.taken: list[dict[str, Any]] = []
        self.outbox = Outbox(self.take, journal)

    def take(self, head: bytes, payload: bytes) -> None:
        self.taken.append(decoded(head))

    def last(self) -> tuple[str, int | None]:
        return self.taken[-1]["kind"], self.taken[-1].get("seq")


def busy() -> Hub:
    """A hub that has not acknowledged the last message yet."""
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
    hub.outbox.put_result(result(faces=[]))
    hub.outbox.put_report(report())
    assert [header["kind"] for header in hub.taken] == ["frame", "report"]
    hub.outbox.acknowledged()
    assert hub.last() == ("result", None)
    hub.outbox.acknowledged()
    assert hub.last() == ("frame", 2)
    hub.outbox.acknowledged()
    assert len(hub.taken) == 4


def test_a_frame_that_is_no_longer_wanted_is_not_a_drop() -> None:
    hub = busy()
    hub.outbox.put_frame(head(1), b"")
    hub.outbox.drop_frames()
    hub.outbox.put_frame(head(2), b"")
    hub.outbox.acknowledged()
    assert hub.last() == ("frame", 2)
    assert hub.outbox.frames_replaced == 0


def test_a_message_queued_while_a_thread_sends_is_sent_by_that_thread() -> None:
    began, may_end = threading.Event(), threading.Event()
    taken: list[tuple[str, int]] = []

    def take(head: bytes, payload: bytes) -> None:
        taken.append((decoded(head)["kind"], threading.get_ident()))
        began.set()
        assert may_end.wait(5)

    outbox = Outbox(take, NO_EVENTS)
    sending = threading.Thread(target=outbox.put_frame, args=(head(1), b""))
    sending.start()
    assert began.wait(5)
    outbox.put_report(report())  # does not wait for the hub
    may_end.set()
    sending.join(5)
    assert [kind for kind, _ in taken] == ["frame", "report"]
    assert len({thread for _, thread in taken}) == 1


KIND = VectorKind(model="m-1", precision="fp32", alignment="landmarks-68")
OTHER_KIND = VectorKind(model="m-2", precision="fp32", alignment="landmarks-68")
ASKED = ["recognition"]


def seen(vectors: dict[int, bytes], kind: VectorKind = KIND) -> Seen:
    return Seen(kind=kind, faces={track: look(vector=v) for track, v in vectors.items()})


def told(hub: Hub) -> tuple[int, Any]:
    hub.outbox.acknowledged()
    header = hub.taken[-1]
    return header["result"]["seq"], header["seen"]


def test_vectors_of_a_result_that_never_left_go_with_the_next() -> None:
    hub = busy()
    hub.outbox.put_result(result(seq=1, options=ASKED), b"", seen({1: b"1", 2: b"1"}))
    hub.outbox.put_result(result(seq=2, options=ASKED), b"", None)
    hub.outbox.put_result(result(seq=3, options=ASKED), b"", seen({2: b"3", 3: b"3"}))
    assert told(hub) == (3, plain(seen({1: b"1", 2: b"3", 3: b"3"})))
    hub.outbox.put_result(result(seq=4, options=ASKED), b"")
    assert told(hub) == (4, None)


def test_vectors_of_two_models_never_go_together() -> None:
    hub = busy()
    hub.outbox.put_result(result(seq=1, options=ASKED), b"", seen({1: b"1"}))
    hub.outbox.put_result(result(seq=2, options=ASKED), b"", seen({2: b"2"}, OTHER_KIND))
    assert told(hub) == (2, plain(seen({2: b"2"}, OTHER_KIND)))


def test_vectors_do_not_outlive_the_question() -> None:
    hub = busy()
    hub.outbox.put_result(result(seq=1, options=ASKED), b"", seen({1: b"1"}))
    hub.outbox.put_result(result(seq=2, options=["faces"]), b"")
    assert told(hub) == (2, None)


def events_in(header: dict[str, Any]) -> list[int]:
    return [event["n"] for event in header["events"]]


def test_events_go_in_order_several_at_a_time_and_no_more_than_the_window(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    hub = Hub(journal)
    for n in range(1, WINDOW + 11):
        hub.outbox.put_event(encode({"n": n}))
    assert [n for header in hub.taken for n in events_in(header)] == list(range(1, WINDOW + 1))
    epoch = hub.taken[0]["epoch"]
    hub.outbox.events_stored(epoch, WINDOW)
    last = hub.taken[-1]
    assert (last["kind"], last["epoch"], last["first"]) == ("events", epoch, WINDOW + 1)
    assert events_in(last) == list(range(WINDOW + 1, WINDOW + 11))
    journal.close()


def test_a_frame_or_result_does_not_wait_for_events_nor_they_for_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for n in range(1, 4):
        journal.append(encode({"n": n}))
    hub = Hub(journal)
    hub.outbox.put_frame(head(1), b"")
    assert [header["kind"] for header in hub.taken] == ["frame", "events"]
    hub.outbox.put_frame(head(2), b"")
    hub.outbox.put_event(encode({"n": 4}))
    hub.outbox.put_frame(head(3), b"")
    hub.outbox.acknowledged()
    assert [header["kind"] for header in hub.taken] == ["frame", "events", "events", "frame"]
    assert hub.outbox.frames_replaced == 1
    journal.close()
