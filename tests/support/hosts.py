"""Two hosts on one machine: network namespaces joined by a cable, or else plain loopback.

Runs in the benchmark; the programs of both ends run inside by the prefixes given here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HUB, _CAMERA = "10.78.0.1", "10.78.0.2"
_DEVICE = "link0"


@dataclass(frozen=True, slots=True)
class Host:
    """One end.

    Attributes:
        address: its IPv4 address.
        device: the network device that leads to the other one.
        prefix: what a command begins with that is to run there.
    """

    address: str
    device: str
    prefix: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hosts:
    """Both ends; `words` say of what kind they are, for people."""

    hub: Host
    camera: Host
    words: str


@contextlib.contextmanager
def two_hosts() -> Iterator[Hosts]:
    """Yield two hosts joined by a veth cable where this user may make such, else loopback."""
    names = tuple(f"ccbench-{os.getpid()}-{end}" for end in ("hub", "camera"))
    why_not = _why_no_namespaces()
    if not why_not:
        try:
            _make(names)
        except subprocess.CalledProcessError as error:
            why_not = error.stderr.strip() or "ip failed"
            _remove(names)
    if why_not:
        end = Host("127.0.0.1", "lo", ())
        yield Hosts(end, end, f"loopback, shared with everything else here ({why_not})")
        return
    try:
        hub, camera = (
            Host(address, _DEVICE, ("ip", "netns", "exec", name))
            for address, name in zip((_HUB, _CAMERA), names, strict=True)
        )
        yield Hosts(hub, camera, "two network namespaces joined by a veth cable")
    finally:
        _remove(names)


def packets(device: str) -> int:
    """Return how many packets have gone through a device of the calling process's host.

    Both directions together; on loopback, where each packet is counted as both, one of them. 0
    where the system keeps no such account. A packet is what the kernel hands to the device: up to
    64 KB where it leaves the cutting to the hardware.
    """
    try:
        lines = Path("/proc/net/dev").read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, counts = line.partition(":")
        if name.strip() == device:
            received, sent = (int(counts.split()[at]) for at in (1, 9))
            return received if device == "lo" else received + sent
    return 0


def _why_no_namespaces() -> str:
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    return "" if shutil.which("ip") else "network namespaces need the program ip"


def _make(names: tuple[str, ...]) -> None:
    for name in names:
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
    hub, camera = names
    peer = ("peer", "name", _DEVICE, "netns", camera)
    _ip("-n", hub, "link", "add", _DEVICE, "type", "veth", *peer)
    for name, address in zip(names, (_HUB, _CAMERA), strict=True):
        # Without addresses of its own IPv6 stays silent, and every packet counted is a program's.
        _ip("-n", name, "link", "set", _DEVICE, "addrgenmode", "none")
        _ip("-n", name, "address", "add", f"{address}/30", "dev", _DEVICE)
        _ip("-n", name, "link", "set", _DEVICE, "up")


def _remove(names: tuple[str, ...]) -> None:
    for name in names:
        with contextlib.suppress(subprocess.CalledProcessError):
            _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
