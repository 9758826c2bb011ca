"""Child processes: started by name, with messages in order, and ended with the hub."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from convergecast.cameras import supervisor
from convergecast.engine import engine_process
from convergecast.ipc import processes
from convergecast.ipc.channel import End, channel_of, pair_of_ends
from convergecast.ipc.processes import ChildProcess
from tests.fakes.children import HERE

ROOT = Path(__file__).parents[3]
SOON_S = 20.0  # a busy machine may take long to start a process

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")
both = pytest.mark.parametrize(
    "pair",
    # Windows has one kind; the order must be the same in every process of tests.
    list(dict.fromkeys((pair_of_ends, multiprocessing.Pipe))),
    ids=lambda pair: pair.__name__,
)


class Child:
    """A running child and the messages from it."""

    def __init__(
        self,
        name: str,
        *arguments: Any,
        pair: Callable[[], tuple[End, End]] = pair_of_ends,
        take: Callable[[bytes, bytes], None] | None = None,
    ) -> None:
        self.said: queue.Queue[tuple[bytes, bytes]] = queue.Queue()
        self.end = threading.Event()
        self.ends = 0
        self.process = ChildProcess(
            name=f"test {name}",
            target=f"{HERE}:{name}",
            arguments=arguments,
            on_message=take or (lambda head, payload: self.said.put((head, payload))),
            on_end=self._note_end,
            pair=pair,
        )
        self.process.start()

    def _note_end(self) -> None:
        self.ends += 1
        self.end.set()

    def hear(self) -> tuple[bytes, bytes]:
        return self.said.get(timeout=SOON_S)


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def start_one(*arguments: Any, **more: Any) -> Child:
        children.append(Child(*arguments, **more))
        return children[-1]

    yield start_one
    for child in children:
        child.process.kill()
        assert child.end.wait(SOON_S)
        assert child.ends == 1


@pytest.mark.parametrize("target", [supervisor._WORKER, engine_process._ENGINE])
def test_the_names_of_the_real_targets_are_functions(target: str) -> None:
    module, _, name = target.partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_preloaded_modules_exist() -> None:
    assert supervisor._WORKER.partition(":")[0] in processes._PRELOAD
    for module in processes._PRELOAD:
        importlib.import_module(module)


@both
def test_messages_go_both_ways_until_the_stop(
    start: Callable[..., Child], pair: Callable[[], tuple[End, End]]
) -> None:
    child = start("echo", b"hello", pair=pair)
    assert child.hear() == (b"hello", b"")
    child.process.send(b"one")
    assert child.hear() == (b"one", b"")
    child.process.post(b"two")
    assert child.hear() == (b"two", b"")
    assert not child.process.ended
    child.process.close()
    assert child.end.wait(5)
    assert child.process.ended
    child.process.send(b"too late")  # says nothing
    child.process.post(b"too late")


@both
def test_messages_come_in_order_and_all_of_them_before_the_end(
    start: Callable[..., Child], pair: Callable[[], tuple[End, End]]
) -> None:
    child = start("counting", 5000, pair=pair)
    assert child.end.wait(SOON_S)
    got = [child.said.get_nowait() for _ in range(5000)]
    assert got == [(b"%d" % number, bytes(number % 3000)) for number in range(5000)]
    assert child.said.empty()


@both
def test_a_child_that_dies_is_noticed_at_once(
    start: Callable[..., Child], pair: Callable[[], tuple[End, End]]
) -> None:
    child = start("crashing", pair=pair)
    assert child.hear() == (b"here", b"")
    assert child.end.wait(2)


@both
def test_a_killed_child_is_noticed_while_others_run(
    start: Callable[..., Child], pair: Callable[[], tuple[End, End]]
) -> None:
    children = [start("echo", b"hello", pair=pair) for _ in range(4)]
    for child in children:
        child.hear()
    for child in children:
        psutil.Process(child.process.pid).kill()
        assert child.end.wait(2)
    assert [child.ends for child in children] == [1] * 4


def test_a_name_that_leads_nowhere_is_an_end(start: Callable[..., Child]) -> None:
    child = start("nothing_of_that_name")
    assert child.end.wait(SOON_S)
    assert child.said.empty()


def test_a_child_that_does_not_read_blocks_no_caller(start: Callable[..., Child]) -> None:
    child = start("deaf")
    child.hear()
    began = time.monotonic()
    for number in range(200):
        child.process.post(b"%d" % number + bytes(100_000))
    child.process.close()
    assert time.monotonic() - began < 1.0
    assert not child.end.wait(0.2)
    child.process.kill()
    assert child.end.wait(5)


@posix
def test_a_child_that_sends_rubbish_is_killed(
    start: Callable[..., Child], caplog: pytest.LogCaptureFixture
) -> None:
    def pair() -> tuple[End, End]:
        here, there = socket.socketpair()
        there.sendall(b"\xff" * 8)  # ahead of all that the child says
        return here, there

    child = start("deaf", pair=pair)
    assert child.end.wait(SOON_S)
    assert "too large" in caplog.text
    assert not psutil.pid_exists(child.process.pid or 0)


def test_a_child_whose_message_cannot_be_handled_is_killed(
    start: Callable[..., Child], caplog: pytest.LogCaptureFixture
) -> None:
    def take(head: bytes, payload: bytes) -> None:
        raise ValueError("this is no orders")

    child = start("echo", b"hello", take=take)
    assert child.end.wait(SOON_S)
    assert "this is no orders" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_child_holds_no_end_but_its_own(start: Callable[..., Child]) -> None:
    children = [start("descriptors") for _ in range(3)]
    held = [set(child.hear()[0].decode().split()) for child in children]
    sockets = [child.process._channel._socket for child in children]  # type: ignore[attr-defined]
    hubs = {str(Path(f"/proc/self/fd/{one.fileno()}").readlink()) for one in sockets}
    assert len(hubs) == len(children)
    for number, mine in enumerate(held):
        assert not mine & hubs, "an end of the hub"
        others = set().union(*(held[:number] + held[number + 1 :]))
        assert len(mine - others) == 1, "its own end"


@pytest.mark.parametrize(
    "method", sorted({"spawn", "forkserver"} & {*multiprocessing.get_all_start_methods()})
)
@both
def test_ends_can_be_handed_over_however_processes_are_started(
    pair: Callable[[], tuple[End, End]], method: str
) -> None:
    here, there = pair()
    channel = channel_of(here)
    child = multiprocessing.get_context(method).Process(  # type: ignore[attr-defined]
        target=processes._run, args=(f"{HERE}:echo", there, (b"hello",)), daemon=True
    )
    child.start()
    there.close()
    assert channel.receive() == (b"hello", b"")
    channel.send(b"head", bytes(300_000))
    assert channel.receive() == (b"head", bytes(300_000))
    channel.close()
    child.join(5)
    assert child.exitcode == 0


PARENT = f"""
    import multiprocessing, socket, sys, threading
    from convergecast.ipc.processes import ChildProcess, remove_temporary_files

    if __name__ == "__main__":
        pair = multiprocessing.Pipe if sys.argv[1] == "Pipe" else socket.socketpair
        heard = threading.Semaphore(0)
        children = []
        for target, arguments in 3 * [("echo", (b"hello",))] + [("deaf", ())]:
            child = ChildProcess(
                name=target,
                target="{HERE}:" + target,
                arguments=arguments,
                on_message=lambda head, payload: heard.release(),
                on_end=lambda: None,
                pair=pair,
            )
            children.append(child)
            child.start()
        for _ in children:
            heard.acquire()
        print(*(child.pid for child in children), flush=True)
        if sys.stdin.read(1) == "e":
            remove_temporary_files()
"""


@posix
@pytest.mark.parametrize("pair", ["Pipe", "socketpair"])
def test_a_hub_that_is_killed_leaves_no_children(tmp_path: Path, pair: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, script, pair],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 4
        parent.send_signal(signal.SIGKILL)
        began = time.monotonic()
        _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    print(f"gone after {time.monotonic() - began:.2f} s")


@posix
def test_an_end_with_nothing_but_os_exit_leaves_no_temporary_folder(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    text = textwrap.dedent(PARENT) + "        import os; os._exit(0)\n"
    script.write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket must be short
        done = subprocess.run(
            [sys.executable, script, "socketpair"],
            input="e",
            capture_output=True,
            text=True,
            timeout=SOON_S,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": folder},
        )
        assert done.returncode == 0, done.stderr
        assert [*Path(folder).iterdir()] == []
