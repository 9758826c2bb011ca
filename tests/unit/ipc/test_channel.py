"""Channels between processes: messages arrive whole, or an error is raised."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergecast.ipc import channel as module
from convergecast.ipc.channel import MAX_MESSAGE_BYTES, Channel, End, SocketChannel, channel_of

ROOM = 128 << 10
Message = tuple[bytes, bytes]

posix = pytest.mark.skipif(sys.platform == "win32", reason="no socket pair there")
KINDS: list[Callable[[], tuple[End, End]]] = [multiprocessing.Pipe]
if sys.platform != "win32":
    KINDS.append(socket.socketpair)
both = pytest.mark.parametrize("pair", KINDS, ids=lambda pair: pair.__name__)


def channels(pair: Callable[[], tuple[End, End]]) -> tuple[Channel, Channel]:
    here, there = pair()
    return channel_of(here), channel_of(there)


def wire(*messages: Message) -> bytes:
    """What stands on the socket."""
    return b"".join(struct.pack(">II", len(h), len(p)) + h + p for h, p in messages)


@contextmanager
def raw() -> Iterator[tuple[SocketChannel, socket.socket]]:
    """A channel and the bare socket at its other end."""
    here, there = socket.socketpair()
    channel = SocketChannel(here)
    with there:
        yield channel, there
    channel.close()


def filler(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + bytes(size % 251)


@both
@pytest.mark.parametrize("size", [0, 1, 16 << 10, 60_000, ROOM - 9, ROOM - 8, ROOM, 3 << 20])
def test_messages_arrive_as_they_were_sent(pair: Callable[[], tuple[End, End]], size: int) -> None:
    here, there = channels(pair)
    payload = filler(size)
    sent = [(b"head %d" % number, payload[: size // (number + 1)]) for number in range(6)]
    sent += [(payload, b""), (b"", payload), (b"", b"")]

    def send_all() -> None:
        for message in sent:
            there.send(*message)

    thread = threading.Thread(target=send_all)
    thread.start()
    assert [here.receive() for _ in sent] == sent
    thread.join()
    here.close()
    there.close()


@both
def test_threads_that_send_at_once_do_not_mix(pair: Callable[[], tuple[End, End]]) -> None:
    here, there = channels(pair)
    senders, each, payload = 4, 30, filler(300_000)

    def send_some(sender: int) -> None:
        for number in range(each):
            there.send(b"%d %d" % (sender, number), payload[: number * 9000])

    threads = [threading.Thread(target=send_some, args=(one,)) for one in range(senders)]
    for thread in threads:
        thread.start()
    seen = [0] * senders
    for _ in range(senders * each):
        head, came = here.receive()
        sender, number = map(int, head.split())
        assert number == seen[sender], "in order"
        assert came == payload[: number * 9000]
        seen[sender] += 1
    for thread in threads:
        thread.join()
    here.close()
    there.close()


@posix
@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(
        st.tuples(
            st.integers(0, 200), st.one_of(st.integers(0, 300), st.integers(ROOM - 260, ROOM + 60))
        ),
        min_size=1,
        max_size=6,
    ),
    data=st.data(),
)
def test_the_cuts_in_the_stream_do_not_matter(
    sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    messages = [(filler(head), filler(payload)) for head, payload in sizes]
    stream = wire(*messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12), label="cuts"))
    with raw() as (channel, there):

        def send_all() -> None:
            for begin, end in itertools.pairwise([0, *cuts, len(stream)]):
                there.sendall(stream[begin:end])

        thread = threading.Thread(target=send_all)
        thread.start()
        assert [channel.receive() for _ in messages] == messages
        thread.join()


@posix
def test_every_single_byte_may_come_by_itself() -> None:
    messages = [(b"a", b""), (b"", b""), (b"head", b"payload")]
    with raw() as (channel, there):
        got: list[Message] = []
        thread = threading.Thread(target=lambda: got.extend(channel.receive() for _ in messages))
        thread.start()
        for byte in wire(*messages):
            there.sendall(bytes([byte]))
        thread.join(5)
        assert got == messages


@both
def test_many_small_messages_at_once_come_one_by_one(pair: Callable[[], tuple[End, End]]) -> None:
    here, there = channels(pair)
    for number in range(200):
        there.send(b"%d" % number)
    there.close()
    assert [here.receive() for _ in range(200)] == [(b"%d" % n, b"") for n in range(200)]
    with pytest.raises(EOFError):
        here.receive()
    here.close()


@posix
def test_a_message_takes_one_call_to_send_and_one_to_receive() -> None:
    class Counting(socket.socket):
        calls = 0

        def sendmsg(self, *args: object) -> int:
            self.calls += 1
            return super().sendmsg(*args)  # type: ignore[arg-type]

        def recv_into(self, *args: object) -> int:
            self.calls += 1
            return super().recv_into(*args)  # type: ignore[arg-type]

    ends = [Counting(fileno=end.detach()) for end in socket.socketpair()]
    here, there = map(SocketChannel, ends)
    for number in range(1, 20):
        there.send(b"head", filler(50_000))
        assert here.receive() == (b"head", filler(50_000))
        assert [end.calls for end in ends] == [number, number]
    here.close()
    there.close()


@posix
@pytest.mark.parametrize("end_at", [1, 7, 8, 30, 60])
def test_the_end_in_the_middle_of_a_message_is_an_end(end_at: int) -> None:
    with raw() as (channel, there):
        there.sendall(wire((b"head", bytes(100)))[:end_at])
        there.close()
        with pytest.raises(EOFError):
            channel.receive()


@posix
def test_the_end_in_the_middle_of_a_large_message_is_an_end() -> None:
    with raw() as (channel, there):
        there.sendall(wire((b"head", bytes(ROOM * 2)))[: ROOM + 100])
        there.close()
        with pytest.raises(EOFError):
            channel.receive()


@posix
@pytest.mark.parametrize(
    "lengths", [(MAX_MESSAGE_BYTES, 1), (1, MAX_MESSAGE_BYTES), (2**32 - 1,) * 2]
)
def test_a_message_over_the_limit_is_refused_unread(lengths: tuple[int, int]) -> None:
    with raw() as (channel, there):
        there.sendall(struct.pack(">II", *lengths))
        with pytest.raises(ValueError, match="too large"):
            channel.receive()


def test_a_message_over_the_limit_is_refused_unread_by_a_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there = multiprocessing.Pipe()
    channel = channel_of(here)
    there.send_bytes(struct.pack(">II", 0, 1000) + bytes(1000))
    monkeypatch.setattr(module, "MAX_MESSAGE_BYTES", 500)
    with pytest.raises(ValueError, match="too large"):
        channel.receive()
    channel.close()
    there.close()


@pytest.mark.parametrize(
    "message", [b"", b"\0" * 7, struct.pack(">II", 1, 1), struct.pack(">II", 1, 0) + b"ab"]
)
def test_a_pipes_message_that_is_not_as_long_as_it_says_is_refused(message: bytes) -> None:
    here, there = multiprocessing.Pipe()
    channel = channel_of(here)
    there.send_bytes(message)
    with pytest.raises(ValueError, match="a message is"):
        channel.receive()
    channel.close()
    there.close()


@both
def test_a_message_over_the_limit_is_not_sent(pair: Callable[[], tuple[End, End]]) -> None:
    here, there = channels(pair)
    with pytest.raises(ValueError, match="too large"):
        there.send(b"head", bytes(MAX_MESSAGE_BYTES))
    there.send(b"next")
    assert here.receive() == (b"next", b"")
    here.close()
    there.close()


@both
def test_sending_to_a_closed_side_raises_an_error(pair: Callable[[], tuple[End, End]]) -> None:
    here, there = channels(pair)
    here.close()
    with pytest.raises(OSError, match=r"pipe|handle|reset"):
        there.send(b"head", b"jpeg")
    there.close()


@both
def test_a_closed_end_neither_sends_nor_receives(pair: Callable[[], tuple[End, End]]) -> None:
    here, there = channels(pair)
    here.close()
    here.close()
    with pytest.raises(OSError, match=r"."):
        here.send(b"head")
    with pytest.raises(OSError, match=r"."):
        here.receive()
    there.close()


@posix
def test_closing_wakes_a_thread_that_waits_to_send() -> None:
    here, there = channels(socket.socketpair)
    failed = threading.Event()

    def send_too_much() -> None:
        try:
            here.send(b"", filler(4 << 20))  # nobody reads
        except OSError:
            failed.set()

    thread = threading.Thread(target=send_too_much)
    thread.start()
    assert not failed.wait(0.2)
    here.close()
    assert failed.wait(2)
    thread.join()
    there.close()


@posix
def test_signals_in_the_middle_of_sending_and_receiving_lose_nothing() -> None:
    """Each signal interrupts a system call. A call that has sent a part continues with the rest."""
    here, there = channels(socket.socketpair)
    payload = filler(5 << 20)
    came = 0

    def count(*_: object) -> None:
        nonlocal came
        came += 1

    def echo() -> None:
        for _ in range(10):
            there.send(*there.receive())

    thread = threading.Thread(target=echo)
    thread.start()
    before = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(10):
            here.send(b"%d" % number, payload)
            assert here.receive() == (b"%d" % number, payload)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    thread.join()
    assert came > 10
    here.close()
    there.close()
