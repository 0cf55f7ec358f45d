"""CPU op bodies of a collapsed network: the angle, and series in it."""

from __future__ import annotations

from fastntk._jit import like, scalar, strip
from fastntk._typing import Coefs, Pointer, Scalar, Strip
from fastntk.kernels.abi import (
    FLAGS,
    PANEL_ROWS,
    RHO,
    RHO_2,
    SERIES_ACCUMULATE,
    SERIES_SCALED,
    SERIES_STEP,
    TABLE,
    TAU,
    TAU_2,
)
from fastntk.kernels.cpu.panel import clear, col, row, slot
from fastntk.kernels.formulas.pairs import twice_angle, twice_bent_angle
from fastntk.kernels.formulas.polynomials import asin_coefficients

__all__ = ["angle", "series"]


@scalar
def _angle(x: Strip, t: Strip, asin_c: Coefs) -> None:
    for j in range(len(x)):
        t[j] = twice_angle(x[j], asin_c)


@scalar
def _bent_angle(x: Strip, t: Strip, bend: Scalar, asin_c: Coefs) -> None:
    for j in range(len(x)):
        t[j] = twice_bent_angle(x[j], bend, asin_c)


def angle(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Turn complements into ``2 t``, t in [-1, 1]; coefs: the bend, 0 for none."""
    asin_c = asin_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        x, t = slot(slots, dims, ints[RHO], i), slot(slots, dims, ints[RHO_2], i)
        if coefs[0] > like(coefs[0], 0.0):
            _bent_angle(x, t, coefs[0], asin_c)
        else:
            _angle(x, t, asin_c)


@scalar
def _clenshaw(
    t: Strip,
    upper: Strip,
    lower: Strip,
    c0: Scalar,
    c1: Scalar,
    c2: Scalar,
    c3: Scalar,
    c4: Scalar,
    c5: Scalar,
    c6: Scalar,
    c7: Scalar,
) -> None:
    """Take eight steps of ``b_k = c_k + 2 t b_(k+1) - b_(k+2)``."""
    for j in range(len(t)):
        x, p, q = t[j], upper[j], lower[j]
        q = (c7 - q) + x * p
        p = (c6 - p) + x * q
        q = (c5 - q) + x * p
        p = (c4 - p) + x * q
        q = (c3 - q) + x * p
        p = (c2 - p) + x * q
        q = (c1 - q) + x * p
        p = (c0 - p) + x * q
        upper[j], lower[j] = p, q


@scalar
def _series_value(
    y: Strip,
    t: Strip,
    upper: Strip,
    lower: Strip,
    c0: Scalar,
    r1: Scalar,
    r: Strip,
    is_scaled: bool,
    is_added: bool,
) -> None:
    half, one, zero = like(c0, 0.5), like(c0, 1.0), like(c0, 0.0)
    for j in range(len(y)):
        value = (c0 - lower[j]) + half * t[j] * upper[j]
        scale = r1 * r[j] if is_scaled else one
        y[j] = scale * value + (y[j] if is_added else zero)


def series(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Evaluate a Chebyshev series; coefs: blocks of 8, c_0, c_1, ...; table: scale."""
    flags, n_blocks = ints[FLAGS], int(coefs[0])
    for i in range(dims[PANEL_ROWS]):
        t = slot(slots, dims, ints[TAU], i)
        upper, lower = (
            slot(slots, dims, ints[RHO_2], i),
            slot(slots, dims, ints[TAU_2], i),
        )
        clear(upper)
        clear(lower)
        for block in range(n_blocks - 1, -1, -1):
            c = strip(coefs, 2 + block * SERIES_STEP, SERIES_STEP)
            _clenshaw(t, upper, lower, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7])
        y = slot(slots, dims, ints[RHO], i)
        r1, r = row(rows, dims, ints[TABLE], i), col(cols, dims, ints[TABLE], i)
        is_scaled = (flags & SERIES_SCALED) != 0
        is_added = (flags & SERIES_ACCUMULATE) != 0
        _series_value(y, t, upper, lower, coefs[1], r1, r, is_scaled, is_added)
