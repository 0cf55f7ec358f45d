"""The product's inner loop, written as LLVM vector code.

LLVM's vectoriser does not keep a block of accumulators in registers, so this one loop
is built by hand: ``C[8, width] += A[:, 8] . B[:, width]`` with ``width`` a few vectors.
It needs nothing but the host's vector width. BLAS libraries that do not know a new CPU
fall back to narrower vectors (OpenBLAS 0.3.31 runs AVX2 code on AVX-512 Zen 5), which
is half the rate.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastntk._jit import JIT_ENABLED

__all__ = ["GROUP_ROWS", "micro_product", "panel_width", "vector_bytes"]

GROUP_ROWS = 8  # rows of A that one call settles
PANEL_VECTORS = 2  # vectors of B beside each other


def vector_bytes() -> int:
    """Return the bytes of the widest vector of the host; 0 if that is not known."""
    if not JIT_ENABLED:
        return 0
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64
    return 32 if features.get("avx2") and features.get("fma") else 0


_VECTOR_BYTES = vector_bytes()


def panel_width(dtype: np.dtype[Any]) -> int:
    """Return the rows of X that are packed together; 1 means BLAS and plain rows."""
    return max(1, PANEL_VECTORS * _VECTOR_BYTES // dtype.itemsize)


@intrinsic
def micro_product(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, b, b_start, c, c_start, c_stride, depth, width, is_first
):
    """Accumulate one block of C: see the module's docstring.

    ``a[a_start + k width + i]`` and ``b[b_start + k width + j]`` for ``k < depth``;
    ``c[c_start + i c_stride + j]`` is overwritten if ``is_first``. Flat arrays.
    """
    i8 = types.intp
    signature = types.void(a, i8, b, i8, c, i8, i8, i8, i8, types.boolean)
    lanes = _VECTOR_BYTES * 8 // a.dtype.bitwidth

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        pointers = [
            builder.gep(context.make_array(t)(context, builder, array).data, [start])
            for t, array, start in zip((a, b, c), args[0:6:2], args[1:6:2], strict=True)
        ]
        _emit_block(context, builder, a.dtype, lanes, pointers, args[6:])
        return context.get_dummy_value()

    return signature, codegen


def _emit_block(context, builder, scalar, lanes, pointers, args):  # type: ignore[no-untyped-def]
    """Emit: load or clear the accumulators, loop over k, store them."""
    ir = cgutils.ir
    element = context.get_value_type(scalar)
    vector = ir.VectorType(element, lanes)
    a, b, c = pointers
    c_stride, depth, width, is_first = args
    intp = c_stride.type
    cells = [(i, v) for i in range(GROUP_ROWS) for v in range(PANEL_VECTORS)]

    def cell(i: int, v: int) -> Any:
        offset = builder.mul(c_stride, intp(i))
        item = builder.gep(c, [builder.add(offset, intp(v * lanes))])
        return builder.bitcast(item, vector.as_pointer())

    clear = builder.append_basic_block("clear")
    load = builder.append_basic_block("load")
    loop = builder.append_basic_block("product")
    done = builder.append_basic_block("done")
    align = element.get_abi_size(context.target_data)
    builder.cbranch(is_first, clear, load)
    builder.position_at_end(clear)
    zero = ir.Constant(vector, None)
    builder.branch(loop)
    builder.position_at_end(load)
    old = []
    for i, v in cells:
        value = builder.load(cell(i, v))
        value.align = align
        old.append(value)
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(intp)
    accumulators = [builder.phi(vector) for _ in cells]
    for block, first in ((clear, [zero] * len(cells)), (load, old)):
        k.add_incoming(intp(0), block)
        for phi, value in zip(accumulators, first, strict=True):
            phi.add_incoming(value, block)
    row = builder.mul(k, width)
    left = []
    for v in range(PANEL_VECTORS):
        item = builder.gep(b, [builder.add(row, intp(v * lanes))])
        value = builder.load(builder.bitcast(item, vector.as_pointer()))
        value.align = align
        left.append(value)
    new = []
    for i in range(GROUP_ROWS):
        one = builder.load(builder.gep(a, [builder.add(row, intp(i))]))
        many = builder.insert_element(ir.Constant(vector, ir.Undefined), one, ir.IntType(32)(0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
        many = builder.shuffle_vector(many, many, mask)
        for v in range(PANEL_VECTORS):
            term = builder.fmul(many, left[v], flags=("contract",))
            old_value = accumulators[i * PANEL_VECTORS + v]
            new.append(builder.fadd(old_value, term, flags=("contract",)))
    after = builder.add(k, intp(1))
    k.add_incoming(after, loop)
    for phi, value in zip(accumulators, new, strict=True):
        phi.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", after, depth), loop, done)
    builder.position_at_end(done)
    for (i, v), value in zip(cells, new, strict=True):
        store = builder.store(value, cell(i, v))
        store.align = align
