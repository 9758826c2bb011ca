"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from convergecast.bench.rig import Rig


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real pictures and videos; tests that need it are skipped without."""
    folder = os.environ.get("CONVERGECAST_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CONVERGECAST_TEST_DATA names no folder")
    return Path(folder)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A real hub on loopback, with whatever the test attaches to it."""
    rig = Rig(tmp_path)
    yield rig
    rig.close()
