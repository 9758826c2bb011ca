"""Messages between the hub's processes: whole through a real pipe, however large, or refused."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from convergecast.packing import pack, send, unpack


@pytest.mark.parametrize("size", [0, 1, 16 << 10, 60_000, 3 << 20])
def test_messages_arrive_as_they_were_sent(size: int) -> None:
    here, there = multiprocessing.Pipe()
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    sent = [({"seq": number, "name": "Tür"}, payload) for number in range(3)]

    def send_all() -> None:
        for header, payload in sent:
            send(there, header, payload)

    thread = threading.Thread(target=send_all)
    thread.start()
    assert [unpack(here.recv_bytes()) for _ in sent] == sent
    thread.join()


def test_a_message_is_the_same_packed_or_sent() -> None:
    here, there = multiprocessing.Pipe()
    send(there, {"kind": "frame"}, b"jpeg")
    assert here.recv_bytes() == pack({"kind": "frame"}, b"jpeg")


def test_sending_to_one_that_has_gone_says_so() -> None:
    here, there = multiprocessing.Pipe()
    here.close()
    with pytest.raises(OSError, match=r"pipe|handle"):
        send(there, {"kind": "frame"}, b"jpeg")


@pytest.mark.parametrize("message", [b"", b"\0\0\0\x05{}", b"\0\0\0\x02[]", b"\0\0\0\x01{"])
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(message)
