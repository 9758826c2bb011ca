"""Compiles kernels with numba, once per machine, and gives them prefetching and raw pointers.

Only kernels import this module.

Process: engine, command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Kernel = TypeVar("Kernel", bound=Callable[..., object])

_READ, _KEEP_IN_L2, _DATA = 0, 2, 1
"""Arguments of llvm.prefetch (llvm.org/docs/LangRef.html)."""


def jit(function: Kernel) -> Kernel:
    """Return a function that is compiled at its first call and runs without the GIL.

    The compiled code is kept next to the module, or in the user's cache folder if that place cannot
    be written. Sums keep their order and nothing is fused, so results equal NumPy's bit for bit.

    A kernel may use constants of its own module only. numba compiles it again when that file
    changes, but not when another file does.
    """
    try:
        return cast(Kernel, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:
        # Neither folder can be written, so every process compiles again.
        return cast(Kernel, numba.njit(nogil=True)(function))


def _make_bytes_at(_context: Any, address: Any) -> Any:
    del address
    pointer: Any = types.CPointer

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return pointer(types.uint8)(types.uintp), generate


def _make_prefetch(_context: Any, address: Any) -> Any:
    del address

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch.p0", (), kind)
        options = [ir.Constant(number, value) for value in (_READ, _KEEP_IN_L2, _DATA)]
        builder.call(function, [builder.inttoptr(arguments[0], pointer), *options])
        return context.get_dummy_value()

    return types.void(types.uintp), generate


bytes_at: Any = intrinsic(_make_bytes_at)
"""In a kernel: a pointer to the uint8 at an address, for `numba.carray`."""
prefetch: Any = intrinsic(_make_prefetch)
"""In a kernel: fetch the cache line at an address from memory. The address need not be valid."""
