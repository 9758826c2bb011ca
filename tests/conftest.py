"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from convergecast.model_store import store
from convergecast.model_tools.fetch import fetch
from convergecast.protocol.folders import pictures_folder
from convergecast.vision.detections import Bytes
from tests.support.rig import Rig


def pytest_configure(config: pytest.Config) -> None:
    """Let no test made of examples fail because the machine is busy."""
    if config.pluginmanager.hasplugin("hypothesispytest"):  # a machine that tries its GPU has none
        from hypothesis import settings

        settings.register_profile("untimed", settings.default, deadline=None)
        settings.load_profile("untimed")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real pictures and videos; tests that need it are skipped without."""
    folder = os.environ.get("CONVERGECAST_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CONVERGECAST_TEST_DATA names no folder")
    return Path(folder)


@pytest.fixture(scope="module")
def rig_of_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The hub that tests of a file share."""
    rig = Rig(tmp_path_factory.mktemp("rig"))
    yield rig
    rig.close()


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A real hub on loopback, with whatever the test attaches to it.

    Tests marked `shared_hub` share one, which is reset after each; the others have their own.
    """
    if request.node.get_closest_marker("shared_hub"):
        rig: Rig = request.getfixturevalue("rig_of_file")
        yield rig
        rig.reset()
    else:
        rig = Rig(tmp_path)
        yield rig
        rig.close()


@pytest.fixture(scope="session")
def models_ready() -> None:
    """The model store, filled; tests that need it are skipped where nothing may be fetched."""
    states = [model.state for model in store.list_models()]
    states += [picture.state for picture in store.list_pictures()]
    if states.count(store.READY) < len(states):
        if os.environ.get("CONVERGECAST_TEST_OFFLINE"):
            pytest.skip("the model store is not complete and CONVERGECAST_TEST_OFFLINE is set")
        fetch(print)


@pytest.fixture(scope="session")
def astronaut(models_ready: None) -> Bytes:
    """A photograph with one face and one person, 512 × 512 BGR."""
    return _photograph("astronaut.png")


@pytest.fixture(scope="session")
def chelsea(models_ready: None) -> Bytes:
    """A photograph of a cat, 451 × 300 BGR."""
    return _photograph("chelsea.png")


def _photograph(file: str) -> Bytes:
    image = cv2.imread(str(pictures_folder() / file))
    assert image is not None
    return np.asarray(image, np.uint8)
