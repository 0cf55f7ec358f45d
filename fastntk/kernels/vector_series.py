"""The inner loop of Hermite series as LLVM vector code.

Its running sums stay in registers, over all terms, where LLVM's vectoriser would read
and write them once per term. With ``c_k`` the items of a row table at the columns,
``r_k`` that of the row, ``w_k = r_k c_k`` and ``z = |rho|``, five sums over k:

``(r_k - c_k)^2``; ``w_k`` of odd k; ``w_k`` of even k; ``t_k z^(k-1)`` of ``k >= 1``
with ``t_k = sum_(j >= k) w_j``, where even terms count negative if ``rho < 0``;
``k w_k rho^(k-1)``.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from fastntk.kernels.vector_ir import Emitter, n_of

__all__ = ["hermite_sums"]

APART, ODD, EVEN, TOTAL, MOVE, SLOPE = range(6)


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
    n = types.intp
    signature = types.void(x, n, rows, n, n, cols, n, n, n, out, n, n)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        loop = _Loop(context, builder, (x, rows, cols, out), args)
        loop.emit()
        return context.get_dummy_value()

    return signature, codegen


class _Loop:
    """Emits the loop over pairs of terms, from the highest degrees down."""

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
        start = [nothing] * (6 * len(self.lanes))
        before = builder.block
        loop, done = (builder.append_basic_block(name) for name in ("terms", "last"))
        first = builder.sub(self.n_terms, self.intp(2))
        degree = builder.sitofp(builder.add(first, self.intp(1)), emit.element)
        builder.cbranch(builder.icmp_signed(">", first, self.zero), loop, done)

        builder.position_at_end(loop)
        k, top = builder.phi(self.intp), builder.phi(emit.element)
        sums = [builder.phi(emit.vector) for _ in start]
        after = self._two_terms(k, top, list(sums), is_last=False)
        next_k = builder.sub(k, self.intp(2))
        next_top = builder.fsub(top, emit.element(2.0))
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
        one = emit.element(1.0)
        self._store(self._two_terms(self.zero, one, list(ends), is_last=True))

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
        emit, builder = self.emit_, self.builder
        odd_k = builder.add(k, self.intp(1))
        r1, r0 = self._row_item(odd_k), self._row_item(k)
        high = emit.broadcast(top)
        low = builder.fsub(high, self.one)
        for v in range(len(self.lanes)):
            part = sums[6 * v : 6 * v + 6]
            z, rho = self.sizes[v], self.rhos[v]
            w1 = self._weight(part, r1, odd_k, v)
            part[ODD] = builder.fadd(part[ODD], w1)
            part[TOTAL] = builder.fadd(part[TOTAL], w1)
            part[MOVE] = emit.multiply_add(part[MOVE], z, part[TOTAL])
            slope = builder.fmul(high, w1)
            part[SLOPE] = emit.multiply_add(part[SLOPE], rho, slope)
            w0 = self._weight(part, r0, k, v)
            part[EVEN] = builder.fadd(part[EVEN], w0)
            if not is_last:
                part[TOTAL] = emit.multiply_add(self.sides[v], w0, part[TOTAL])
                part[MOVE] = emit.multiply_add(part[MOVE], z, part[TOTAL])
                slope = builder.fmul(low, w0)
                part[SLOPE] = emit.multiply_add(part[SLOPE], rho, slope)
            sums[6 * v : 6 * v + 6] = part
        return sums

    def _row_item(self, k: Any) -> Any:
        """Return the row's item of table k, in all lanes."""
        place = self.builder.mul(k, self.row_stride)
        item = self.builder.load(self.builder.gep(self.rows, [place]))
        return self.emit_.broadcast(item)

    def _weight(self, part: list[Any], r: Any, k: Any, v: int) -> Any:
        """Return ``w_k``, and add to the sum of ``(r_k - c_k)^2``."""
        emit, builder = self.emit_, self.builder
        place = builder.add(builder.mul(k, self.col_stride), self.lanes[v])
        c = emit.load(self.cols, place)
        apart = builder.fsub(r, c)
        part[APART] = emit.multiply_add(apart, apart, part[APART])
        return builder.fmul(r, c)

    def _store(self, sums: list[Any]) -> None:
        """Write all sums but the running total."""
        builder = self.builder
        for v, lane in enumerate(self.lanes):
            part = sums[6 * v : 6 * v + 6]
            for m, which in enumerate((APART, ODD, EVEN, MOVE, SLOPE)):
                place = builder.mul(self.out_stride, self.intp(m))
                self.emit_.store(part[which], self.out, builder.add(place, lane))
