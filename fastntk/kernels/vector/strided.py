"""The inner loop of a product whose sides are read where they lie, in vector code."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from fastntk.kernels.vector.ir import GROUP_ROWS, Emitter

__all__ = ["strided_product", "strided_product_half"]


def _emit(
    emit: Emitter,
    pointers: list[Any],
    strides: list[Any],
    depth: Any,
    is_first: Any,
    n_vectors: int,
) -> None:
    """Emit: clear the accumulators, loop over k, store or add them in float64."""
    builder, intp = emit.builder, depth.type
    wide = emit.ir.VectorType(emit.ir.DoubleType(), emit.lanes)
    a, b, c = pointers
    a_item, a_step, b_step, c_stride = strides
    items = [builder.mul(a_item, intp(i)) for i in range(GROUP_ROWS)]
    before = builder.block
    loop, done = (builder.append_basic_block(name) for name in ("product", "done"))
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(intp)
    cells = [(i, v) for i in range(GROUP_ROWS) for v in range(n_vectors)]
    sums = [builder.phi(emit.vector) for _ in cells]
    here, there = builder.mul(k, a_step), builder.mul(k, b_step)
    ends = [
        emit.load(b, builder.add(there, intp(v * emit.lanes))) for v in range(n_vectors)
    ]
    terms = []
    for i, item in enumerate(items):
        many = emit.broadcast(builder.load(builder.gep(a, [builder.add(here, item)])))
        for v, end in enumerate(ends):
            terms.append(emit.multiply_add(many, end, sums[i * n_vectors + v]))
    after = builder.add(k, intp(1))
    k.add_incoming(intp(0), before)
    k.add_incoming(after, loop)
    zero = emit.ir.Constant(emit.vector, None)
    for total, term in zip(sums, terms, strict=True):
        total.add_incoming(zero, before)
        total.add_incoming(term, loop)
    builder.cbranch(builder.icmp_signed("<", after, depth), loop, done)
    builder.position_at_end(done)
    for (i, v), term in zip(cells, terms, strict=True):
        place = builder.add(builder.mul(c_stride, intp(i)), intp(v * emit.lanes))
        goal = builder.bitcast(builder.gep(c, [place]), wide.as_pointer())
        value = term if emit.vector == wide else builder.fpext(term, wide)
        old = builder.load(goal, align=8)
        value = builder.select(is_first, value, builder.fadd(old, value))
        builder.store(value, goal, align=8)


def _signature(a: Any, b: Any, c: Any) -> Any:
    n = types.intp
    return types.void(a, n, n, n, b, n, n, c, n, n, n, types.boolean)


def _generate(context: Any, builder: Any, signature: Any, args: Any, part: int) -> None:
    emit = Emitter(context, builder, signature.args[0].dtype)
    pointers = [
        emit.pointer(signature.args[at], args[at], args[at + 1]) for at in (0, 4, 7)
    ]
    strides = [args[2], args[3], args[6], args[9]]
    _emit(emit, pointers, strides, args[10], args[11], emit.n_vectors // part)


@intrinsic
def strided_product(  # type: ignore[no-untyped-def]
    typingctx,
    a,
    a_start,
    a_item,
    a_step,
    b,
    b_start,
    b_step,
    c,
    c_start,
    c_stride,
    depth,
    is_first,
):
    """Accumulate ``C += sum_k A_ik B_kj`` for one block and ``k < depth``, at least 1.

    ``a[a_start + i a_item + k a_step]`` for ``GROUP_ROWS`` items, ``b[b_start + k
    b_step + j]`` for `panel_width` items, ``c[c_start + i c_stride + j]``, which is
    float64, and overwritten if ``is_first``. Flat arrays.
    """

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        _generate(context, builder, signature, args, 1)
        return context.get_dummy_value()

    return _signature(a, b, c), codegen


@intrinsic
def strided_product_half(  # type: ignore[no-untyped-def]
    typingctx,
    a,
    a_start,
    a_item,
    a_step,
    b,
    b_start,
    b_step,
    c,
    c_start,
    c_stride,
    depth,
    is_first,
):
    """Write the same for half as many items of B."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        _generate(context, builder, signature, args, 2)
        return context.get_dummy_value()

    return _signature(a, b, c), codegen
