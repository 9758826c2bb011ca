"""The journal of events: it survives every end, keeps the order, is bounded, and counts losses."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from convergecast.cameras.journal import WINDOW, Journal, remove_journals
from convergecast.errors import InvalidInput, Unavailable


def journal_of(folder: Path, **limits: int) -> Journal:
    journal = Journal(folder / "cam", **limits)
    assert journal.open()
    return journal


def body(number: int, size: int = 40) -> bytes:
    return b"%d:" % number + b"x" * size


def sent(journal: Journal, most: int = 10**6) -> list[tuple[str, int, bytes]]:
    """Everything that is to be sent, without an acknowledgement."""
    found = []
    while (batch := journal.unsent(most)) is not None:
        for number, each in enumerate(batch.bodies, start=batch.first):
            found.append((batch.epoch, number, each))
    return found


def numbers(journal: Journal) -> list[int]:
    return [number for _, number, _ in sent(journal)]


def files(folder: Path) -> list[Path]:
    return sorted((folder / "cam").glob("*.events"))


def test_appended_events_are_there_after_the_process_has_ended(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from convergecast.cameras.journal import Journal
        journal = Journal(Path(sys.argv[1]) / "cam", file_bytes=500)
        for number in range(1, 31):
            assert journal.append(b"%d" % number) == number
        os.kill(os.getpid(), 9)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], check=False)
    journal = journal_of(tmp_path)
    found = sent(journal)
    assert [(number, each) for _, number, each in found] == [(n, b"%d" % n) for n in range(1, 31)]
    assert len({epoch for epoch, _, _ in found}) == 1
    assert journal.append(b"31") == 31


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_record_that_was_cut_short_never_counted(tmp_path: Path, cut: int) -> None:
    journal = journal_of(tmp_path)
    for number in (1, 2, 3):
        journal.append(body(number, 50))
    (epoch, *_), *_ = sent(journal)
    journal.close()
    (path,) = files(tmp_path)
    os.truncate(path, path.stat().st_size - cut)
    again = journal_of(tmp_path)
    assert numbers(again) == [1, 2]
    assert again.append(b"another") == 3  # the number was never given
    assert sent(again) == [(epoch, 3, b"another")]


def test_a_file_that_was_just_begun_is_no_loss(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    journal.append(b"1")
    journal.close()
    (tmp_path / "cam" / f"{2:020d}.events").write_bytes(b"CCEJ")
    again = journal_of(tmp_path)
    assert again.append(b"2") == 2
    assert numbers(again) == [1, 2]


def test_damage_costs_what_follows_it_and_begins_another_epoch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = journal_of(tmp_path)
    for number in (1, 2, 3):
        journal.append(body(number, 50))
    (before, *_), *_ = sent(journal)
    journal.close()
    (path,) = files(tmp_path)
    data = bytearray(path.read_bytes())
    data[-70] ^= 1  # in the second record
    path.write_bytes(data)
    again = journal_of(tmp_path)
    assert caplog.text.count("is damaged") == 1
    again.append(b"after")
    found = sent(again)
    assert [each for _, _, each in found] == [body(1, 50), b"after"]
    assert found[0][0] == before
    assert found[1][0] != before  # 2 and 3 were given already in that one


def test_a_damaged_header_costs_its_file(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, file_bytes=200)
    for number in range(1, 7):
        journal.append(body(number))
    journal.close()
    before = files(tmp_path)
    assert len(before) > 1
    before[0].write_bytes(b"y" * 300)
    again = journal_of(tmp_path)
    found = sent(again)
    assert [number for _, number, _ in found][-1] == 6
    assert not before[0].exists()


def test_acknowledged_events_are_removed_and_the_numbers_continue(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, file_bytes=300)
    for number in range(1, 101):
        journal.append(body(number))
        (epoch, last, _), *_ = reversed(sent(journal))
        journal.acknowledge(epoch, last)
    assert len(files(tmp_path)) <= 2
    journal.close()
    again = journal_of(tmp_path, file_bytes=300)
    assert again.append(body(101)) == 101


def test_after_a_restart_one_acknowledgement_goes_over_all_that_is_stored(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    for number in range(1, 301):
        journal.append(body(number))
    journal.close()
    again = journal_of(tmp_path)
    batch = again.unsent(10)
    assert batch is not None
    assert (batch.first, len(batch.bodies)) == (1, 10)
    assert again.unsent(10) is None  # the window is full
    again.acknowledge(batch.epoch, 297)
    assert numbers(again) == [298, 299, 300]


def test_acknowledgements_open_the_window_step_by_step(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, file_bytes=2_000)
    for number in range(1, 201):
        journal.append(body(number))
    found: list[int] = []
    while (batch := journal.unsent()) is not None:
        found += range(batch.first, batch.first + len(batch.bodies))
        if len(found) - found.index(batch.first) >= WINDOW // 2:
            journal.acknowledge(batch.epoch, batch.first)
    assert found == list(range(1, len(found) + 1))


def test_when_full_the_oldest_go_and_are_counted_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = journal_of(tmp_path, most_bytes=4_000, file_bytes=500)
    for number in range(1, 501):
        journal.append(body(number))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 4_000
    left = sent(journal)
    assert [number for _, number, _ in left] == list(range(501 - len(left), 501))
    assert [each for _, _, each in left] == [body(number) for _, number, _ in left]
    assert journal.dropped == 500 - len(left) > 0
    assert caplog.text.count("dropping the oldest events") == 1
    journal.acknowledge(left[0][0], 500)
    assert journal.append(body(501)) == 501
    assert numbers(journal) == [501]


def test_sent_events_are_not_counted_as_lost_when_their_room_is_needed(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, most_bytes=2_000, file_bytes=500)
    for number in range(1, 9):
        journal.append(body(number))
    assert numbers(journal) == list(range(1, 9))
    for number in range(9, 60):
        journal.append(body(number))
    left = numbers(journal)
    assert journal.dropped == 59 - 8 - len(left)


def test_a_restored_older_copy_begins_another_epoch(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    journal.append(b"1")
    batch = journal.unsent()
    assert batch is not None
    journal.acknowledge(batch.epoch, 7)  # the hub has seen seven
    assert journal.append(b"new") == 2
    ((epoch, number, each),) = sent(journal)
    assert (number, each) == (2, b"new")
    assert epoch != batch.epoch


def test_an_unknown_epoch_acknowledges_nothing(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    journal.append(b"1")
    journal.acknowledge("00" * 8, 1)
    assert numbers(journal) == [1]


def test_one_process_at_a_time_has_it(tmp_path: Path) -> None:
    first = journal_of(tmp_path)
    second = Journal(tmp_path / "cam")
    assert not second.open()
    with pytest.raises(Unavailable, match="earlier process still has the journal"):
        second.append(b"1")
    first.append(b"1")
    first.close()
    assert second.open()
    assert numbers(second) == [1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_refuses_an_event_and_leaves_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_of(tmp_path)
    journal.append(body(1))
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) > 20:
            return real(descriptor, data[:20])
        with Path("/dev/full").open("wb", buffering=0) as full:
            return full.write(data)

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Unavailable, match="No space left on device"):
        journal.append(body(2))
    monkeypatch.undo()
    assert journal.append(body(2)) == 2
    assert [each for _, _, each in sent(journal)] == [body(1), body(2)]
    journal.close()
    assert numbers(journal_of(tmp_path)) == [1, 2]


def test_a_file_that_was_removed_costs_its_events_and_nothing_else(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, file_bytes=300)
    for number in range(1, 31):
        journal.append(body(number))
    files(tmp_path)[1].unlink()
    left = numbers(journal)
    assert left[-1] == 30
    assert journal.dropped == 30 - len(left) > 0


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="more than"):
        journal_of(tmp_path).append(b"x" * (16 << 10) + b"y")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    journal.append(b"1")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "cam").iterdir()}
    assert (modes, (tmp_path / "cam").stat().st_mode & 0o777) == ({0o600}, 0o700)


def test_the_journals_of_cameras_that_are_gone_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for camera_id in ("here", "gone"):
        journal = Journal(tmp_path / camera_id)
        journal.append(b"1")
        journal.close()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-anna.txt").write_text("Dear Anna")
    (tmp_path / "note.txt").write_text("mine")
    remove_journals(tmp_path, but={"here"})
    assert {path.name for path in tmp_path.iterdir()} == {"here", "letters", "note.txt"}
    assert (tmp_path / "letters" / "to-anna.txt").exists()
    remove_journals(tmp_path / "missing", but=())
