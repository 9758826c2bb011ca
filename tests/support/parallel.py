"""Tests side by side in several processes: `pytest -n 3`, as `scripts/check` runs them.

The tests of a file stay together, in their order, in one process; so a hub that a file shares is
started once. Tests marked `alone` measure time or load: they come last, in one process, when the
other processes have ended.
Process: tests.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from filelock import FileLock
from xdist.scheduler import LoadScopeScheduling

ALONE = "alone"


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands the tests of a file to one process, and all that are to run alone to one."""

    def _split_scope(self, nodeid: str) -> str:
        return ALONE if nodeid.endswith(f"@{ALONE}") else nodeid.partition("::")[0]


class Worker:
    """One of the processes: it holds a lock for as long as it has tests.

    Args:
        folder: where the locks of this run are.
        number: which process this is, from 0.
        count: how many there are.
    """

    def __init__(self, folder: Path, number: int, count: int) -> None:
        self._locks = [FileLock(folder / f"worker-{each}.lock") for each in range(count)]
        self._mine = self._locks[number]
        self._mine.acquire()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put those last that run alone."""
        items.sort(key=is_alone)
        for item in items:
            if is_alone(item):
                item.add_marker(pytest.mark.xdist_group(ALONE))

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # before the time of the test begins
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for the others where a test is to run alone."""
        if is_alone(item):
            for lock in self._locks:
                if not lock.is_locked:
                    lock.acquire()
        return (yield)

    def pytest_sessionfinish(self) -> None:
        """Tell the process that waits."""
        self._mine.release()


def is_alone(item: pytest.Item) -> bool:
    """Return whether a test is marked `alone`."""
    return item.get_closest_marker(ALONE) is not None
