"""Loads numba's kernels, even if numba's cache on the disk is damaged.

The engine calls it. `models fetch` and `doctor` call it too, to compile beforehand.

Process: engine, command.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

log = logging.getLogger(__name__)


def load_kernels(
    module: str, title: str, compile_all: Callable[[ModuleType], None]
) -> ModuleType | None:
    """Return a module of compiled kernels. If numba does not work, log it and return None.

    Args:
        module: the full name of the module.
        title: what the kernels compute, in the plural, for people.
        compile_all: calls every kernel with the types for which it has to be compiled.
    """
    try:
        kernels = importlib.import_module(module)
        try:
            compile_all(kernels)
        except Exception:  # noqa: BLE001 - numba unpickles its cache: a damaged file raises anything
            _do_without_cache(kernels)
            compile_all(kernels)
    except Exception as problem:  # noqa: BLE001 - a compiler may raise anything; NumPy still works
        log.warning("%s are slower, because numba does not work: %s", title, problem)
        return None
    return kernels


def _do_without_cache(kernels: ModuleType) -> None:
    """Replace kernels by kernels without a cache, and remove their cached files."""
    from numba import extending, njit  # a broken numba fails here: then NumPy is used

    for name, kernel in list(vars(kernels).items()):
        if extending.is_jitted(kernel):
            _forget(kernel)
            setattr(kernels, name, njit(nogil=True)(kernel.py_func))


def _forget(kernel: object) -> None:
    folder, function = kernel.stats.cache_path, kernel.py_func  # type: ignore[attr-defined]
    if folder is None:
        return
    stem = Path(function.__code__.co_filename).stem
    for index in Path(folder).glob(f"{stem}.{function.__name__}-*.nbi"):
        with suppress(OSError):
            index.unlink()
