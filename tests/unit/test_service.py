"""What makes hub and agent start with the machine: units, tasks, secrets, and what is asked.

The files are real, in temporary folders. `systemctl` and `schtasks` are a few lines of shell at the
front of PATH that keep what they were asked; `systemd-analyze` checks units where it exists, and
one test runs a real systemd in namespaces of its own, where the machine lets it.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from convergecast.errors import InvalidInput
from scripts.service import CHECKOUT, main
from scripts.systemd import Systemd, Unit, command_of, environment_text, read_environment
from scripts.windows_task import Tasks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs asked are shell")

TOKEN = "a-token-of-the-hub-0123456789"
ADDRESS = "rtsp://user:p%40ss@192.168.1.20/stream"
HUB = ("--hub", "http://127.0.0.1:5000")
ODD_WORDS = ["a b", "50%", "%n", "$HOME", "${HOME}", 'say "no"', "it's", "back\\slash", "", "ä"]


class Machine:
    """A home, and programs that keep what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.home, self.programs = folder / "my home", folder / "programs"
        self.home.mkdir()
        self.programs.mkdir()
        self.environment: dict[str, str] = {"HOME": str(self.home)}
        self.manager: Systemd | Tasks = self.systemd()
        self.answers()

    @property
    def units(self) -> Path:
        return self.home / ".config/systemd/user"

    @property
    def secrets(self) -> Path:
        return self.home / ".config/convergecast"

    def systemd(self, owner: str | None = None, elsewhere: str = "elsewhere") -> Systemd:
        return Systemd(
            self.units, self.secrets, owner=owner, elsewhere=self.home / elsewhere, watch_s=0
        )

    def answers(self, state: str = "running", active: str = "active") -> None:
        body = f"""#!/bin/sh
echo "$*" >>"{self.programs}/asked"
case "$*" in
    *is-system-running*) echo {state} ;;
    *ActiveState*) echo ActiveState={active} ;;
esac
"""
        for name in ("systemctl", "schtasks"):
            (self.programs / name).write_text(body)
            (self.programs / name).chmod(0o755)

    def asked(self) -> list[str]:
        """Return what was asked since the last call."""
        path = self.programs / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> int:
        return main(words, self.manager, {**self.environment, **(environment or {})})

    def unit(self, name: str) -> str:
        return (self.units / f"convergecast-{name}.service").read_text()

    def options(self, name: str) -> list[str]:
        """Return what follows the program in a unit."""
        return command_of(self.unit(name))[4 if name == "hub" else 2 :]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{machine.programs}{os.pathsep}{os.environ['PATH']}")
    return machine


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- the unit's text ---------------------------------------------------------------------------


def make_unit(folder: Path, user: str | None, **more: object) -> Unit:
    program = folder / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    return Unit(
        description="ConvergeCast hub",
        command=[str(program), "-m", "convergecast", *ODD_WORDS],
        folder=folder,
        again="./install_linux.sh service hub",
        environment=folder / "hub.env",
        user=user,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("user", ["root", None])
def test_systemd_accepts_the_unit_whatever_the_folder_is_called(
    tmp_path: Path, user: str | None
) -> None:
    unit = make_unit(tmp_path / "50% of $HOME %n", user, groups=["video"], low_port=True)
    path = tmp_path / "convergecast-hub.service"
    path.write_text(unit.text())

    def verify() -> subprocess.CompletedProcess[str]:
        words = ["systemd-analyze", "verify", str(path)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    result = verify()
    assert (result.returncode, result.stderr) == (0, "")
    (unit.folder / "bin" / "python").unlink()  # so it was this path that systemd read
    assert f"{unit.folder}/bin/python is not executable" in verify().stderr


def test_the_command_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    unit = make_unit(tmp_path / "50% of $HOME", None)
    assert command_of(unit.text()) == unit.command
    assert command_of("[Service]\nType=exec\n") == []


@pytest.mark.parametrize("name", ["it's", 'a "b"', "back\\slash", "two\nlines"])
def test_a_path_that_systemd_does_not_take_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="systemd takes no"):
        make_unit(tmp_path / name, None).text()


def test_cameras_and_gpus_and_folders_stay_open(tmp_path: Path) -> None:
    text = make_unit(tmp_path / "a", "alice", groups=["video", "render"]).text()
    for closed in ("PrivateDevices", "DevicePolicy", "ProtectClock", "MemoryDenyWriteExecute"):
        assert closed not in text
    assert "ProtectHome" not in text
    assert "SupplementaryGroups=video render\n" in text
    assert "CapabilityBoundingSet=\n" in text
    assert "After=network-online.target\n" in text


def test_a_user_unit_asks_for_nothing_that_only_the_system_may(tmp_path: Path) -> None:
    text = make_unit(tmp_path / "a", None, groups=["video"], low_port=True).text()
    for word in ("User=", "Groups=", "Capabilit", "Protect", "network-online", "multi-user"):
        assert word not in text
    assert "WantedBy=default.target" in text


def test_a_gpu_driver_may_make_its_devices(tmp_path: Path) -> None:
    loader = "/usr/bin/nvidia-modprobe"
    system = make_unit(tmp_path / "a", "alice", loads_nvidia=loader).text()
    assert f"ExecStartPre=-+{loader} -u -c=0\n" in system
    assert "NoNewPrivileges" not in make_unit(tmp_path / "b", None, loads_nvidia=loader).text()


def test_variables_are_what_a_shell_reads(tmp_path: Path) -> None:
    variables = {"CONVERGECAST_ADMIN_TOKEN": "a\"b$c`d\\e'f %n #", "CONVERGECAST_MODELS": "/a b"}
    path = tmp_path / "hub.env"
    path.write_text(environment_text(variables))
    assert read_environment(path.read_text()) == variables
    for name, value in variables.items():
        script = f'. {shlex.quote(str(path))}; printf %s "${name}"'
        assert subprocess.check_output(["sh", "-c", script], text=True) == value
    with pytest.raises(InvalidInput):
        environment_text({"CONVERGECAST_MODELS": "two\nlines"})


# ---- systemd -----------------------------------------------------------------------------------


def test_an_agent_is_set_up_with_its_secrets_in_files(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("service", "agent", *HUB, "--name", "50% $HOME", "--source", ADDRESS)
    assert machine.run(*words, "--token", TOKEN) == 0
    unit = machine.unit("agent")
    assert command_of(unit)[:2] == [sys.executable, str(CHECKOUT / "agent" / "agent.py")]
    token, source = machine.secrets / "agent.token", machine.secrets / "agent.source"
    files = ["--token-file", str(token), "--source-file", str(source)]
    assert machine.options("agent") == [*HUB, "--name", "50% $HOME", *files]
    assert (token.read_text(), source.read_text()) == (f"{TOKEN}\n", f"{ADDRESS}\n")
    assert mode(token) == mode(source) == 0o600
    said = capsys.readouterr()
    for text in (unit, said.out, said.err, "\n".join(machine.asked())):
        assert TOKEN not in text
        assert "p%40ss" not in text and "p@ss" not in text
    assert "journalctl --user -u convergecast-agent.service" in said.out
    assert "sudo loginctl enable-linger" in said.out


def test_who_lingers_is_not_told_how_to(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.systemd._LINGERING", machine.home)
    (machine.home / getpass.getuser()).touch()
    assert machine.run("service", "hub") == 0
    out = capsys.readouterr().out
    assert "Its log, with the address of the page: journalctl --user -u convergecast-hub" in out
    assert "enable-linger" not in out


def test_systemctl_is_asked_to_start_it_now_and_always(machine: Machine) -> None:
    machine.run("service", "agent", *HUB)
    unit = "convergecast-agent.service"
    assert machine.asked() == [
        "--user is-system-running",
        "--user daemon-reload",
        f"--user enable {unit}",
        f"--user restart {unit}",
        f"--user show --property=ActiveState {unit}",
    ]


def test_options_stay_until_others_are_given_and_the_token_stays_then_too(
    machine: Machine, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    source = {"CONVERGECAST_SOURCE": ADDRESS}
    words = ("service", "agent", *HUB, "--fps", "5", "--token-file", str(token))
    assert machine.run(*words, environment=source) == 0
    first = machine.unit("agent")
    token.unlink()  # the service has its own copy
    assert machine.run("service", "agent") == 0
    assert machine.unit("agent") == first
    assert (machine.secrets / "agent.source").read_text() == f"{ADDRESS}\n"

    assert machine.run("service", "agent", *HUB, "--source", "0") == 0
    kept = str(machine.secrets / "agent.token")
    assert machine.options("agent") == [*HUB, "--source", "0", "--token-file", kept]
    assert not (machine.secrets / "agent.source").exists()
    assert Path(kept).read_text() == f"{TOKEN}\n"

    new = {"CONVERGECAST_AGENT_TOKEN": f"new-{TOKEN}"}
    assert machine.run("service", "agent", environment=new) == 0
    assert Path(kept).read_text() == f"new-{TOKEN}\n"
    assert machine.options("agent") == [*HUB, "--source", "0", "--token-file", kept]


def test_files_are_found_from_wherever_the_service_runs(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("film.mp4", "hub.toml"):
        (tmp_path / name).touch()
    machine.run("service", "agent", *HUB, "--source", "film.mp4")
    assert machine.options("agent") == [*HUB, "--source", str(tmp_path / "film.mp4")]
    machine.run("service", "hub", "--config", "hub.toml", "--data-dir=a 100% folder")
    assert machine.options("hub") == [
        *("--config", str(tmp_path / "hub.toml")),
        *("--data-dir", str(tmp_path / "a 100% folder")),
    ]


def test_two_cameras_of_a_machine_are_two_services(machine: Machine) -> None:
    machine.run("service", "agent", *HUB, "--source", "0")
    machine.run("service", "agent-gate", *HUB, "--source", "1")
    assert machine.options("agent")[-2:] == ["--source", "0"]
    assert machine.options("agent-gate")[-2:] == ["--source", "1"]


def test_the_hub_keeps_its_administrator_token_in_a_file(machine: Machine) -> None:
    admin = {"CONVERGECAST_ADMIN_TOKEN": TOKEN, "CONVERGECAST_MODELS": "/srv/models"}
    assert machine.run("service", "hub", "--port", "5010", environment=admin) == 0
    assert command_of(machine.unit("hub"))[:4] == [sys.executable, "-m", "convergecast", "serve"]
    path = machine.secrets / "hub.env"
    assert f"\nEnvironmentFile={path}\n" in machine.unit("hub")
    assert TOKEN not in machine.unit("hub")
    assert mode(path) == 0o600
    assert read_environment(path.read_text()) == admin
    assert machine.run("service", "hub") == 0  # an update, without the variables
    assert read_environment(path.read_text()) == admin
    assert machine.options("hub") == ["--port", "5010"]


def test_a_service_of_the_system_runs_as_the_owner(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = CHECKOUT.owner()
    machine.manager = machine.systemd(owner=owner)
    assert machine.run("service", "hub", "--port", "80", environment={}) == 0
    assert f"\nUser={owner}\n" in machine.unit("hub")
    assert "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" in machine.unit("hub")
    assert not any("--user" in words for words in machine.asked())
    out = capsys.readouterr().out
    assert f"runs as {owner}, now and when this machine starts" in out
    assert "enable-linger" not in out
    assert ("It runs as root" in out) == (owner == "root")


def test_the_folder_of_the_system_belongs_to_its_owner(tmp_path: Path) -> None:
    assert Systemd.of_system(tmp_path).owner == tmp_path.owner()
    assert Systemd.of_system(tmp_path).folder == Path("/etc/convergecast")


def test_a_user_has_them_where_xdg_says(tmp_path: Path) -> None:
    environment = {"HOME": "/nowhere", "XDG_CONFIG_HOME": str(tmp_path)}
    assert Systemd.of_user(environment).folder == tmp_path / "convergecast"


def test_the_same_service_is_not_set_up_twice(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    other = machine.home / "elsewhere/convergecast-hub.service"
    other.parent.mkdir()
    other.touch()
    assert machine.run("service", "hub") == 1
    assert f"{other} is there already: remove it first, as root" in capsys.readouterr().err
    assert not machine.units.exists()


@pytest.mark.parametrize("has_program", [True, False])
def test_without_systemd_nothing_is_changed(
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    has_program: bool,
) -> None:
    machine.answers(state="offline")
    if not has_program:
        monkeypatch.setenv("PATH", "/nowhere")
    assert machine.run("service", "agent", *HUB, "--token", TOKEN) == 1
    error = capsys.readouterr().err
    assert "systemd does not run here, so nothing was changed" in error
    assert "venv/bin/python agent/agent.py in this folder" in error
    assert error.count("\n") == 1
    assert not (machine.home / ".config").exists()


def test_a_service_that_ends_at_once_is_told(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.answers(active="activating")
    assert machine.run("service", "hub") == 1
    error = capsys.readouterr().err
    assert "convergecast-hub.service is set up, but it does not run" in error
    assert "journalctl --user -u convergecast-hub.service" in error


def test_removing_takes_unit_and_secrets_and_says_what_stays(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run("service", "agent", *HUB, "--token", TOKEN, "--source", ADDRESS)
    machine.run("service", "hub", environment={"CONVERGECAST_ADMIN_TOKEN": TOKEN})
    machine.asked()
    assert machine.run("remove-service", "agent") == 0
    assert "What stays" in capsys.readouterr().out
    assert machine.asked() == [
        "--user disable --now convergecast-agent.service",
        "--user daemon-reload",
    ]
    assert [path.name for path in machine.units.iterdir()] == ["convergecast-hub.service"]
    assert [path.name for path in machine.secrets.iterdir()] == ["hub.env"]
    assert machine.run("remove-service", "hub") == 0
    assert not machine.secrets.exists()
    assert machine.run("remove-service", "hub") == 0
    assert "There is no service hub." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told", "status"),
    [
        (("service", "agent", "--hub", "ftp://x"), "no address of a hub", 2),
        (("service", "agent"), "Give --hub", 2),
        (("service", "agent", *HUB, "--preview"), "for a terminal, not for a service", 1),
        (("service", "agent", *HUB, "--end-with-input"), "for a terminal, not for a service", 1),
        (("service", "agent", *HUB, "--pair-again"), "--pair-again is for one start", 1),
        (("service", "agent", *HUB, "--token-file", "/nowhere/token"), "/nowhere/token", 1),
        (("service", "hub", "--cameras", "2"), "there is no option --cameras", 2),
        (("service", "hub", "--config", "/nowhere.toml"), "/nowhere.toml", 1),
        (("service", "hub", "--host", "two\nlines"), "control characters", 1),
        (("service", "camera"), "hub, agent, or agent-NAME", 2),
        (("service", "agent-../x"), "hub, agent, or agent-NAME", 2),
        (("service",), "hub, agent, or agent-NAME", 2),
        (("remove-service", "hub", "--port", "1"), "takes no options", 2),
        (("frobnicate", "hub"), "service or remove-service", 2),
        ((), "service or remove-service", 2),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    told: str,
    status: int,
) -> None:
    try:
        found: int | str | None = machine.run(*words)
    except SystemExit as end:  # the parser's
        found = end.code
    assert found == status
    assert told in capsys.readouterr().err
    assert not (machine.home / ".config").exists()


# ---- Windows -----------------------------------------------------------------------------------


def test_a_task_starts_at_sign_in_and_again_after_a_failure(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"LOCALAPPDATA": str(machine.home), "USERDOMAIN": "PC", "USERNAME": "Ann & Bob"}
    machine.manager = Tasks(environment)
    name = ("--name", 'say "50%" & <go>')
    words = ("service", "agent", *HUB, *name, "--source", ADDRESS)
    assert machine.run(*words, "--token", TOKEN) == 0
    folder = machine.home / "convergecast-service"
    task = ElementTree.fromstring((folder / "agent.xml").read_bytes().decode("utf-16"))
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    def value(path: str) -> str:
        return task.findtext("/".join(f"t:{part}" for part in path.split("/")), "", space)

    assert value("Triggers/LogonTrigger/UserId") == "PC\\Ann & Bob"
    assert value("Settings/RestartOnFailure/Interval") == "PT1M"
    assert value("Settings/ExecutionTimeLimit") == "PT0S"
    assert value("Actions/Exec/Command") == sys.executable
    assert value("Actions/Exec/WorkingDirectory") == str(CHECKOUT)
    command = [str(CHECKOUT / "agent" / "agent.py"), *HUB, *name]
    command += ["--token-file", str(folder / "agent.token")]
    command += ["--source-file", str(folder / "agent.source")]
    assert value("Actions/Exec/Arguments") == subprocess.list2cmdline(command)
    assert (folder / "agent.token").read_text() == f"{TOKEN}\n"
    assert machine.asked() == [
        "/End /TN ConvergeCast agent",
        f"/Create /TN ConvergeCast agent /XML {folder / 'agent.xml'} /F",
        "/Run /TN ConvergeCast agent",
    ]
    first = (folder / "agent.xml").read_bytes()
    assert machine.run("service", "agent") == 0
    assert (folder / "agent.xml").read_bytes() == first
    machine.asked()

    assert machine.run("remove-service", "agent") == 0
    assert machine.asked()[-1] == "/Delete /TN ConvergeCast agent /F"
    assert not folder.exists()
    admin = {"CONVERGECAST_ADMIN_TOKEN": TOKEN}
    capsys.readouterr()
    assert machine.run("service", "hub", environment=admin) == 0
    assert "Make CONVERGECAST_ADMIN_TOKEN a variable of your account" in capsys.readouterr().out
    assert not any(TOKEN in path.read_text("latin-1") for path in folder.iterdir())


# ---- a real systemd ----------------------------------------------------------------------------

_NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "--mount-proc"]
_REAL = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/user && chmod 700 /run/user || exit 1
/lib/systemd/systemd --user >/dev/null 2>&1 &
wait_for() { for _ in $(seq 100); do if "$@"; then return; fi; sleep 0.1; done; echo "never: $*"; }
runs() { [ "$(systemctl --user is-system-running 2>/dev/null)" = running ]; }
pid() { systemctl --user show --property=MainPID --value convergecast-agent.service; }
again() { now=$(pid); [ "$now" != 0 ] && [ "$now" != "$first" ]; }
wait_for runs
"$@" || exit 1
first=$(pid)
tr '\\0' '\\n' <"/proc/$first/cmdline"
kill -9 "$first"
wait_for again
echo "restarts: $(systemctl --user show --property=NRestarts --value convergecast-agent.service)"
"""
_MAIN = """
import sys
from pathlib import Path
from scripts.service import main
from scripts.systemd import Systemd
config = Path(sys.argv[1])
folders = {"units": config / "systemd/user", "folder": config / "convergecast"}
manager = Systemd(**folders, owner=None, elsewhere=config, watch_s=0)
sys.exit(main(sys.argv[2:], manager))
"""


def _has_namespaces() -> bool:
    """Whether a systemd can be had, and the machine has none of its own to come in the way of."""
    if shutil.which("unshare") is None or not Path("/lib/systemd/systemd").exists():
        return False
    if Path("/run/systemd/system").exists():
        return False
    words = [*_NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/run"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _groups() -> set[Path]:
    """Return the control groups that a systemd makes at the top, which outlive its namespaces."""
    root = Path("/sys/fs/cgroup")
    names = ("app.slice", "init.scope", "session.slice", "background.slice")
    return {path for name in names for path in (*root.glob(name), *root.glob(f"*/{name}"))}


@pytest.fixture
def _groups_removed() -> Iterator[None]:
    before = _groups()
    yield
    for group in _groups() - before:
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):  # not empty: something lives there
                Path(folder).rmdir()


@pytest.mark.skipif(not _has_namespaces(), reason="no systemd, or no namespaces for one")
@pytest.mark.usefixtures("_groups_removed")
def test_a_real_systemd_runs_it_and_starts_it_again(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": "/run/user", "PYTHONPATH": str(CHECKOUT)}
    environment |= {"XDG_CONFIG_HOME": str(tmp_path), "CONVERGECAST_AGENT_STATE": str(tmp_path)}
    name = 'a "b" 50% %n $HOME \\x'
    words = ["service", "agent", "--hub", "http://127.0.0.1:1", "--name", name, "--token", TOKEN]
    script = ["sh", "-c", _REAL, "sh", sys.executable, "-c", _MAIN, str(tmp_path), *words]
    result = subprocess.run(
        [*_NAMESPACES, *script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    begin = lines.index(sys.executable)
    token = ["--token-file", str(tmp_path / "convergecast/agent.token")]
    agent = str(CHECKOUT / "agent" / "agent.py")
    source = ["--source", "0"]
    options = [agent, "--hub", "http://127.0.0.1:1", "--name", name, *source, *token]
    assert lines[begin + 1 : -1] == options, result.stdout
    assert lines[-1] == "restarts: 1"
