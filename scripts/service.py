"""Makes the hub or an agent start with the machine, for the installers' words `service`.

    python -m scripts.service service        hub|agent|agent-NAME [options]
    python -m scripts.service remove-service hub|agent|agent-NAME

The options stand in the unit or task, and stay when none are given again. Secrets stand in files of
mode 0600: an agent's token and the address of its camera, a hub's administrator token.

Process: command.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError, SetupError
from convergecast.errors import ConvergeCastError
from scripts.systemd import Systemd, Unit, environment_text, read_environment
from scripts.windows_task import Tasks

CHECKOUT = Path(__file__).resolve().parents[1]

_VERBS = ("service", "remove-service")
_NAME = re.compile(r"hub|agent(-[a-z0-9]+)*")
_FOLDERS = ("CONVERGECAST_MODELS", "CONVERGECAST_AGENT_STATE")
_ADMIN_TOKEN = "CONVERGECAST_ADMIN_TOKEN"
_FIRST_FREE_PORT = 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a service is to run: the options without secrets, and the secrets; None keeps a file."""

    options: list[str]
    port: int | None
    token: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """The files of one service that only their owner can read."""

    folder: Path
    name: str
    owner: str | None

    def path(self, kind: str) -> Path:
        """Return the file of `token`, `source` or `env`."""
        return self.folder / f"{self.name}.{kind}"

    def read(self, kind: str) -> str:
        """Return a file's text; empty if there is none."""
        path = self.path(kind)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def write(self, kind: str, text: str) -> None:
        """Replace a file at once; an empty text removes it."""
        path = self.path(kind)
        if not text:
            path.unlink(missing_ok=True)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
        if self.owner is not None:
            shutil.chown(new, self.owner)
        new.replace(path)

    def write_all(self, texts: Mapping[str, str]) -> None:
        """Replace files; the others stay."""
        for kind, text in texts.items():
            self.write(kind, text)

    def remove(self) -> None:
        """Remove all files, and the folder when it is empty."""
        for kind in ("token", "source", "env"):
            self.path(kind).unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def main(
    arguments: Sequence[str],
    manager: Systemd | Tasks | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Do what the words say; return the exit status: 0 done, 1 failed, 2 wrong usage."""
    environment = os.environ if environment is None else environment
    verb, name, *options = [*arguments, "", ""]
    options = options[: len(arguments) - 2]
    wrong = _wrong(verb, name, options)
    if wrong:
        print(f"{_installer()}: {wrong}", file=sys.stderr)
        return 2
    try:
        manager = manager or _manager(environment)
        do = _remove if verb == "remove-service" else _install
        for line in do(manager, name, options, environment):
            print(line)
    except (ConvergeCastError, AgentError, OSError) as error:
        print(f"{_installer()}: {error}", file=sys.stderr)
        return 1
    return 0


def wanted(
    name: str, given: Sequence[str], kept: Sequence[str], environment: Mapping[str, str]
) -> Wanted:
    """Return what a service is to run with the options given now, or else those it had.

    Raises:
        AgentError, ConvergeCastError: they cannot be used. Wrong usage ends the process, status 2.
    """
    words = list(given or kept)
    return _wanted_hub(words) if name == "hub" else _wanted_agent(words, bool(given), environment)


def _wanted_hub(words: list[str]) -> Wanted:
    # The agent's set of packages has neither.
    from convergecast.cli import add_serve_options
    from convergecast.config import load_config
    from convergecast.protocol.command_line import Parser

    parser = Parser(prog="service hub")
    add_serve_options(parser)
    found = parser.parse_args(words)
    config = load_config(
        found.config, {name: getattr(found, name) for name in ("host", "port", "data_dir")}
    )
    files, rest = _taken(words, "--config", "--data-dir")
    return Wanted([*rest, *_absolute(files)], config.port)


def _wanted_agent(words: list[str], is_given: bool, environment: Mapping[str, str]) -> Wanted:
    # Loads what an agent needs, which remove-service does without.
    from agent.options import SOURCE_VARIABLE, TOKEN_VARIABLE, parse_options

    secrets, rest = _taken(words, "--token", "--token-file", "--source", "--source-file")
    if not is_given:  # the environment comes before what the service had
        for kind, variable in (("token", TOKEN_VARIABLE), ("source", SOURCE_VARIABLE)):
            if environment.get(variable, "").strip():
                secrets = {
                    name: text
                    for name, text in secrets.items()
                    if name not in (f"--{kind}", f"--{kind}-file")
                }
    options = parse_options([*rest, *_flat(secrets)], environment)
    if options.preview or options.end_with_input:
        raise SetupError("--preview and --end-with-input are for a terminal, not for a service")
    if options.pair_again:  # in a unit it would give the key up at every start
        raise SetupError(
            "--pair-again is for one start: stop the service, start the agent once in a terminal "
            "with the same --source and --pair-again, then start the service"
        )
    files, rest = _taken(rest, "--tls-ca")
    source = options.source
    if "://" in source:  # it may have a password anywhere
        return Wanted([*rest, *_absolute(files)], options.port, options.token, source)
    if Path(source).exists() and not source.isdigit() and source != "demo":
        source = str(Path(source).absolute())
    rest += ["--source", source, *_absolute(files)]
    return Wanted(rest, options.port, options.token, "")


def _install(
    manager: Systemd | Tasks, name: str, given: Sequence[str], environment: Mapping[str, str]
) -> list[str]:
    manager.check(name)
    program = _program(name)
    want = wanted(name, given, manager.kept(name)[len(program) :], environment)
    secrets = Secrets(manager.folder, name, manager.owner)
    secret = {"token": want.token, "source": want.source}
    new = {kind: text and f"{text}\n" for kind, text in secret.items() if text is not None}
    command = [*program, *want.options]
    for kind in ("token", "source"):
        if new.get(kind, secrets.read(kind)):
            command += [f"--{kind}-file", str(secrets.path(kind))]
    if isinstance(manager, Tasks):
        secrets.write_all(new)
        said = manager.install(name, command=command, checkout=CHECKOUT)
        if environment.get(_ADMIN_TOKEN):
            said.append(f"Make {_ADMIN_TOKEN} a variable of your account: a task has none.")
        return said
    variables = {**read_environment(secrets.read("env")), **_variables(name, environment)}
    new["env"] = environment_text(variables)
    unit = Unit(
        description=f"ConvergeCast {name}",
        command=command,
        folder=CHECKOUT,
        again=f"./install_linux.sh service {name}",
        environment=secrets.path("env") if variables else None,
        user=manager.owner,
        groups=manager.existing_groups(),
        low_port=want.port is not None and 0 < want.port < _FIRST_FREE_PORT,
        loads_nvidia=shutil.which("nvidia-modprobe") if name == "hub" else None,
    )
    unit.text()  # refused before a file is written
    secrets.write_all(new)
    return manager.install(unit, name)


def _remove(
    manager: Systemd | Tasks, name: str, _given: Sequence[str], _environment: Mapping[str, str]
) -> list[str]:
    was_there = manager.remove(name)
    Secrets(manager.folder, name, manager.owner).remove()
    if not was_there:
        return [f"There is no service {name}."]
    stays = "its identity" if name != "hub" else "the database and the models"
    return [f"The service {name} is removed. What stays: this folder, and {stays}."]


def _wrong(verb: str, name: str, options: Sequence[str]) -> str:
    """Return what is wrong with the words; empty if nothing is."""
    if verb not in _VERBS:
        return f'"{verb}" is not known: {" or ".join(_VERBS)}.'
    if not _NAME.fullmatch(name):
        return f'{verb} "{name}" is not known: hub, agent, or agent-NAME for a further camera.'
    if verb == "remove-service" and options:
        return f"{verb} {name} takes no options."
    return ""


def _manager(environment: Mapping[str, str]) -> Systemd | Tasks:
    if sys.platform == "win32":
        return Tasks(environment)
    return Systemd.of_system(CHECKOUT) if os.geteuid() == 0 else Systemd.of_user(environment)


def _program(name: str) -> list[str]:
    if name == "hub":
        return [sys.executable, "-m", "convergecast", "serve"]
    return [sys.executable, str(CHECKOUT / "agent" / "agent.py")]


def _variables(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a service needs as this command has them."""
    found = {
        variable: str(Path(environment[variable]).absolute())
        for variable in _FOLDERS
        if environment.get(variable)
    }
    if name == "hub" and environment.get(_ADMIN_TOKEN):
        found[_ADMIN_TOKEN] = environment[_ADMIN_TOKEN]
    return found


def _taken(words: Sequence[str], *names: str) -> tuple[dict[str, str], list[str]]:
    """Return the values of these options, and the words without them."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(name, dest=name)
    found, rest = parser.parse_known_args(words)
    return {name: text for name, text in vars(found).items() if text is not None}, rest


def _absolute(files: Mapping[str, str]) -> list[str]:
    return _flat({name: str(Path(text).absolute()) for name, text in files.items()})


def _flat(options: Mapping[str, str]) -> list[str]:
    return [word for option in options.items() for word in option]


def _installer() -> str:
    return "install_windows.bat" if sys.platform == "win32" else "install_linux.sh"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
