"""A hub on which recognition is on, and pictures of known people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.people_support import (
    PEOPLE,
    UNKNOWN,
    Asker,
    switch_on,
)
from tests.support.rig import Rig


@pytest.fixture(scope="module")
def people_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    rig = Rig(tmp_path_factory.mktemp("people"))
    yield Asker(rig)
    rig.close()


@pytest.fixture
def hub(people_hub: Asker) -> Asker:
    """A hub where recognition is on and nobody is known."""
    for person in people_hub.people():
        assert people_hub.ask("DELETE", f"{PEOPLE}/{person['id']}").status_code == 204
    people_hub.end_cameras()
    people_hub.ask("DELETE", UNKNOWN)
    switch_on(people_hub)
    return people_hub


@pytest.fixture
def train(data_folder: Path) -> Path:
    return data_folder / "identities" / "knn_examples" / "train"


@pytest.fixture
def trial(data_folder: Path) -> Path:
    return data_folder / "identities" / "knn_examples" / "test"
