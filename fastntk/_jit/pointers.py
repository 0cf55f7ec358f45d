"""Pointers that are arrays when the JIT is off: strips, room on the stack, dtypes."""

from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

__all__ = ["like", "scratch", "strip"]


@intrinsic
def _advance(typingctx, pointer, offset):  # type: ignore[no-untyped-def]
    """Return ``pointer + offset`` (in items)."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), codegen


def strip(pointer: Any, offset: int, n: int) -> Any:
    """Return the contiguous 1-D view of ``n`` items from ``offset``."""
    return pointer[offset : offset + n]


@overload(strip, inline="always")
def _strip_overload(pointer, offset, n):  # type: ignore[no-untyped-def]
    def from_pointer(pointer, offset, n):  # type: ignore[no-untyped-def]
        return numba.carray(_advance(pointer, offset), n)

    def from_array(pointer, offset, n):  # type: ignore[no-untyped-def]
        return pointer[offset : offset + n]

    return from_pointer if isinstance(pointer, types.CPointer) else from_array


def scratch(x: Any, n: int) -> Any:
    """Return room for ``n`` (a constant) numbers of the dtype of the strip ``x``.

    On the stack of the compiled function: call it outside loops.
    """
    return np.empty(n, x.dtype)


@intrinsic
def _on_stack(typingctx, x, n):  # type: ignore[no-untyped-def]
    """Return a pointer to ``n`` items on the stack, ``n`` a literal integer."""
    if not isinstance(n, types.IntegerLiteral):
        return None

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = context.get_value_type(signature.args[0].dtype)
        size = context.get_constant(types.intp, n.literal_value)
        return cgutils.alloca_once(builder, kind, size=size)

    return types.CPointer(x.dtype)(x, n), codegen


@overload(scratch, inline="always", prefer_literal=True)
def _scratch_overload(x, n):  # type: ignore[no-untyped-def]
    if not isinstance(n, types.IntegerLiteral):
        return None
    return lambda x, n: numba.carray(_on_stack(x, n), n)


def like(x: Any, value: float) -> Any:
    """Return ``value`` in the dtype of ``x``, so that float32 stays float32."""
    return type(x)(value)


@overload(like, inline="always")
def _like_overload(x, value):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x, value: np.float32(value)
    return lambda x, value: np.float64(value)
