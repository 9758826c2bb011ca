"""Messages between the hub's processes: whole through a real pipe, however large, or refused."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from typing import Any

import pytest

from convergecast.ipc.framing import Receiver, frame_head, pack, send, unpack


@pytest.mark.parametrize("size", [0, 1, 16 << 10, 60_000, (128 << 10) - 40, 128 << 10, 3 << 20])
@pytest.mark.parametrize("by_hand", [False, True], ids=["by the pipe", "by the receiver"])
def test_messages_arrive_as_they_were_sent(size: int, by_hand: bool) -> None:
    here, there = multiprocessing.Pipe()
    receive = Receiver(here).receive if by_hand else here.recv_bytes
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    sent = [
        ({"seq": number, "name": "Tür"}, payload[: size // (number + 1)]) for number in range(6)
    ]

    def send_all() -> None:
        for header, payload in sent:
            send(there, header, payload)

    thread = threading.Thread(target=send_all)
    thread.start()
    assert [unpack(receive()) for _ in sent] == sent
    thread.join()


def test_a_message_is_the_same_packed_or_sent() -> None:
    here, there = multiprocessing.Pipe()
    send(there, {"kind": "frame"}, b"jpeg")
    assert here.recv_bytes() == pack({"kind": "frame"}, b"jpeg")


def test_many_small_messages_at_once_come_one_by_one() -> None:
    here, there = multiprocessing.Pipe()
    for number in range(100):
        there.send_bytes(pack({"number": number}))
    there.close()
    receiver = Receiver(here)
    assert [unpack(receiver.receive())[0]["number"] for _ in range(100)] == [*range(100)]
    with pytest.raises(EOFError):
        receiver.receive()


@pytest.mark.skipif(sys.platform == "win32", reason="half a message cannot be sent there")
def test_the_end_in_the_middle_of_a_message_is_an_end() -> None:
    here, there = multiprocessing.Pipe()
    os.write(there.fileno(), b"\0\0\0\x40only a part")
    there.close()
    with pytest.raises(EOFError):
        Receiver(here).receive()


def test_the_header_of_a_frame_is_that_of_jsons_encoder() -> None:
    fields: dict[str, Any] = {
        "seq": 7,
        "captured_at": 1760000000.1234567,
        "width": 640,
        "height": 480,
    }
    here, there = multiprocessing.Pipe()
    send(there, frame_head(**fields), b"jpeg")
    assert unpack(here.recv_bytes()) == ({"kind": "frame", **fields}, b"jpeg")


def test_sending_to_one_that_has_gone_says_so() -> None:
    here, there = multiprocessing.Pipe()
    here.close()
    with pytest.raises(OSError, match=r"pipe|handle"):
        send(there, {"kind": "frame"}, b"jpeg")


@pytest.mark.parametrize("message", [b"", b"\0\0\0\x05{}", b"\0\0\0\x02[]", b"\0\0\0\x01{"])
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(message)
