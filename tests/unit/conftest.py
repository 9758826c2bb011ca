"""Fixtures that several folders of unit tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from convergecast.storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A hub's database, empty."""
    database = Database(tmp_path / "hub.sqlite3")
    yield database
    database.close()
