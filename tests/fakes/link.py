"""A network link with faults: two network namespaces, "a" and "b", and a relay between them.

Programs run inside by `FaultyLink.command`. Linux and root only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.relay import MTU_BYTES, Counts, Faults, Relay, Way

if sys.platform == "linux":
    import fcntl

ADDRESSES = {"a": "10.77.0.1", "b": "10.77.0.2"}
_TUN = Path("/dev/net/tun")
_TUNSETIFF = 0x400454CA
_TUN_WITHOUT_HEADER = 0x0001 | 0x1000  # IFF_TUN | IFF_NO_PI
_NAMESPACES = Path("/run/netns")
_NAME = re.compile(r"cc-(\d+)-\d+-[ab]")
_numbers = itertools.count()


def link_available() -> tuple[bool, str]:
    """Return whether links can be made here, and if not, why."""
    if sys.platform != "linux":
        return False, "a faulty link needs Linux"
    if os.geteuid() != 0:
        return False, "a faulty link needs root"
    if not os.access(_TUN, os.R_OK | os.W_OK):
        return False, f"a faulty link needs {_TUN}"
    if shutil.which("ip") is None:
        return False, "a faulty link needs the program ip (iproute2)"
    name = _new_name() + "-a"
    try:
        _ip("netns", "add", name)
        _ip("netns", "delete", name)
    except subprocess.CalledProcessError as error:
        return False, f"a faulty link needs network namespaces: {error.stderr.strip()}"
    return True, ""


class FaultyLink:
    """A link for as long as the `with` block lasts; processes still inside are killed at its end.

    Args:
        faults: of both directions; `set` changes them.
        seed: decides which packets are lost, held back or late.
        congestion: how TCP inside reacts to loss. Reno is what every kernel has and loss slows
            most, so that a test does not depend on what the machine is set to.
    """

    def __init__(
        self, faults: Faults | None = None, *, seed: int = 1, congestion: str = "reno"
    ) -> None:
        self._name = _new_name()
        self._congestion = congestion
        self._cleanup = contextlib.ExitStack()
        faults = faults or Faults()
        self._towards = {
            "a": Way(faults=faults, seed=seed),
            "b": Way(faults=faults, seed=seed + 1),
        }

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            _remove_stale()
            ends = (self._open_end("a", stack), self._open_end("b", stack))
            relay = Relay(ends=ends, ways=(self._towards["b"], self._towards["a"]))
            relay.start()
            stack.callback(relay.stop)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    def address(self, side: str) -> str:
        """Return the address of side "a" or "b"."""
        return ADDRESSES[side]

    def command(self, side: str, words: Sequence[str] = ()) -> list[str]:
        """Return the command that runs `words` on a side; its process is that of the program."""
        return ["ip", "netns", "exec", self._namespace(side), *words]

    def set(self, *, towards: str = "ab", **changes: Any) -> None:
        """Change some `Faults` of the directions towards the named sides."""
        for side in towards:
            way = self._towards[side]
            way.faults = dataclasses.replace(way.faults, **changes)

    def cut(self) -> None:
        """Lose everything from now on, in both directions, also what is under way."""
        for way in self._towards.values():
            way.is_cut = True

    def restore(self) -> None:
        """End the cut."""
        for way in self._towards.values():
            way.is_cut = False

    def counts(self, towards: str) -> Counts:
        """Return the account of one direction as it is now."""
        return dataclasses.replace(self._towards[towards].counts)

    def _namespace(self, side: str) -> str:
        return f"{self._name}-{side}"

    def _open_end(self, side: str, stack: contextlib.ExitStack) -> int:
        """Make one namespace with its TUN device; return the device's file descriptor."""
        namespace = self._namespace(side)
        _ip("netns", "add", namespace)
        stack.callback(_remove, namespace)
        end, device = _open_tun()
        stack.callback(os.close, end)
        _ip("link", "set", device, "netns", namespace, "name", "link0")
        # Without addresses of its own IPv6 stays silent, and every packet counted is a program's.
        _ip("-n", namespace, "link", "set", "link0", "addrgenmode", "none")
        _ip("-n", namespace, "address", "add", f"{ADDRESSES[side]}/30", "dev", "link0")
        _ip("-n", namespace, "link", "set", "link0", "mtu", str(MTU_BYTES), "txqueuelen", "2000")
        for device in ("lo", "link0"):
            _ip("-n", namespace, "link", "set", device, "up")
        choice = f"echo {self._congestion} > /proc/sys/net/ipv4/tcp_congestion_control"
        _ip("netns", "exec", namespace, "sh", "-c", choice)
        return end


def _new_name() -> str:
    return f"cc-{os.getpid()}-{next(_numbers)}"


def _open_tun() -> tuple[int, str]:
    """Return a new TUN device's file descriptor and name; it goes when that is closed."""
    end = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = struct.pack("16sH22x", b"cctun%d", _TUN_WITHOUT_HEADER)
    try:
        answer = fcntl.ioctl(end, _TUNSETIFF, request)
    except OSError:
        os.close(end)
        raise
    return end, answer[:16].rstrip(b"\0").decode()


def _remove_stale() -> None:
    """Remove the namespaces of test runs that were killed."""
    for path in _NAMESPACES.glob("cc-*"):
        match = _NAME.fullmatch(path.name)
        if match and not Path("/proc", match[1]).exists():
            _remove(path.name)


def _remove(namespace: str) -> None:
    for pid in _ip("netns", "pids", namespace).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    _ip("netns", "delete", namespace)


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
