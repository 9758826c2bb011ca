"""What the processes of a rig take: CPU time and memory. Runs in the benchmark."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence

import psutil

from tests.support.rig import Rig


def hub_processes(rig: Rig) -> tuple[psutil.Process, list[psutil.Process]]:
    """Return the hub's process and those of its workers, without the one that starts them."""
    hub = psutil.Process(rig.hub.pid)
    children = hub.children()
    return hub, [worker for child in children for worker in child.children()] or children


def process_groups(
    rig: Rig, sources: Iterable[subprocess.Popen[str]]
) -> dict[str, list[psutil.Process]]:
    """Return the processes of `hub`, `worker` and `agent`; `sources` are the agents."""
    hub, workers = hub_processes(rig)
    agents = [psutil.Process(source.pid) for source in sources]
    return {"hub": [hub], "worker": workers, "agent": agents}


def cpu_s(processes: Sequence[psutil.Process]) -> float:
    """Return the seconds of CPU time that processes have taken so far, all together."""
    times = [process.cpu_times() for process in processes]
    return sum(t.user + t.system for t in times)


def memory_mb(processes: Sequence[psutil.Process]) -> float:
    """Return what processes hold, all together, in MB of 2^20 bytes.

    Pages that several share are divided among them (PSS); off Linux, where the system does not
    tell, they are counted in each (RSS).
    """
    infos = [process.memory_full_info() for process in processes]
    return sum(getattr(info, "pss", info.rss) for info in infos) / 2**20


def private_mb(processes: Sequence[psutil.Process]) -> float:
    """Return what processes hold for themselves alone (USS), all together, in MB."""
    return sum(process.memory_full_info().uss for process in processes) / 2**20


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that `percent` of `values` do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[int(percent / 100 * (len(ordered) - 1))] if ordered else float("nan")
