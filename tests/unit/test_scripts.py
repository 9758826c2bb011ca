"""The installer's refusals, the helpers in scripts/, and the lists of requirements.

Nothing is installed and no network is used: git repositories are real and temporary, and a Python
that is too old, or has no network, is a few lines of shell at the front of PATH.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL_SCRIPTS = [
    "install_linux.sh",
    ".ci/run",
    "scripts/check",
    "scripts/commit.sh",
    "scripts/delete.sh",
    "scripts/net.sh",
    "scripts/gpu_trial.sh",
    "scripts/gpu_parts.sh",
    "scripts/gpu/find_python.sh",
]
PYTHON_NAMES = ["python3", *(f"python3.{minor}" for minor in range(11, 15))]
INSTALLER_FILES = [
    "install_linux.sh",
    "requirements.txt",
    "requirements-agent.txt",
    "requirements-test.txt",
    "pyproject.toml",
    "scripts/install_packages.py",
]

pty = pytest.importorskip("pty", reason="the scripts are for Linux")

Result = subprocess.CompletedProcess[str]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> Result:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def make_program(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def only_error(result: Result) -> str:
    """Return the one line on standard error."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


# ---- requirements ------------------------------------------------------------------------------


def requirements(name: str) -> list[str]:
    lines = (ROOT / name).read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def project() -> dict[str, list[str]]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {"": table["dependencies"], **table["optional-dependencies"]}


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("requirements.txt", ""),
        ("requirements-gpu.txt", "gpu"),
        ("requirements-gpu13.txt", "gpu13"),
        ("requirements-test.txt", "test"),
    ],
)
def test_requirements_files_say_what_pyproject_says(name: str, extra: str) -> None:
    assert sorted(requirements(name)) == sorted(project()[extra])


def test_a_gpu_needs_what_the_hub_needs_and_pytest() -> None:
    """CuPy is taken where it is, dlib is for comparisons only."""
    wheels = set(requirements("scripts/gpu/wheels.txt"))
    others = {line for line in requirements("requirements.txt") if "dlib" not in line}
    tests = {line for line in requirements("requirements-test.txt") if line.startswith("pytest")}
    tests = {line for line in tests if not line.startswith("pytest-xdist")}  # one process will do
    runtimes = {line for line in wheels | others if line.startswith("onnxruntime")}
    assert len(runtimes) == 2
    assert wheels - runtimes == (others | tests) - runtimes


def test_an_agent_needs_a_part_of_what_the_hub_needs() -> None:
    assert set(requirements("requirements-agent.txt")) < set(requirements("requirements.txt"))


# ---- all shell scripts -------------------------------------------------------------------------


@pytest.mark.parametrize("script", SHELL_SCRIPTS)
def test_scripts_are_executable_and_stop_at_errors(script: str) -> None:
    path = ROOT / script
    text = path.read_text()
    assert os.access(path, os.X_OK)
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    result = run("shellcheck", *SHELL_SCRIPTS, cwd=ROOT)
    assert result.returncode == 0, result.stdout


def test_the_windows_script_has_the_line_ends_that_windows_needs() -> None:
    lines = (ROOT / "install_windows.bat").read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\r\n") for line in lines)
    text = b"".join(lines).decode("ascii")
    labels = {line[1:].split()[0] for line in text.splitlines() if line.startswith(":")}
    assert {word.rstrip() for word in _jump_targets(text)} <= labels


def _jump_targets(text: str) -> list[str]:
    gotos = [part.split()[0] for part in text.split("goto ")[1:]]
    calls = [part.split()[0] for part in text.split("call :")[1:]]
    return gotos + calls


# ---- install_linux.sh --------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a space in its name that holds what the installer reads."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / "scripts").mkdir()
    for name in INSTALLER_FILES:
        shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


def install(checkout: Path, programs: Path, *words: str) -> Result:
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return run(checkout / "install_linux.sh", *words, cwd=programs, env={"PATH": path})


def fake_python(programs: Path, *, version: str, pip: str = "exit 0") -> None:
    """Put a Python there that makes a venv of itself; `pip` is what its pip does, in shell."""
    body = f"""
case "$*" in
    *version_info*) echo {version} ;;
    *install_packages.py*) exec "{sys.executable}" "$@" ;;
    *"-m venv"*) for folder; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python" ;;
    *"-m pip"*) {pip} ;;
    *convergecast*|*agent.py*|*scripts.service*) echo "started: $*" ;;
esac"""
    for name in PYTHON_NAMES:
        make_program(programs / name, body)


def test_help_is_an_answer_and_an_unknown_word_is_not(checkout: Path, programs: Path) -> None:
    helped = install(checkout, programs, "--help")
    assert helped.returncode == 0
    assert "install_linux.sh agent" in helped.stdout
    wrong = install(checkout, programs, "frobnicate")
    assert wrong.returncode == 2
    assert "frobnicate" in only_error(wrong)
    assert not (checkout / "venv").exists()


def test_a_python_that_is_too_old_is_named(checkout: Path, programs: Path) -> None:
    fake_python(programs, version="3.9.2")
    result = install(checkout, programs)
    assert result.returncode == 1
    assert "Python 3.9.2 found, but 3.11 or newer is needed" in only_error(result)
    assert not (checkout / "venv").exists()


def test_no_python_at_all(checkout: Path, programs: Path) -> None:
    for name in PYTHON_NAMES:
        make_program(programs / name, "exit 127")
    result = install(checkout, programs)
    assert result.returncode == 1
    assert "no Python found" in only_error(result)


@pytest.mark.parametrize(
    ("pip_says", "told"),
    [
        (
            "NewConnectionError: Temporary failure in name resolution",
            "The package index could not be reached: check the network and run this again.",
        ),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: No matching distribution found for numpy", "not offered for this Python (3.11.7)"),
        ("something else", "the packages could not be installed."),
    ],
)
def test_a_failing_pip_is_told_in_one_line(
    checkout: Path, programs: Path, pip_says: str, told: str
) -> None:
    fake_python(programs, version="3.11.7", pip=f'echo "{pip_says}"; exit 1')
    result = install(checkout, programs)
    assert result.returncode == 1
    assert told in only_error(result)
    assert "venv/install.log" in only_error(result)
    assert pip_says in (checkout / "venv/install.log").read_text()


def test_a_full_disk_is_told_before_anything_is_written(checkout: Path, programs: Path) -> None:
    fake_python(programs, version="3.11.7")
    make_program(programs / "df", "echo head; echo 'disk 9000 8877 123 99% /'")
    result = install(checkout, programs)
    assert result.returncode == 1
    assert "2000 MB are needed here and 123 MB are free" in only_error(result)
    assert not (checkout / "venv").exists()


def test_options_reach_the_program_and_a_second_run_installs_nothing(
    checkout: Path, programs: Path
) -> None:
    fake_python(programs, version="3.12.1", pip='echo once >>"$(dirname "$0")/calls"')
    calls = checkout / "venv/bin/calls"
    first = install(checkout, programs, "run", "--port", "5001", "--config", "a b")
    assert first.returncode == 0, first.stderr
    assert "Python 3.12.1 found." in first.stdout
    assert "started: -m convergecast models fetch" in first.stdout
    assert first.stdout.endswith("started: -m convergecast demo --port 5001 --config a b\n")
    assert calls.read_text() == "once\nonce\n"

    second = install(checkout, programs, "run")
    assert "Installing" not in second.stdout
    agent = install(checkout, programs, "agent", "--hub", "http://hub:5000")
    assert agent.stdout == f"started: {checkout}/agent/agent.py --hub http://hub:5000\n"
    assert calls.read_text() == "once\nonce\n"

    (checkout / "requirements.txt").write_text("numpy\n")
    assert "Installing packages" in install(checkout, programs).stdout
    assert calls.read_text() == "once\n" * 4


def test_a_camera_host_gets_the_small_set_only(checkout: Path, programs: Path) -> None:
    fake_python(programs, version="3.11.7", pip='echo "$*" >>"$(dirname "$0")/calls"')
    result = install(checkout, programs, "agent", "--source", "demo")
    assert result.stdout.endswith(f"started: {checkout}/agent/agent.py --source demo\n")
    (call,) = (checkout / "venv/bin/calls").read_text().splitlines()
    assert call.endswith(f"-r {checkout}/requirements-agent.txt")


def test_a_service_is_set_up_after_what_it_needs(checkout: Path, programs: Path) -> None:
    fake_python(programs, version="3.11.7", pip='echo "$*" >>"$(dirname "$0")/calls"')
    result = install(checkout, programs, "service", "agent-gate", "--name", "a b")
    started = "started: -P -B -m scripts.service"
    assert result.stdout.endswith(f"{started} service agent-gate --name a b\n"), result.stderr
    assert "models fetch" not in result.stdout
    (call,) = (checkout / "venv/bin/calls").read_text().splitlines()
    assert call.endswith(f"-r {checkout}/requirements-agent.txt")
    hub = install(checkout, programs, "service", "hub")
    fetched = "started: -m convergecast models fetch"
    assert hub.stdout.endswith(f"{fetched}\n{started} service hub\n"), hub.stderr
    removed = install(checkout, programs, "remove-service", "hub")
    assert removed.stdout == f"{started} remove-service hub\n"


@pytest.mark.parametrize("verb", ["service", "remove-service"])
@pytest.mark.parametrize("words", [(), ("camera",), ("--port", "80"), ("agent-../x",)])
def test_a_service_has_to_be_one_that_there_is(
    checkout: Path, programs: Path, verb: str, words: tuple[str, ...]
) -> None:
    result = install(checkout, programs, verb, *words)
    assert result.returncode == 2
    assert "hub, agent, or agent-NAME for a further camera" in only_error(result)
    assert not (checkout / "venv").exists()


def test_root_writes_nothing_into_the_folder_of_another(checkout: Path, programs: Path) -> None:
    fake_python(programs, version="3.11.7")
    make_program(programs / "id", "echo 0")
    make_program(programs / "stat", "echo alice")
    make_program(programs / "getent", "echo alice:x:1000:1000::/home/alice:/bin/sh")
    make_program(programs / "runuser", f'echo "$*" >>"{programs}/calls"; shift 3; exec "$@"')
    result = install(checkout, programs, "service", "agent", "--hub", "x")
    assert result.returncode == 0, result.stderr
    as_alice = f"-u alice -- env HOME=/home/alice {checkout}/install_linux.sh set-up agent\n"
    assert (programs / "calls").read_text() == as_alice


def test_an_interrupted_installation_starts_afresh(checkout: Path, programs: Path) -> None:
    fake_python(programs, version="3.11.7", pip="kill -9 $$")
    assert install(checkout, programs).returncode == 1
    left_over = checkout / "venv/left-over"
    left_over.touch()
    fake_python(programs, version="3.11.7")
    result = install(checkout, programs)
    assert result.returncode == 0, result.stderr
    assert "venv/ is incomplete or out of place: making it again." in result.stdout
    assert not left_over.exists()


def test_a_moved_checkout_gets_a_new_venv(checkout: Path, programs: Path) -> None:
    fake_python(programs, version="3.11.7")
    assert install(checkout, programs).returncode == 0
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert "making it again" in install(moved, programs).stdout
    assert "Installing" not in install(moved, programs).stdout


def fake_npm(checkout: Path, programs: Path, npm: str) -> Path:
    """Prepare a test run whose npm does this, in shell; return the lock file of its packages."""
    fake_python(programs, version="3.11.7")
    make_program(programs / "npm", npm)
    make_program(programs / "chromium", "exit 0")
    make_program(programs / "firefox-esr", "exit 0")
    make_program(checkout / "scripts/check", 'echo "checked: $*"')
    lock = checkout / "tests/js/package-lock.json"
    lock.parent.mkdir(parents=True)
    lock.write_text("{}")
    return lock


def test_tests_get_their_node_packages_once_and_again_when_others_are_locked(
    checkout: Path, programs: Path
) -> None:
    folder = checkout / "tests/js"
    made = f'rm -rf "{folder}/node_modules"; mkdir "{folder}/node_modules"'
    lock = fake_npm(checkout, programs, f'echo "$*" >>"{programs}/calls"; {made}')
    first = install(checkout, programs, "test", "-k", "a b")
    assert first.returncode == 0, first.stderr
    assert "Installing the JavaScript checkers into tests/js/node_modules" in first.stdout
    assert first.stdout.endswith("checked: -k a b\n")
    call = f"ci --ignore-scripts --prefix {folder}\n"
    assert (programs / "calls").read_text() == call

    assert "Installing" not in install(checkout, programs, "test").stdout
    assert (programs / "calls").read_text() == call
    lock.write_text("{ }")
    assert "Installing the JavaScript" in install(checkout, programs, "test").stdout
    assert (programs / "calls").read_text() == call * 2


@pytest.mark.parametrize(
    ("npm_says", "told"),
    [
        (
            "npm error code ECONNREFUSED",
            "The npm registry could not be reached: check the network and run this again.",
        ),
        ("npm error code EINTEGRITY", "the JavaScript checkers could not be installed."),
    ],
)
def test_a_failing_npm_is_told_in_one_line_and_tried_again(
    checkout: Path, programs: Path, npm_says: str, told: str
) -> None:
    fake_npm(checkout, programs, f'echo "{npm_says}"; exit 1')
    for _ in range(2):
        result = install(checkout, programs, "test")
        assert result.returncode == 1
        assert told in only_error(result)
        assert npm_says in (checkout / "venv/install.log").read_text()


# ---- .ci/run and scripts/check -----------------------------------------------------------------


@pytest.mark.parametrize("has_data", [True, False])
def test_ci_calls_the_installer_and_names_the_data(tmp_path: Path, has_data: bool) -> None:
    project_folder = tmp_path / "project"
    make_program(
        project_folder / "install_linux.sh", 'echo "$* data=${CONVERGECAST_TEST_DATA:-none}"'
    )
    (project_folder / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci/run", project_folder / ".ci/run")
    data = tmp_path / "shared/data"
    if has_data:
        data.mkdir(parents=True)
    result = run(project_folder / ".ci/run", cwd=tmp_path, env={"CONVERGECAST_TEST_DATA": ""})
    assert result.stdout == f"test data={data if has_data else 'none'}\n"


@pytest.fixture
def checked(tmp_path: Path) -> Path:
    """Return a folder with scripts/check whose tools say what they were asked."""
    folder = tmp_path / "a project"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy2(ROOT / "scripts/check", folder / "scripts/check")
    for name in ("ruff", "mypy", "node", "pytest"):
        make_program(folder / "venv/bin" / name, f'echo "{name} ran: $*"')
    for name in ("tsc", "eslint"):
        make_program(folder / "tests/js/node_modules/.bin" / name, f'echo "{name} ran: $*"')
    return folder


def test_check_names_its_steps_and_hands_options_to_pytest(checked: Path) -> None:
    result = run(checked / "scripts/check", "-k", "a b", cwd=checked.parent)
    assert result.returncode == 0, result.stderr
    lint = "eslint --config tests/js/eslint.config.js static/js tests/js"
    node = (
        "node --disable-warning=MODULE_TYPELESS_PACKAGE_JSON"
        " --test-reporter=dot --test tests/js/*.test.js"
    )
    assert result.stdout.splitlines() == [
        "== ruff format --check .",
        "ruff ran: format --check .",
        "== ruff check .",
        "ruff ran: check .",
        "== tsc --project tests/js",
        "tsc ran: --project tests/js",
        f"== {lint}",
        f"eslint ran: {lint.partition(' ')[2]}",
        f"== {node}",
        f"node ran: {node.partition(' ')[2]}",
        "== mypy",
        "mypy ran: ",
        "== pytest -k a b",
        "pytest ran: -k a b",
    ]


def test_check_runs_what_measures_after_what_runs_side_by_side(checked: Path) -> None:
    lines = run(checked / "scripts/check", cwd=checked.parent).stdout.splitlines()
    side_by_side = "-n 4 --dist loadfile --no-loadscope-reorder -m not alone"
    ran = [line for line in lines if line.startswith("pytest ran")]
    assert ran == [f"pytest ran: {side_by_side}", "pytest ran: -m alone"]


def test_check_leaves_the_tests_out_when_asked(checked: Path) -> None:
    result = run(checked / "scripts/check", "--fast", cwd=checked.parent)
    assert result.returncode == 0
    assert "pytest" not in result.stdout


@pytest.mark.parametrize(
    "tool",
    [
        "venv/bin/mypy",
        "tests/js/node_modules/.bin/tsc",
        "tests/js/node_modules/.bin/eslint",
        "venv/bin/node",
    ],
)
def test_check_stops_at_the_first_failure(checked: Path, tool: str) -> None:
    make_program(checked / "venv/bin/mypy", "exec sleep 50")  # which ends with the others
    make_program(checked / tool, "exit 3")
    began = time.monotonic()
    result = run(checked / "scripts/check", cwd=checked.parent)
    assert time.monotonic() - began < 40
    assert result.returncode == 3
    assert only_error(result) == f"== failed: {Path(tool).name}"
    assert "pytest" not in result.stdout


def test_check_shows_what_mypy_found_and_leaves_nothing_behind(checked: Path) -> None:
    temporary = checked / "tmp"
    temporary.mkdir()
    make_program(checked / "venv/bin/mypy", "sleep 0.2; echo wrong; exit 3")
    result = run(checked / "scripts/check", cwd=checked.parent, env={"TMPDIR": str(temporary)})
    assert (result.returncode, result.stdout.splitlines()[-1]) == (3, "wrong")
    assert list(temporary.iterdir()) == []


def test_check_says_how_to_get_what_is_not_there(checked: Path) -> None:
    shutil.rmtree(checked / "tests")
    result = run(checked / "scripts/check", cwd=checked.parent, env={"PATH": "/usr/bin:/bin"})
    assert result.returncode == 1
    assert "tsc is not installed: ./install_linux.sh test installs it" in only_error(result)


# ---- scripts/ ----------------------------------------------------------------------------------

GIT_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.invalid",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.invalid",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(repository: Path, *words: str) -> str:
    result = run("git", *words, cwd=repository, env=GIT_ENVIRONMENT)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def script(repository: Path, name: str, *words: str) -> Result:
    """Run one of the scripts from a folder that is not the repository."""
    return run(repository / "scripts" / name, *words, cwd=repository.parent, env=GIT_ENVIRONMENT)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "a repository"
    (folder / "scripts").mkdir(parents=True)
    for name in ("commit.sh", "delete.sh"):
        shutil.copy2(ROOT / "scripts" / name, folder / "scripts" / name)
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "kept.txt").write_text("first\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


@pytest.mark.parametrize("words", [(), ("",), ("  ",)])
def test_commit_wants_a_message(repository: Path, words: tuple[str, ...]) -> None:
    (repository / "kept.txt").write_text("second\n")
    result = script(repository, "commit.sh", *words)
    assert result.returncode == 2
    assert only_error(result) == "usage: scripts/commit.sh MESSAGE"
    assert git(repository, "log", "--format=%s") == "first"


def test_commit_takes_everything_and_shows_it(repository: Path) -> None:
    (repository / "kept.txt").write_text("second\n")
    (repository / "new file.txt").write_text("new\n")
    result = script(repository, "commit.sh", "page: a second text")
    assert result.returncode == 0, result.stderr
    assert " M kept.txt" in result.stdout
    assert "new file.txt" in result.stdout
    assert git(repository, "log", "-1", "--format=%s") == "page: a second text"
    assert git(repository, "status", "--porcelain") == ""
    again = script(repository, "commit.sh", "again")
    assert (again.returncode, again.stdout) == (0, "Nothing to commit.\n")


def test_commit_pushes_where_a_remote_is_set(repository: Path, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    git(repository, "remote", "add", "origin", str(remote))
    for text in ("second", "third"):
        (repository / "kept.txt").write_text(text)
        result = script(repository, "commit.sh", text)
        assert result.returncode == 0, result.stderr
        assert git(remote, "log", "-1", "--format=%s", "main") == text


def test_commit_says_when_it_could_not_push(repository: Path, tmp_path: Path) -> None:
    git(repository, "remote", "add", "origin", str(tmp_path / "nowhere.git"))
    (repository / "kept.txt").write_text("second\n")
    result = script(repository, "commit.sh", "second")
    assert result.returncode == 1
    assert "committed here, but it could not be pushed" in result.stderr
    assert git(repository, "log", "-1", "--format=%s") == "second"


@pytest.fixture
def changed(repository: Path) -> Path:
    """Return the repository with an edit, a staged file, a new file, a log and a venv."""
    (repository / "kept.txt").write_text("edited\n")
    (repository / "staged.txt").write_text("staged\n")
    git(repository, "add", "staged.txt")
    (repository / "folder").mkdir()
    (repository / "folder/new.txt").write_text("new\n")
    (repository / "ignored.log").write_text("log\n")
    (repository / "venv").mkdir()
    (repository / "venv/pyvenv.cfg").write_text("venv\n")
    return repository


def assert_only_the_first_commit_is_left(repository: Path) -> None:
    assert (repository / "kept.txt").read_text() == "first\n"
    assert not (repository / "staged.txt").exists()
    assert not (repository / "folder").exists()
    assert (repository / "ignored.log").exists()
    assert (repository / "venv/pyvenv.cfg").exists()


def test_delete_without_a_terminal_touches_nothing(changed: Path) -> None:
    result = script(changed, "delete.sh")
    assert result.returncode == 1
    assert "--yes" in only_error(result)
    assert (changed / "kept.txt").read_text() == "edited\n"
    assert (changed / "folder/new.txt").exists()


def test_delete_with_yes_lists_and_throws_away(changed: Path) -> None:
    result = script(changed, "delete.sh", "--yes")
    assert result.returncode == 0, result.stderr
    for name in ("kept.txt", "staged.txt", "folder/"):
        assert name in result.stdout
    assert "venv" not in result.stdout
    assert_only_the_first_commit_is_left(changed)
    assert script(changed, "delete.sh").stdout == "Nothing to throw away.\n"


@pytest.mark.parametrize(("answer", "status"), [("yes", 0), ("y", 1), ("", 1)])
def test_delete_asks_for_the_whole_word(changed: Path, answer: str, status: int) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        result = subprocess.run(
            [changed / "scripts/delete.sh"],
            stdin=theirs,
            env={**os.environ, **GIT_ENVIRONMENT},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert result.returncode == status, result.stderr
    if status == 0:
        assert_only_the_first_commit_is_left(changed)
    else:
        assert (changed / "kept.txt").read_text() == "edited\n"


def test_delete_knows_no_other_word(changed: Path) -> None:
    assert script(changed, "delete.sh", "all").returncode == 2


@pytest.mark.parametrize(
    ("hub", "expected"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("http://127.0.0.1:5000/", "127.0.0.1"),
        ("http://someone@127.0.0.1:5000?x=1", "127.0.0.1"),
    ],
)
def test_net_prints_the_address_towards_a_hub(hub: str, expected: str) -> None:
    result = run(ROOT / "scripts/net.sh", hub, cwd=ROOT)
    assert result.stdout.strip() == expected, result.stderr


def test_net_accepts_a_name() -> None:
    result = run(ROOT / "scripts/net.sh", "localhost:5000", cwd=ROOT)
    assert ipaddress.ip_address(result.stdout.strip()).is_loopback


def test_net_without_the_ip_program_asks_python(tmp_path: Path) -> None:
    for name in ("bash", "env", "sed", "awk"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "python3").symlink_to(sys.executable)
    result = run(ROOT / "scripts/net.sh", "127.0.0.1", cwd=ROOT, env={"PATH": str(tmp_path)})
    assert result.stdout.strip() == "127.0.0.1", result.stderr


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("no-such-host.invalid",), 1, "could not be resolved"),
        (("one", "two"), 2, "usage"),
        (("--frobnicate",), 2, "usage"),
    ],
)
def test_net_says_what_is_wrong(words: tuple[str, ...], status: int, told: str) -> None:
    result = run(ROOT / "scripts/net.sh", *words, cwd=ROOT)
    assert result.returncode == status
    assert told in only_error(result)


def test_net_without_any_network_says_so(tmp_path: Path) -> None:
    make_program(tmp_path / "ip", "exit 2")
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    result = run(ROOT / "scripts/net.sh", cwd=ROOT, env={"PATH": path})
    assert result.returncode == 1
    assert "no route to any network" in only_error(result)
