"""Inner loops written as LLVM vector code: product and distance.

LLVM's vectoriser does not keep a block of accumulators in registers, so these are
built by hand from the host's vector width. A product of ours instead of BLAS's, because
rows then come packed once (no packing per tile), blocks above the diagonal are left
out, and the rate does not depend on which CPU the BLAS takes the host for (a core of
AMD Zen 5, float64 GFLOP/s: ours 102, OpenBLAS 0.3.31 83 with its AVX-512 code and 54
with its Haswell code).

Block shapes: ``GROUP_ROWS`` rows of A by a panel of `panel_width` rows of B.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastntk._jit import JIT_ENABLED

__all__ = [
    "GROUP_ROWS",
    "TRANSPOSE_BYTES",
    "Emitter",
    "micro_distance",
    "micro_product",
    "n_of",
    "panel_width",
]


def _vector_bytes() -> int:
    """Return the bytes of the widest vector that the compiler may use."""
    features = llvm.get_host_cpu_features()
    names = {name for name, is_there in features.items() if is_there}
    if numba.config.CPU_FEATURES is not None:
        names = {f[1:] for f in numba.config.CPU_FEATURES.split(",") if f[:1] == "+"}
    if not JIT_ENABLED:
        return 16
    return 64 if "avx512f" in names else 32 if "avx2" in names else 16


_VECTOR_BYTES = _vector_bytes()
GROUP_ROWS = 8 if _VECTOR_BYTES == 64 else 4
TRANSPOSE_BYTES = _VECTOR_BYTES


def panel_width(dtype: np.dtype[Any]) -> int:
    """Return how many rows are packed together: two vectors, and at least eight."""
    return max(8, 2 * _VECTOR_BYTES // dtype.itemsize)


def _lanes(dtype: Any) -> int:
    return _VECTOR_BYTES * 8 // int(dtype.bitwidth)


class Emitter:
    """Builds vector code at the place of an intrinsic's call."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        ir = cgutils.ir
        self.ir, self.context, self.builder = ir, context, builder
        self.lanes = _lanes(dtype)
        self.n_vectors = panel_width(np.dtype(dtype.name)) // self.lanes
        self.element = context.get_value_type(dtype)
        self.vector = ir.VectorType(self.element, self.lanes)
        self.align = self.element.get_abi_size(context.target_data)
        self.i32 = ir.IntType(32)

    def pointer(self, array_type: Any, array: Any, start: Any) -> Any:
        """Return the address of an item of a flat array."""
        data = self.context.make_array(array_type)(self.context, self.builder, array)
        return self.builder.gep(data.data, [start])

    def load(self, pointer: Any, offset: Any) -> Any:
        """Load a vector."""
        item = self.builder.gep(pointer, [offset])
        value = self.builder.load(self.builder.bitcast(item, self.vector.as_pointer()))
        value.align = self.align
        return value

    def store(self, value: Any, pointer: Any, offset: Any) -> None:
        """Store a vector."""
        item = self.builder.gep(pointer, [offset])
        goal = self.builder.bitcast(item, self.vector.as_pointer())
        self.builder.store(value, goal).align = self.align

    def stream(self, value: Any, pointer: Any, offset: Any) -> None:
        """Store a vector at an aligned address, past the caches."""
        item = self.builder.gep(pointer, [offset])
        goal = self.builder.bitcast(item, self.vector.as_pointer())
        store = self.builder.store(value, goal)
        store.align = self.lanes * self.align
        module = self.builder.module
        store.set_metadata("nontemporal", module.add_metadata([self.i32(1)]))

    def broadcast(self, value: Any) -> Any:
        """Return a vector of equal items."""
        empty = self.ir.Constant(self.vector, self.ir.Undefined)
        first = self.builder.insert_element(empty, value, self.i32(0))
        mask = self.ir.Constant(self.ir.VectorType(self.i32, self.lanes), None)
        return self.builder.shuffle_vector(first, first, mask)

    def shuffle(self, a: Any, b: Any, picks: list[int]) -> Any:
        """Return the picked items of two vectors laid side by side."""
        mask_type = self.ir.VectorType(self.i32, self.lanes)
        return self.builder.shuffle_vector(a, b, self.ir.Constant(mask_type, picks))

    def smaller(self, a: Any, b: Any) -> Any:
        """Return the smaller item of each lane."""
        return self.builder.select(self.builder.fcmp_ordered("<", a, b), a, b)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """Return ``a b + c``, fused."""
        product = self.builder.fmul(a, b, flags=("contract",))
        return self.builder.fadd(c, product, flags=("contract",))


def _emit_block(
    emit: Emitter,
    pointers: list[Any],
    c_stride: Any,
    depth: Any,
    width: Any,
    is_first: Any,
    sign: Any,
) -> None:
    """Emit: load or clear the accumulators, loop over k, store them."""
    builder, intp = emit.builder, depth.type
    a, b, c = pointers
    n_vectors = emit.n_vectors
    cells = [(i, v) for i in range(GROUP_ROWS) for v in range(n_vectors)]

    def place(i: int, v: int) -> Any:
        return builder.add(builder.mul(c_stride, intp(i)), intp(v * emit.lanes))

    names = ("clear", "load", "product", "done")
    clear, load, loop, done = (builder.append_basic_block(name) for name in names)
    builder.cbranch(is_first, clear, load)
    builder.position_at_end(clear)
    zero = emit.ir.Constant(emit.vector, None)
    builder.branch(loop)
    builder.position_at_end(load)
    old = [emit.load(c, place(i, v)) for i, v in cells]
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(intp)
    sums = [builder.phi(emit.vector) for _ in cells]
    terms = _emit_terms(emit, a, b, builder.mul(k, width), sums, sign)
    after = builder.add(k, intp(1))
    _join(k, [(intp(0), clear), (intp(0), load), (after, loop)])
    for total, first, term in zip(sums, old, terms, strict=True):
        _join(total, [(zero, clear), (first, load), (term, loop)])
    builder.cbranch(builder.icmp_signed("<", after, depth), loop, done)
    builder.position_at_end(done)
    for (i, v), term in zip(cells, terms, strict=True):
        emit.store(term, c, place(i, v))


def _emit_terms(
    emit: Emitter, a: Any, b: Any, row: Any, sums: list[Any], sign: Any
) -> list[Any]:
    """Emit the sums after one more feature: of products, or of squared gaps."""
    builder, intp = emit.builder, row.type
    starts = [intp(v * emit.lanes) for v in range(emit.n_vectors)]
    ends = [emit.load(b, builder.add(row, start)) for start in starts]
    terms = []
    for i in range(GROUP_ROWS):
        item = builder.load(builder.gep(a, [builder.add(row, intp(i))]))
        many = emit.broadcast(item)
        for v, end in enumerate(ends):
            total = sums[i * emit.n_vectors + v]
            if sign is None:
                terms.append(emit.multiply_add(many, end, total))
            else:
                gap = emit.multiply_add(sign, end, many)
                terms.append(emit.multiply_add(gap, gap, total))
    return terms


def _join(phi: Any, incoming: list[tuple[Any, Any]]) -> None:
    for value, block in incoming:
        phi.add_incoming(value, block)


@intrinsic
def micro_product(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, b, b_start, c, c_start, c_stride, depth, width, is_first
):
    """Accumulate ``C += A B^T`` for one block.

    ``a[a_start + k width + i]`` and ``b[b_start + k width + j]`` for ``k < depth``;
    ``c[c_start + i c_stride + j]`` is overwritten if ``is_first``. Flat arrays, and
    ``width`` is `panel_width`.
    """
    n = types.intp
    signature = types.void(a, n, b, n, c, n, n, n, n, types.boolean)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        emit = Emitter(context, builder, a.dtype)
        starts = zip((a, b, c), args[0:6:2], args[1:6:2], strict=True)
        pointers = [emit.pointer(*item) for item in starts]
        c_stride, depth, width, is_first = args[6:]
        _emit_block(emit, pointers, c_stride, depth, width, is_first, None)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def micro_distance(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, b, b_start, c, depth, width, sign
):
    """Write ``sum_k (A_ik - sign B_jk)^2`` of one block to ``c[i width + j]``."""
    n = types.intp
    signature = types.void(a, n, b, n, c, n, n, a.dtype)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        emit = Emitter(context, builder, a.dtype)
        zero = n_of(context, 0)
        pointers = [
            emit.pointer(a, args[0], args[1]),
            emit.pointer(b, args[2], args[3]),
            emit.pointer(c, args[4], zero),
        ]
        depth, width, sign = args[5:]
        minus = emit.broadcast(builder.fneg(sign))
        _emit_block(emit, pointers, width, depth, width, cgutils.true_bit, minus)
        return context.get_dummy_value()

    return signature, codegen


def n_of(context: Any, value: int) -> Any:
    """Return an integer constant of the index type."""
    return context.get_constant(types.intp, value)
