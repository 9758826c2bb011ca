"""The wheel, installed into an empty environment: it serves, and says what only a checkout has."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.rig import end
from tests.support.rtsp_cameras import rtsp_cameras

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel; what it depends on is read from this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    program = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(program), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    names = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=names))
    # Read as a plain path: what is linked into this environment, a checkout, is not found by it.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return program


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment without the checkout, to run in another folder than that."""
    environment = {**os.environ, "CONVERGECAST_AGENT_STATE": str(tmp_path / "agents")}
    environment.pop("PYTHONPATH", None)
    yield environment


def test_the_wheel_holds_the_hub_and_the_agent_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name.split("/") for name in archive.namelist()]
    packages = {name[0] for name in names if not name[0].endswith(".dist-info")}
    assert packages == {"convergecast", "convergecast_agent"}
    assert ["convergecast", "detection", "kernels", "pictures.cu"] in names
    assert {"bench", "scripts", "tests"}.isdisjoint(part for name in names for part in name)


def test_the_installed_hub_serves_an_installed_agent(
    python: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    log = (tmp_path / "log.txt").open("w")
    token = "0123456789abcdef"
    hub = subprocess.Popen(
        [python, "-m", "convergecast", "serve", "--port", "0", *data],
        cwd=tmp_path,
        env={**elsewhere, "CONVERGECAST_ADMIN_TOKEN": token},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    children = [hub]
    try:
        assert hub.stdout
        line = hub.stdout.readline()
        assert line.startswith("Open "), (tmp_path / "log.txt").read_text()
        url = line.split()[1]
        assert requests.get(f"{url}/healthz", timeout=10).json()["status"] == "ok"
        assert "ConvergeCast" in requests.get(f"{url}/login", timeout=10).text
        asked = [str(python), "-m", "convergecast", "token", *data]
        agents = subprocess.check_output(asked, cwd=tmp_path, env=elsewhere, text=True).strip()
        children.append(
            subprocess.Popen(
                [python, "-m", "convergecast_agent", "--hub", url, "--source", "demo"],
                cwd=tmp_path,
                env={**elsewhere, "CONVERGECAST_AGENT_TOKEN": agents},
                stdout=log,
                stderr=log,
                text=True,
            )
        )
        header = {"Authorization": f"Bearer {token}"}
        cameras: list[dict[str, str]] = []
        deadline = time.monotonic() + 30
        while not [camera for camera in cameras if camera["state"] == "online"]:
            assert time.monotonic() < deadline, (tmp_path / "log.txt").read_text()
            time.sleep(0.1)
            answer = requests.get(f"{url}/api/v1/cameras", headers=header, timeout=10)
            cameras = answer.json()["cameras"]
        with rtsp_cameras() as port:  # the hub runs the installed agent itself
            source = {"source": f"rtsp://127.0.0.1:{port}/live"}
            added = requests.post(f"{url}/api/v1/cameras", headers=header, json=source, timeout=15)
        assert added.status_code == 201, added.text
    finally:
        for child in reversed(children):
            end(child)
        log.close()


def test_the_benches_ask_for_a_checkout(
    python: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    command = [str(python), "-m", "convergecast", "bench", "live"]
    done = subprocess.run(command, cwd=tmp_path, env=elsewhere, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "not part of the installed package" in line
    assert "in a checkout" in line
    assert line.endswith(" ./install_linux.sh test.")
    assert ". " not in line  # one sentence
