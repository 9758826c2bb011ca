"""What people do most, in the Firefox of the system, on a real hub: tests/js/firefox.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.rig import Rig

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

FOLDER = Path(__file__).parents[1] / "js"
FLOWS = 10
LIMIT_S = 240


def test_ten_flows_in_firefox(rig: Rig) -> None:
    firefox, node = shutil.which("firefox-esr") or shutil.which("firefox"), shutil.which("node")
    if not firefox or not node:
        pytest.skip("no Firefox: apt-get install firefox-esr")
    if not (FOLDER / "node_modules" / "puppeteer-core").is_dir():
        pytest.skip("no puppeteer-core: ./install_linux.sh test installs it")
    rig.start_feeder(3, 5.0)
    rig.wait_online(3)
    told = {"HUB": rig.url, "TOKEN": rig.admin_token, "FIREFOX": firefox}
    done = subprocess.run(
        [node, "firefox.js"],
        cwd=FOLDER,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    flows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [flow for flow in flows if flow["failure"]] == [], done.stderr
    assert len(flows) == FLOWS, done.stderr
