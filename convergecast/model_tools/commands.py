"""`python -m convergecast models`: `list`, `fetch`, `add`, `remove`. Process: command."""

from __future__ import annotations

import argparse
import sys

from convergecast.detection.faces.landmarks import compile_kernels
from convergecast.detection.precision import known_choice, measure_all
from convergecast.errors import ConvergeCastError, InvalidInput
from convergecast.model_store import store
from convergecast.model_store.catalog import RELEASES
from convergecast.model_store.lock import Progress
from convergecast.model_store.manifests import Manifest
from convergecast.model_tools.fetch import fetch
from convergecast.model_tools.releases import fetch_release
from convergecast.model_tools.user_models import add_model, configuration_line, remove_model

COLUMNS = ("task", "name", "precision", "size", "source", "licence", "sha256", "state")


def run_models(arguments: argparse.Namespace) -> int:
    """Run a parsed `models` command; return the exit status: 0 done, 1 failed, 130 interrupted."""
    try:
        _ACTIONS[arguments.action](arguments)
    except ConvergeCastError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted: run the command again to continue with missing files.\n")
        return 130
    return 0


def _list(_: argparse.Namespace) -> None:
    _say(models_table())


def _fetch(arguments: argparse.Namespace) -> None:
    if arguments.name:
        if arguments.commercial_safe is not None:
            option = (
                store.COMMERCIAL_SAFE if arguments.commercial_safe else store.NOT_COMMERCIAL_SAFE
            )
            raise InvalidInput(
                f"{option} is about the built-in models: leave it or {arguments.name} out."
            )
        _say_how_to_use(fetch_release(RELEASES[arguments.name], _say))
        return
    fetch(_say, commercial_safe=arguments.commercial_safe)
    prepare_machine(_say)


def prepare_machine(progress: Progress) -> None:
    """Compile kernels and measure models now, so that the first use need not wait for it."""
    progress("Landmarks: compiling for this processor…")
    if not compile_kernels():
        progress("Landmarks: numba does not work here, so NumPy is used, which is slower")
    measure_all(progress)


def _add(arguments: argparse.Namespace) -> None:
    manifest = add_model(
        arguments.path, arguments.task, _say, name=arguments.name, licence=arguments.licence
    )
    _say_how_to_use(manifest)


def _say_how_to_use(manifest: Manifest) -> None:
    _say(f"To use it, put this line into the hub's configuration: {configuration_line(manifest)}")


def _remove(arguments: argparse.Namespace) -> None:
    manifest = remove_model(arguments.name, _say)
    _say(
        f"{manifest.name}: removed. If the hub's configuration has the line "
        f"{configuration_line(manifest)}, delete it."
    )


def models_table() -> str:
    """Return the table of `models list`: a line per model and per demonstration picture."""
    rows = [COLUMNS, *(_model_row(state) for state in store.list_models())]
    rows += [
        ("demo", picture.path.name, "", "", "scikit-image", picture.licence, "", picture.state)
        for picture in store.list_pictures()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def _model_row(model: store.ModelState) -> tuple[str, ...]:
    size = "" if model.size is None else f"{model.size / 1e6:.1f} MB"
    sha256 = (model.sha256 or "")[:8]
    origin = (model.source, model.licence, sha256)
    return model.task, model.name, model.precision, size, *origin, model.state + _choice(model)


def _choice(model: store.ModelState) -> str:
    choice = None if model.added else known_choice(model.name)
    return ", chosen here" if choice and choice[0] == model.precision else ""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


_ACTIONS = {"list": _list, "fetch": _fetch, "add": _add, "remove": _remove}
