"""The commands as a user types them: exit status and one clear line."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from convergecast.storage.database import Database

ADMIN_TOKEN = "CONVERGECAST_ADMIN_TOKEN"
PROGRAM = [sys.executable, "-m", "convergecast"]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--config", "none.toml"], "cannot be read"),
        (["serve", "--host", "0.0.0.0", "--port", "0"], "CONVERGECAST_ADMIN_TOKEN"),
        (["serve", "--data-dir", f"{__file__}/x", "--port", "0"], "cannot be used"),
    ],
)
def test_what_cannot_work_fails_with_one_line(words: list[str], said: str) -> None:
    done = run(*words, CONVERGECAST_ADMIN_TOKEN="")
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "convergecast: COMMAND is missing."),
        (["fly"], "convergecast: COMMAND: 'fly' is none of serve, demo, "),
        (["serve", "--port", "abc"], "convergecast serve: --port: 'abc' is no number."),
        (["serve", "--port", "70000"], "convergecast serve: --port: '70000' is no port: give 0 to"),
        (["serve", "--colour"], "convergecast serve: there is no option --colour."),
        (["demo", "--cameras", "0"], "convergecast demo: --cameras: '0' is less than 1."),
        (["bench", "x"], "convergecast bench: name: 'x' is none of live, "),
    ],
)
def test_wrong_usage_is_exit_status_2_and_one_line(words: list[str], said: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(said)
    assert line.endswith(". Add --help for help.")


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port, "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_second_hub_with_the_same_folder_is_refused_and_told_where_the_first_is(
    tmp_path: Path,
) -> None:
    folder = ["--data-dir", str(tmp_path), "--port", "0"]
    with serving(*folder) as address:
        told = run("serve", *folder)
        assert told.returncode == 1
        (line,) = told.stderr.strip().splitlines()
        assert f"Another hub runs with the data folder {tmp_path} at {address}: stop it" in line
        assert run("token", *folder[:2]).returncode == 0  # commands may run beside it
    with serving(*folder) as again:  # the first was killed: it holds nothing
        assert again


def test_the_token_is_alone_on_its_line_and_stays_until_rotated(tmp_path: Path) -> None:
    folder = ["--data-dir", str(tmp_path)]
    first = run("token", *folder).stdout
    assert len(first.splitlines()) == 1
    assert len(first.strip()) >= 24
    assert run("token", *folder).stdout == first
    assert run("token", "--rotate", *folder).stdout != first


def test_the_doctor_says_what_works(tmp_path: Path) -> None:
    done = run("doctor", "--data-dir", str(tmp_path), "--port", "0")
    assert done.returncode == 0, done.stdout
    for word in ("OpenCV", "ONNX Runtime", "Face detector", "GPU", "Model store", "0 problems"):
        assert word in done.stdout


def test_the_doctor_names_what_is_missing_and_its_mend(tmp_path: Path) -> None:
    done = run("doctor", "--data-dir", str(tmp_path), CONVERGECAST_MODELS=str(tmp_path / "m"))
    assert done.returncode == 1
    problem = next(line for line in done.stdout.splitlines() if line.startswith("problem"))
    assert "models fetch" in problem


def test_models_are_listed() -> None:
    done = run("models", "list")
    assert done.returncode == 0
    assert "centerface" in done.stdout


@contextlib.contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leave no process behind where a test fails: to leave a `Popen` is to wait for its end."""
    try:
        yield
    finally:
        process.kill()


@contextlib.contextmanager
def serving(*words: str) -> Iterator[str]:
    """Run a hub, and kill it; yields its address once it answers."""
    environment = {key: value for key, value in os.environ.items() if key != ADMIN_TOKEN}
    with (
        subprocess.Popen(
            [*PROGRAM, "serve", *words], stdout=subprocess.PIPE, text=True, env=environment
        ) as hub,
        killed_at_the_end(hub),
    ):
        assert hub.stdout
        link = next(line for line in hub.stdout if line.startswith("Open "))
        yield link.removeprefix("Open ").partition("/?token=")[0].strip()


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_demonstration_prints_its_link_last_and_takes_its_agents_along(
    tmp_path: Path, number: int
) -> None:
    command = [*PROGRAM, "demo", "--cameras", "2", "--port", "0", "--data-dir", str(tmp_path)]
    environment = {**os.environ, "CONVERGECAST_AGENT_STATE": str(tmp_path / "agents")}
    environment.pop("CONVERGECAST_ADMIN_TOKEN", None)
    with (
        tempfile.TemporaryDirectory(prefix="cc") as temporary,  # short: a socket lies within
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment, "TMPDIR": temporary},
        ) as demo,
        killed_at_the_end(demo),
    ):
        assert demo.stdout
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if line.startswith("Open "):
                break
        assert "/?token=" in lines[-1]
        assert lines[-2] == "\n"
        assert [demo.stdout.readline() for _ in range(3)] == ["\n", "Ctrl+C stops the hub.\n", "\n"]
        assert sum("online" in line for line in lines) >= 2
        assert not (tmp_path / "agents").exists(), "the user's agents have hubs of their own"
        cameras = Database(tmp_path / "hub.sqlite3")
        assert [row["options"] for row in cameras.read("SELECT options FROM cameras")] == [
            '["faces", "objects", "people"]'
        ] * 2
        cameras.close()
        children = psutil.Process(demo.pid).children(recursive=True)
        assert sum("agent.py" in " ".join(child.cmdline()) for child in children) == 2
        demo.send_signal(number)
        demo.wait(timeout=10)
        if number == signal.SIGTERM:
            assert list(Path(temporary).iterdir()) == []
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_a_demonstration_without_its_pictures_says_how_to_get_them(tmp_path: Path) -> None:
    done = run("demo", "--port", "0", CONVERGECAST_MODELS=str(tmp_path))
    assert done.returncode == 1
    assert "models fetch" in done.stderr
