"""Gets numba's kernels ready, whatever became of what it keeps on the disk.

Runs in the engine, and in `models fetch` and `doctor`, which compile beforehand.

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
    """Return a module of kernels, all compiled; None, said in the log, where numba does not work.

    Args:
        module: its full name.
        title: what they compute, in the plural, for people.
        compile_all: calls every kernel with the types that it is to be compiled for.
    """
    try:
        kernels = importlib.import_module(module)
        try:
            compile_all(kernels)
        except Exception:  # noqa: BLE001 - a damaged file is unpickled: anything may be raised
            _do_without_cache(kernels)
            compile_all(kernels)
    except Exception as problem:  # noqa: BLE001 - numba is a compiler: whatever fails, NumPy works
        log.warning("%s are slower than they could be, numba does not work: %s", title, problem)
        return None
    return kernels


def _do_without_cache(kernels: ModuleType) -> None:
    """Replace kernels by ones that keep nothing, and remove what numba kept of them."""
    from numba import extending, njit  # may be what does not work: then NumPy does it

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
