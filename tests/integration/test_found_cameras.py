"""A hub finds the ONVIF camera of the other machine; both are network namespaces, with a cable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hosts import Hosts, two_hosts
from tests.support.rig import Rig

ASK = """
import sys, time, requests
deadline = time.monotonic() + 20
while True:  # until the camera listens
    began = time.monotonic()
    answer = requests.post(
        sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]}, json={}, timeout=10
    )
    assert time.monotonic() - began < 5
    if answer.json()["found"] or time.monotonic() > deadline:
        break
print(answer.text)
"""


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with two_hosts() as hosts:
        if not hosts.hub.prefix:
            pytest.skip(hosts.words)
        yield hosts


def test_a_camera_of_the_network_is_found(hosts: Hosts, tmp_path: Path) -> None:
    rig = Rig(tmp_path, host=hosts.hub.address, hub_prefix=hosts.hub.prefix)
    try:
        camera = [*hosts.camera.prefix, sys.executable, "-m", "tests.fakes.onvif_device"]
        rig.start([*camera, hosts.camera.address], dict(os.environ))
        words = [f"{rig.url}/api/v1/discover", rig.admin_token]
        asking = [*hosts.hub.prefix, sys.executable, "-c", ASK, *words]
        answer = subprocess.run(asking, capture_output=True, text=True, check=True).stdout
    finally:
        rig.close()
    assert json.loads(answer) == {
        "found": [
            {
                "address": hosts.camera.address,
                "name": "Gate Camera",
                "source": f"rtsp://{hosts.camera.address}:8554/main?channel=1",
                "needs_password": False,
            }
        ],
        "reason": None,
    }
