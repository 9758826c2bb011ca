"""The hub does what its API description says, for a tester that knows only the description."""

from __future__ import annotations

import pytest

from convergecast.model_store import store
from tests.support.outside_tester import examine
from tests.support.rig import Rig


@pytest.mark.timeout(240)
def test_an_outside_tester_finds_nothing(rig: Rig) -> None:
    store.find("faces")  # says what to do where the installer has not run
    rig.start_agent("--source", "demo", "--name", "Hall")
    (camera,) = rig.wait_online(1)
    rig.request("PATCH", f"/api/v1/cameras/{camera['id']}", json={"options": ["faces"]})
    found = examine(rig, examples=2)
    assert found.failures == [], found.words
    assert found.operations == 75
    assert found.cases > 1000
    assert rig.hub.poll() is None
