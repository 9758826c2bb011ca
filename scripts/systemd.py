"""The systemd unit that runs a part of ConvergeCast: its text, and what is asked of `systemctl`.

systemd has quoting of its own: `systemd.syntax(7)` and `systemd.service(5)`. `%` begins a specifier
everywhere. Words of a command stand in double quotes with backslashes; other values stand as they
are to the end of the line. A colon before the command switches the expansion of `$` off.

Process: command.
"""

from __future__ import annotations

import getpass
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convergecast.errors import Conflict, InvalidInput, Unavailable

if sys.platform != "win32":
    import grp

_SYSTEM_UNITS = Path("/etc/systemd/system")
_LINGERING = Path("/var/lib/systemd/linger")
_RUNNING = ("initializing", "starting", "running", "degraded", "maintenance", "stopping")
_GROUPS = ("video", "render")
_LOOK_EVERY_S = 0.25

# What neither cameras (/dev/video*) nor GPUs nor code that is compiled at run time (numba, CUDA)
# needs. Left out for them: PrivateDevices, DevicePolicy, MemoryDenyWriteExecute, and ProtectClock,
# which closes all devices but clocks. A data folder may be anywhere: homes and /srv stay writable.
_SECCOMP = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
"""
# The manager of one user has no right to these.
_OF_THE_SYSTEM = """\
ProtectSystem=full
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service.

    Attributes:
        command: the program, as a full path, and its options.
        again: the command that writes this unit again.
        environment: a file of variables, mode 0600; None: there are none.
        user: whom a unit of the system runs as; None: a unit of the user who writes it.
        groups: further groups of `user`, which open cameras and GPUs.
        low_port: whether it listens on a port below 1024.
        loads_nvidia: a program that creates the device files of an NVIDIA GPU; None: there is none.
    """

    description: str
    command: Sequence[str]
    folder: Path
    again: str
    environment: Path | None = None
    user: str | None = None
    groups: Sequence[str] = ()
    low_port: bool = False
    loads_nvidia: str | None = None

    def text(self) -> str:
        """Return the whole file. Raises InvalidInput for a path that systemd does not take."""
        unit, service = [f"Description={_plain(self.description)}"], ["Type=exec"]
        if self.user is not None:
            unit += ["Wants=network-online.target", "After=network-online.target"]
            service.append(f"User={_plain(self.user)}")
        if self.user is not None and self.groups:
            service.append(f"SupplementaryGroups={' '.join(self.groups)}")
        service.append(f"WorkingDirectory={_path(self.folder)}")
        if self.environment is not None:
            service.append(f"EnvironmentFile={_path(self.environment)}")
        if self.user is not None and self.loads_nvidia:
            service.append(f"ExecStartPre=-+{self.loads_nvidia} -u -c=0")
        program, *options = self.command
        _path(Path(program))
        words = " ".join(_word(word) for word in (f":{program}", *options))
        service += [
            f"ExecStart={words}",
            "Restart=on-failure",
            "RestartSec=5",
            "RestartPreventExitStatus=2",
            "TimeoutStopSec=20",
            "KillMode=mixed",
            "OOMPolicy=continue",
            "UMask=0077",
        ]
        wanted_by = "default.target" if self.user is None else "multi-user.target"
        return (
            f"# Written by {_plain(self.again)}, which keeps the options below.\n"
            f"[Unit]\n{_lines(unit)}StartLimitIntervalSec=0\n\n"
            f"[Service]\n{_lines(service)}{self._hardening()}\n"
            f"[Install]\nWantedBy={wanted_by}\n"
        )

    def _hardening(self) -> str:
        if self.user is not None:
            rights = "CAP_NET_BIND_SERVICE" if self.low_port else ""
            ambient = f"AmbientCapabilities={rights}\n" if rights else ""
            return f"{_SECCOMP}{_OF_THE_SYSTEM}CapabilityBoundingSet={rights}\n{ambient}"
        # Without new privileges CUDA could not have the driver make its devices after a start.
        return "" if self.loads_nvidia else _SECCOMP


class Systemd:
    """The manager of the system's services, or of one user's.

    Attributes:
        folder: where the secrets of services belong.
        owner: whom services of the system run as; None: this is one user's manager.
    """

    def __init__(
        self, units: Path, folder: Path, *, owner: str | None, elsewhere: Path, watch_s: float = 4.0
    ) -> None:
        """Nothing is asked yet.

        Args:
            units: the folder of unit files.
            elsewhere: the folder of the other manager's: the same service must not be in both.
            watch_s: for how long a service is watched after its start.
        """
        self.folder, self.owner = folder, owner
        self._units, self._elsewhere, self._watch_s = units, elsewhere, watch_s

    @classmethod
    def of_system(cls, checkout: Path) -> Systemd:
        """Return the system's; services run as the owner of the checkout. Raises InvalidInput."""
        try:
            owner = checkout.owner()
        except KeyError as error:
            raise InvalidInput(
                f"{checkout} belongs to no user of this machine: chown -R USER gives it to one"
            ) from error
        home = Path(f"~{owner}").expanduser()
        folder = Path("/etc/convergecast")
        return cls(_SYSTEM_UNITS, folder, owner=owner, elsewhere=home / ".config/systemd/user")

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> Systemd:
        """Return this user's."""
        home = environment.get("HOME") or str(Path.home())
        config = Path(environment.get("XDG_CONFIG_HOME") or f"{home}/.config")
        return cls(
            config / "systemd/user", config / "convergecast", owner=None, elsewhere=_SYSTEM_UNITS
        )

    def check(self, name: str) -> None:
        """Raise Unavailable unless this manager runs, and Conflict where the other has `name`."""
        if self._state() not in _RUNNING:
            if self.owner is None and self._state(of_user=False) in _RUNNING:
                raise Unavailable(
                    "systemd does not run for you in this session: sign in on the machine itself, "
                    "or by ssh instead of by su, or run this command as root"
                )
            program = "agent/agent.py" if name != "hub" else "-m convergecast serve"
            instead = f"venv/bin/python {program} in this folder, with the same options"
            raise Unavailable(
                "systemd does not run here, so nothing was changed: have what starts this "
                f"machine's programs run {instead}"
            )
        other = self._elsewhere / unit_name(name)
        if other.exists():
            who = "root" if self.owner is None else self.owner
            raise Conflict(
                f"{other} is there already: remove it first, as {who}, with "
                f"./install_linux.sh remove-service {name}"
            )

    def kept(self, name: str) -> list[str]:
        """Return program and options of the service; empty if there is none."""
        path = self._units / unit_name(name)
        return command_of(path.read_text(encoding="utf-8")) if path.exists() else []

    def install(self, unit: Unit, name: str) -> list[str]:
        """Write the unit, start it now and with the machine, and return what a person should know.

        Raises:
            InvalidInput: systemd cannot take one of its paths or words.
            Unavailable: systemd refuses it.
        """
        text = unit.text()
        self._units.mkdir(parents=True, exist_ok=True)
        (self._units / unit_name(name)).write_text(text, encoding="utf-8")
        for words in (
            ("daemon-reload",),
            ("enable", unit_name(name)),
            ("restart", unit_name(name)),
        ):
            self._do(*words)
        log = f"journalctl {'--user ' if self.owner is None else ''}-u {unit_name(name)}"
        if not self._stays(name):
            raise Unavailable(f"{unit_name(name)} is set up, but it does not run. Why: {log}")
        holds = ", with the address of the page" if name == "hub" else ""
        said = [f"{unit_name(name)} runs{self._as_whom()}. Its log{holds}: {log}"]
        if self.owner == "root":
            said.append(
                "It runs as root, who owns this folder. chown -R USER and the same command again "
                "give it fewer rights."
            )
        if self.owner is None and not (_LINGERING / getpass.getuser()).exists():
            said.append(
                "It runs while you are signed in. This starts it with the machine: "
                f"sudo loginctl enable-linger {getpass.getuser()}"
            )
        return said

    def remove(self, name: str) -> bool:
        """Stop the service and remove its unit; return False if there is none."""
        path = self._units / unit_name(name)
        if not path.exists():
            return False
        self._do("disable", "--now", unit_name(name))
        path.unlink()
        self._do("daemon-reload")
        return True

    def existing_groups(self) -> list[str]:
        """Return the groups that open cameras and GPUs; systemd refuses one that does not exist."""
        return [group for group in _GROUPS if _has_group(group)]

    def _as_whom(self) -> str:
        return "" if self.owner is None else f" as {self.owner}, now and when this machine starts"

    def _stays(self, name: str) -> bool:
        until_s = time.monotonic() + self._watch_s
        while True:
            asked = self._run("show", "--property=ActiveState", unit_name(name))
            if asked.stdout.strip() != "ActiveState=active":
                return False
            if time.monotonic() >= until_s:
                return True
            time.sleep(_LOOK_EVERY_S)

    def _state(self, *, of_user: bool = True) -> str:
        return self._run("is-system-running", of_user=of_user).stdout.strip()

    def _do(self, *words: str) -> None:
        result = self._run(*words)
        if result.returncode:
            lines = result.stderr.strip().splitlines() or [f"status {result.returncode}"]
            raise Unavailable(f"systemctl {' '.join(words)} failed: {lines[-1]}")

    def _run(self, *words: str, of_user: bool = True) -> subprocess.CompletedProcess[str]:
        program = shutil.which("systemctl")
        if program is None:
            return subprocess.CompletedProcess([], 127, "", "there is no systemctl")
        scope = ["--user"] if self.owner is None and of_user else []
        return subprocess.run(
            [program, *scope, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def unit_name(name: str) -> str:
    """Return the unit of a service, such as `agent`."""
    return f"convergecast-{name}.service"


def command_of(text: str) -> list[str]:
    """Return the program and the options that a unit's `ExecStart` names; empty if it has none."""
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "ExecStart":
            words = [word.replace("%%", "%") for word in shlex.split(value)]
            return [words[0].removeprefix(":"), *words[1:]] if words else []
    return []


def environment_text(variables: dict[str, str]) -> str:
    """Return the file of variables; raises InvalidInput for one that is no single line."""
    return "".join(f"{name}={_quoted(value, '$`')}\n" for name, value in variables.items())


def read_environment(text: str) -> dict[str, str]:
    """Return the variables of a file that `environment_text` made."""
    pairs = [line.partition("=") for line in text.splitlines() if "=" in line]
    return {name: _unquoted(value) for name, _, value in pairs}


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _word(word: str) -> str:
    return _quoted(word).replace("%", "%%")


def _quoted(text: str, special: str = "") -> str:
    _plain(text)
    for letter in f'\\"{special}':
        text = text.replace(letter, f"\\{letter}")
    return f'"{text}"'


def _unquoted(text: str) -> str:
    letters = iter(text[1:-1])
    return "".join(next(letters, "") if letter == "\\" else letter for letter in letters)


def _path(path: Path) -> str:
    """Return a path as it stands unquoted; the same rules hold for a program's path in quotes."""
    text = _plain(str(path))
    if any(letter in text for letter in "\"'\\") or text != text.strip():
        raise InvalidInput(
            f"systemd takes no path with a quotation mark or a backslash in it: rename {text}"
        )
    return text.replace("%", "%%")


def _plain(text: str) -> str:
    if not text.isprintable():
        raise InvalidInput(f"systemd takes no control characters: {text!r}")
    return text


def _has_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
