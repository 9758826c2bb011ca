"""Measures a GPU within five minutes, the most important figures first. Process: command.

It needs only Python, a folder of wheels and a folder of converted models. Every step is a process
and writes its figures into OUT/trial.jsonl at once; the steps' output goes to OUT/trial.log.
`scripts/gpu_trial.sh` calls this.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from convergecast import __version__
from convergecast.protocol.command_line import Parser, number
from scripts.gpu.lines import Lines
from scripts.gpu.runner import Step, Trial

ROOT = Path(__file__).resolve().parents[2]
BUDGET_S = 290.0
BEGINNING = "trial"
INSTALL = "install"

_LEAST_INSTALL_S = 5.0
# Name, module, arguments, and the seconds it needs to start.
_PLAN = (
    ("device", "device", (), 6.0),
    ("tests/gpu", "parity", (), 30.0),
    ("paths of centerface", "paths", ("centerface",), 10.0),
    ("paths of ssd-mobilenet-v2", "paths", ("ssd-mobilenet-v2",), 10.0),
    ("stages of centerface", "stages", ("centerface",), 10.0),
    ("stages of ssd-mobilenet-v2", "stages", ("ssd-mobilenet-v2",), 10.0),
    ("stages of dlib-resnet", "stages", ("dlib-resnet",), 10.0),
    ("search of centerface", "search", ("centerface",), 8.0),
    ("search of ssd-mobilenet-v2", "search", ("ssd-mobilenet-v2",), 8.0),
    ("search of dlib-resnet", "search", ("dlib-resnet",), 8.0),
    ("bare loop of centerface", "bare", ("centerface",), 6.0),
    ("bare loop of ssd-mobilenet-v2", "bare", ("ssd-mobilenet-v2",), 6.0),
    ("bare loop of dlib-resnet", "bare", ("dlib-resnet",), 6.0),
    ("engine", "cameras", (), 40.0),
    ("engine on the device path", "cameras", ("device",), 30.0),
)
STEPS = tuple(name for name, *_ in _PLAN)


def plan(lines: Path, *, no_gpu: bool, shortest: bool, only: Sequence[str]) -> list[Step]:
    """Return the steps in order; if `only` names some, only those."""
    chosen = [*(["--no-gpu"] if no_gpu else []), *(["--shortest"] if shortest else [])]
    return [
        Step(
            name=name,
            words=[
                *("-m", f"scripts.gpu.{module}", *arguments),
                *("--lines", str(lines), "--step", name, *chosen),
            ],
            least_s=least_s,
        )
        for name, module, arguments, least_s in _PLAN
        if name in (only or STEPS)
    ]


def main(words: Sequence[str] | None = None) -> int:
    """Run the trial; return 1 if a step failed."""
    arguments = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, _interrupted)
    out: Path = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    file, log = out / "trial.jsonl", out / "trial.log"
    for path in (file, log):
        path.write_bytes(b"")
    lines = Lines(file)
    wheels = sorted(arguments.wheels.resolve().glob("*.whl"))
    _begin(lines, arguments, wheels)
    with tempfile.TemporaryDirectory(prefix="convergecast-gpu-") as site:
        trial = Trial(
            lines=lines,
            log=log,
            folder=ROOT,
            environment=_environment(Path(site), arguments.models.resolve(), arguments.no_gpu),
            budget_s=arguments.budget_s,
        )
        steps = plan(
            file, no_gpu=arguments.no_gpu, shortest=arguments.shortest, only=arguments.only
        )
        if wheels:
            steps.insert(0, _install(wheels, Path(site)))
        done = trial.run(steps)
    print(file.read_text(encoding="utf-8").splitlines()[-1])
    print(f"The figures are in {file}, the log is {log}.")
    return 0 if done else 1


def _begin(lines: Lines, arguments: argparse.Namespace, wheels: Sequence[Path]) -> None:
    lines.write(
        BEGINNING,
        began=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        version=__version__,
        commit=_commit(),
        no_gpu=arguments.no_gpu,
        shortest=arguments.shortest,
        python=platform.python_version(),
        wheels=[wheel.name for wheel in wheels],
    )


def _commit() -> str | None:
    """Return git's name of this commit; None in a copy without history."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _install(wheels: Sequence[Path], site: Path) -> Step:
    """Return the step that unpacks the wheels where the other steps look first."""
    words = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    words += ["--no-index", "--no-deps", "--no-compile", "--no-cache-dir", "--target", str(site)]
    return Step(INSTALL, [*words, *map(str, wheels)], _LEAST_INSTALL_S)


def _environment(site: Path, models: Path, no_gpu: bool) -> dict[str, str]:
    """Return the environment of every step: wheels first, then this checkout and the rest."""
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if no_gpu else {}
    kept = os.environ.get("PYTHONPATH", "")
    libraries = _cuda_folders(sys.path)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(site), str(ROOT), kept))),
        "LD_LIBRARY_PATH": os.pathsep.join(
            filter(None, (*libraries, os.environ.get("LD_LIBRARY_PATH", "")))
        ),
        "CONVERGECAST_MODELS": str(models),
        "CONVERGECAST_TEST_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        **hidden,
    }


def _cuda_folders(places: Iterable[str]) -> list[str]:
    """Return the folders of the CUDA and cuDNN libraries that are installed as packages.

    ONNX Runtime itself finds only those that are unpacked beside it in the temporary folder.
    """
    return [str(path) for place in places for path in sorted(Path(place).glob("nvidia/*/lib"))]


def _interrupted(*_: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _parser() -> Parser:
    parser = Parser(prog="gpu_trial.sh", description=__doc__)
    parser.add_argument(
        "--wheels", type=_folder, required=True, metavar="DIR", help="packages; may be empty"
    )
    parser.add_argument(
        "--models", type=_folder, required=True, metavar="DIR", help="a whole model store"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "test-output" / "gpu",
        metavar="DIR",
        help="for trial.jsonl and trial.log, which are replaced; test-output/gpu without it",
    )
    parser.add_argument("--no-gpu", action="store_true", help="a dry run: everything on the CPU")
    parser.add_argument("--shortest", action="store_true", help="few pictures, few cameras")
    parser.add_argument(
        "--budget-s", type=number, default=BUDGET_S, metavar="S", help=f"{BUDGET_S:g} without it"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=STEPS,
        metavar="STEP",
        help=f"one of {', '.join(STEPS)}; may be given several times",
    )
    return parser


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return Path(text)


if __name__ == "__main__":
    sys.exit(main())
