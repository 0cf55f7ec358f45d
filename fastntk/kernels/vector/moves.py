"""Vector code that moves numbers: a register transpose, stores past the caches."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from fastntk.kernels.vector.ir import Emitter, n_of

__all__ = ["stream_square", "stream_vector", "transpose_square"]


def _transposed(emit: Emitter, rows: list[Any]) -> list[Any]:
    """Return the columns of a square of vectors, by log2 rounds of shuffles."""
    lanes = range(emit.lanes)
    step = 1
    while step < emit.lanes:
        n = emit.lanes
        low = [lane if not lane & step else n + lane - step for lane in lanes]
        high = [lane + step if not lane & step else n + lane for lane in lanes]
        for i in lanes:
            if not i & step:
                first, second = rows[i], rows[i + step]
                rows[i] = emit.shuffle(first, second, low)
                rows[i + step] = emit.shuffle(first, second, high)
        step *= 2
    return rows


@intrinsic
def transpose_square(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, a_stride, b, b_start, b_stride
):
    """Write the transpose of one square block, a vector wide, of flat arrays."""
    return _transpose_signature(a, b), _transpose_codegen(a, b, is_streamed=False)


@intrinsic
def stream_square(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, a_stride, b, b_start, b_stride
):
    """Do what `transpose_square` does, past the caches, to aligned addresses."""
    return _transpose_signature(a, b), _transpose_codegen(a, b, is_streamed=True)


def _transpose_signature(a: Any, b: Any) -> Any:
    n = types.intp
    return types.void(a, n, n, b, n, n)


def _transpose_codegen(a: Any, b: Any, *, is_streamed: bool) -> Any:
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        emit = Emitter(context, builder, a.dtype)
        source = emit.pointer(a, args[0], args[1])
        goal = emit.pointer(b, args[3], args[4])
        lanes, intp = range(emit.lanes), args[1].type
        rows = [emit.load(source, builder.mul(args[2], intp(i))) for i in lanes]
        put = emit.stream if is_streamed else emit.store
        for i, row in enumerate(_transposed(emit, rows)):
            put(row, goal, builder.mul(args[5], intp(i)))
        return context.get_dummy_value()

    return codegen


@intrinsic
def stream_vector(typingctx, a, a_start, b, b_start):  # type: ignore[no-untyped-def]
    """Copy one vector past the caches, to an aligned address."""
    n = types.intp
    signature = types.void(a, n, b, n)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        emit = Emitter(context, builder, a.dtype)
        zero = n_of(context, 0)
        value = emit.load(emit.pointer(a, args[0], args[1]), zero)
        emit.stream(value, emit.pointer(b, args[2], args[3]), zero)
        return context.get_dummy_value()

    return signature, codegen
