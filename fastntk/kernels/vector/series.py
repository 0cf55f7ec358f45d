"""The inner loops of Hermite series as LLVM vector code.

Their running sums stay in registers, over all terms, where LLVM's vectoriser would read
and write them once per term. With ``c_k`` the items of a row table at the columns,
``r_k`` that of the row, ``w_k = r_k c_k`` and ``z = |rho|``:

- `hermite_values` sums ``w_k rho^k`` and ``k w_k rho^(k-1)``;
- `hermite_sums`, which keeps the angle of nearly parallel rows: ``(r_k - c_k)^2``;
  ``w_k`` of odd k; ``w_k`` of even k; ``t_k z^(k-1)`` of ``k >= 1`` with ``t_k =
  sum_(j >= k) w_j``, where even terms count negative if ``rho < 0``; and ``k w_k
  rho^(k-1)``.
"""

from __future__ import annotations

import functools
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastntk.kernels.vector.ir import Emitter, n_of

__all__ = ["hermite_sums", "hermite_values", "least_size"]

APART, ODD, EVEN, MOVE, SLOPE, TOTAL = range(6)  # of hermite_sums
VALUE, STEEPNESS = range(2)  # of hermite_values


@intrinsic
def hermite_sums(  # type: ignore[no-untyped-def]
    typingctx,
    x,
    x_start,
    rows,
    row_start,
    row_stride,
    cols,
    col_start,
    col_stride,
    n_terms,
    out,
    out_start,
    out_stride,
):
    """Sum a series of one row with a panel's width of columns.

    ``x[x_start:]`` are complements, ``rows[row_start + k row_stride]`` and
    ``cols[col_start + k col_stride + j]`` the tables, ``n_terms`` is even; the sums go
    to ``out[out_start + m out_stride + j]``.
    """
    return _signature(x, rows, cols, out), _codegen(_NearLoop, (x, rows, cols, out))


@intrinsic
def hermite_values(  # type: ignore[no-untyped-def]
    typingctx,
    x,
    x_start,
    rows,
    row_start,
    row_stride,
    cols,
    col_start,
    col_stride,
    n_terms,
    out,
    out_start,
    out_stride,
):
    """Sum a series as `hermite_sums` does, for rows that are not nearly parallel."""
    return _signature(x, rows, cols, out), _codegen(_FarLoop, (x, rows, cols, out))


@intrinsic
def least_size(typingctx, x, x_start):  # type: ignore[no-untyped-def]
    """Return the smallest magnitude in a panel's width of items."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        emit = Emitter(context, builder, x.dtype)
        start = emit.pointer(x, args[0], args[1])
        lanes = [args[1].type(v * emit.lanes) for v in range(emit.n_vectors)]
        name = f"llvm.fabs.v{emit.lanes}f{x.dtype.bitwidth}"
        kind = emit.ir.FunctionType(emit.vector, [emit.vector])
        size = cgutils.get_or_insert_function(builder.module, kind, name)
        parts = [builder.call(size, [emit.load(start, lane)]) for lane in lanes]
        least = functools.reduce(emit.smaller, parts)
        step = emit.lanes // 2
        while step:
            picks = [(lane + step) % emit.lanes for lane in range(emit.lanes)]
            least = emit.smaller(least, emit.shuffle(least, least, picks))
            step //= 2
        return builder.extract_element(least, emit.i32(0))

    return x.dtype(x, types.intp), codegen


def _signature(x: Any, rows: Any, cols: Any, out: Any) -> Any:
    n = types.intp
    return types.void(x, n, rows, n, n, cols, n, n, n, out, n, n)


def _codegen(loop: Any, kinds: tuple[Any, ...]) -> Any:
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        loop(context, builder, kinds, args).emit()
        return context.get_dummy_value()

    return codegen


class _Loop:
    """Emits the loop over pairs of terms, from the highest degrees down."""

    n_sums: int
    n_kept: int

    def __init__(self, context: Any, builder: Any, kinds: Any, args: Any) -> None:
        x, rows, cols, out = kinds
        self.emit_ = Emitter(context, builder, x.dtype)
        self.builder = builder
        self.x = self._address(x, args[0], args[1])
        self.rows = self._address(rows, args[2], args[3])
        self.cols = self._address(cols, args[5], args[6])
        self.out = self._address(out, args[9], args[10])
        self.row_stride, self.col_stride = args[4], args[7]
        self.n_terms, self.out_stride = args[8], args[11]
        self.intp = args[1].type
        self.zero = n_of(context, 0)
        self.sizes: list[Any] = []
        self.sides: list[Any] = []
        self.rhos: list[Any] = []
        emit = self.emit_
        self.lanes = [self.intp(v * emit.lanes) for v in range(emit.n_vectors)]
        self.one = emit.broadcast(emit.element(1.0))
        self.two = emit.broadcast(emit.element(2.0))

    def _address(self, kind: Any, value: Any, start: Any) -> Any:
        """Return the address of an item of an array, or behind a pointer."""
        if isinstance(kind, types.CPointer):
            return self.builder.gep(value, [start])
        return self.emit_.pointer(kind, value, start)

    def emit(self) -> None:
        """Emit everything: what a pair of rows is, the loop, the last terms."""
        emit, builder = self.emit_, self.builder
        for lane in self.lanes:
            self._correlation(emit.load(self.x, lane))
        nothing = emit.ir.Constant(emit.vector, None)
        start = [nothing] * (self.n_sums * len(self.lanes))
        before = builder.block
        loop, done = (builder.append_basic_block(name) for name in ("terms", "last"))
        first = builder.sub(self.n_terms, self.intp(2))
        degree = builder.sitofp(builder.add(first, self.intp(1)), emit.element)
        degree = emit.broadcast(degree)
        builder.cbranch(builder.icmp_signed(">", first, self.zero), loop, done)

        builder.position_at_end(loop)
        k, top = builder.phi(self.intp), builder.phi(emit.vector)
        sums = [builder.phi(emit.vector) for _ in start]
        after = self._two_terms(k, top, list(sums), is_last=False)
        next_k = builder.sub(k, self.intp(2))
        next_top = builder.fsub(top, self.two)
        inside = builder.block
        builder.cbranch(builder.icmp_signed(">", next_k, self.zero), loop, done)
        for phi, one, other in (
            (k, first, next_k),
            (top, degree, next_top),
            *zip(sums, start, after, strict=True),
        ):
            phi.add_incoming(one, before)
            phi.add_incoming(other, inside)

        builder.position_at_end(done)
        ends = [builder.phi(emit.vector) for _ in start]
        for phi, one, other in zip(ends, start, after, strict=True):
            phi.add_incoming(one, before)
            phi.add_incoming(other, inside)
        self._store(self._two_terms(self.zero, self.one, list(ends), is_last=True))

    def _correlation(self, x: Any) -> None:
        """Note ``|rho|``, its sign and ``rho`` of a vector of complements."""
        emit, builder = self.emit_, self.builder
        bits = emit.ir.VectorType(
            emit.ir.IntType(8 * emit.element.get_abi_size(emit.context.target_data)),
            emit.lanes,
        )
        width = bits.element.width
        sign_bit = emit.ir.Constant(bits, [1 << (width - 1)] * emit.lanes)
        rest = emit.ir.Constant(bits, [(1 << (width - 1)) - 1] * emit.lanes)
        raw = builder.bitcast(x, bits)
        sign = builder.and_(raw, sign_bit)
        size = builder.bitcast(builder.and_(raw, rest), emit.vector)
        z = builder.fsub(self.one, size)

        def signed(value: Any) -> Any:
            text = builder.bitcast(value, bits)
            return builder.bitcast(builder.xor(text, sign), emit.vector)

        self.sizes.append(z)
        self.sides.append(signed(self.one))
        self.rhos.append(signed(z))

    def _two_terms(
        self, k: Any, top: Any, sums: list[Any], *, is_last: bool
    ) -> list[Any]:
        """Add the terms of degrees k + 1, which is odd, and k."""
        odd_k = self.builder.add(k, self.intp(1))
        items = self._row_item(odd_k), self._row_item(k)
        degrees = top, self.builder.fsub(top, self.one)
        for v in range(len(self.lanes)):
            part = sums[self.n_sums * v : self.n_sums * (v + 1)]
            cells = self._cell(odd_k, v), self._cell(k, v)
            self.add_terms(part, v, items, cells, degrees, is_last=is_last)
            sums[self.n_sums * v : self.n_sums * (v + 1)] = part
        return sums

    def add_terms(
        self, part: list[Any], v: int, r: Any, c: Any, degrees: Any, *, is_last: bool
    ) -> None:
        """Add an odd and an even term to the sums of vector v."""
        raise NotImplementedError

    def _row_item(self, k: Any) -> Any:
        """Return the row's item of table k, in all lanes."""
        place = self.builder.mul(k, self.row_stride)
        item = self.builder.load(self.builder.gep(self.rows, [place]))
        return self.emit_.broadcast(item)

    def _cell(self, k: Any, v: int) -> Any:
        """Return the items of table k at the columns of vector v."""
        place = self.builder.add(self.builder.mul(k, self.col_stride), self.lanes[v])
        return self.emit_.load(self.cols, place)

    def slope_term(self, slope: Any, v: int, degree: Any, weight: Any) -> Any:
        """Add ``k w_k`` to the sum of ``k w_k rho^(k-1)``."""
        term = self.builder.fmul(degree, weight)
        return self.emit_.multiply_add(slope, self.rhos[v], term)

    def _store(self, sums: list[Any]) -> None:
        """Write the sums that are kept."""
        builder = self.builder
        for v, lane in enumerate(self.lanes):
            for m in range(self.n_kept):
                place = builder.add(builder.mul(self.out_stride, self.intp(m)), lane)
                self.emit_.store(sums[self.n_sums * v + m], self.out, place)


class _NearLoop(_Loop):
    """The terms of `hermite_sums`."""

    n_sums, n_kept = 6, 5

    def add_terms(
        self, part: list[Any], v: int, r: Any, c: Any, degrees: Any, *, is_last: bool
    ) -> None:
        """Add an odd and an even term."""
        emit, builder, z = self.emit_, self.builder, self.sizes[v]
        weights = []
        for item, cell in zip(r, c, strict=True):
            apart = builder.fsub(item, cell)
            part[APART] = emit.multiply_add(apart, apart, part[APART])
            weights.append(builder.fmul(item, cell))
        odd, even = weights
        part[ODD] = builder.fadd(part[ODD], odd)
        part[TOTAL] = builder.fadd(part[TOTAL], odd)
        part[MOVE] = emit.multiply_add(part[MOVE], z, part[TOTAL])
        part[SLOPE] = self.slope_term(part[SLOPE], v, degrees[0], odd)
        part[EVEN] = builder.fadd(part[EVEN], even)
        if not is_last:
            part[TOTAL] = emit.multiply_add(self.sides[v], even, part[TOTAL])
            part[MOVE] = emit.multiply_add(part[MOVE], z, part[TOTAL])
            part[SLOPE] = self.slope_term(part[SLOPE], v, degrees[1], even)


class _FarLoop(_Loop):
    """The terms of `hermite_values`."""

    n_sums, n_kept = 2, 2

    def add_terms(
        self, part: list[Any], v: int, r: Any, c: Any, degrees: Any, *, is_last: bool
    ) -> None:
        """Add an odd and an even term."""
        emit, rho = self.emit_, self.rhos[v]
        odd, even = (
            self.builder.fmul(item, cell) for item, cell in zip(r, c, strict=True)
        )
        part[VALUE] = emit.multiply_add(part[VALUE], rho, odd)
        part[VALUE] = emit.multiply_add(part[VALUE], rho, even)
        part[STEEPNESS] = self.slope_term(part[STEEPNESS], v, degrees[0], odd)
        if not is_last:
            part[STEEPNESS] = self.slope_term(part[STEEPNESS], v, degrees[1], even)
