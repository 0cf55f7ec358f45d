"""CPU op bodies, ``forward`` kind: a loop over strips around a scalar formula each.

The inner loops run over contiguous strips of one dtype, without calls or branches, so
that LLVM packs them. i = panel row, j = column in the strip.
"""

from __future__ import annotations

from numba.extending import register_jitable

from fastntk._jit import CpuOp, like, strip
from fastntk.kernels.abi import (
    COLS_STEP,
    COLS_STRIDE,
    FLAGS,
    PANEL_COLS,
    PANEL_ROWS,
    RHO,
    RHO_2,
    ROWS_STRIDE,
    TABLE,
    TAU,
    TAU_2,
)
from fastntk.kernels.scalars import (
    abrelu_pair,
    added_pair,
    correlation,
    erf_near_pair,
    erf_pair,
    mixed_pair,
    sign_pair,
)

__all__ = ["OPS"]


@register_jitable
def _slot(slots, dims, k, i):
    n = dims[PANEL_COLS]
    return strip(slots, (k * dims[PANEL_ROWS] + i) * n, n)


@register_jitable
def _col(cols, dims, table, i):
    start = table * dims[COLS_STRIDE] + i * dims[COLS_STEP]
    return strip(cols, start, dims[PANEL_COLS])


@register_jitable
def _row(rows, dims, table, i):
    return rows[table * dims[ROWS_STRIDE] + i]


# --- a min(u,0) + b max(u,0) ----------------------------------------------------------


@register_jitable
def _abrelu_nngp(x, beta, turn):
    for j in range(len(x)):
        x[j] = abrelu_pair(x[j], beta, turn)[0]


@register_jitable
def _abrelu_ntk(x, tau, beta, turn):
    for j in range(len(x)):
        x[j], derivative = abrelu_pair(x[j], beta, turn)
        tau[j] = tau[j] * derivative


def abrelu(slots, rows, cols, dims, ints, coefs):
    """Apply a two-slope activation; coefs: beta, 2 beta/pi."""
    for i in range(dims[PANEL_ROWS]):
        x = _slot(slots, dims, ints[RHO], i)
        if ints[TAU] < 0:
            _abrelu_nngp(x, coefs[0], coefs[1])
        else:
            _abrelu_ntk(x, _slot(slots, dims, ints[TAU], i), coefs[0], coefs[1])


# --- sign -----------------------------------------------------------------------------


@register_jitable
def _sign(x):
    for j in range(len(x)):
        x[j] = sign_pair(x[j])


@register_jitable
def _clear(tau):
    for j in range(len(tau)):
        tau[j] = like(tau[j], 0.0)


def sign(slots, rows, cols, dims, ints, coefs):
    """Apply sign; its derivative is 0 almost everywhere, so the tangent ends."""
    for i in range(dims[PANEL_ROWS]):
        _sign(_slot(slots, dims, ints[RHO], i))
        if ints[TAU] >= 0:
            _clear(_slot(slots, dims, ints[TAU], i))


# --- erf ------------------------------------------------------------------------------
# row tables: v, u, asin(v^2)^(-1/2), asin(v^2)^(1/2), pi/2 - asin(v^2)


@register_jitable
def _count_near(x, limit):
    n = 0
    for j in range(len(x)):
        n += 1 if abs(x[j]) < limit else 0
    return n


@register_jitable
def _erf_value(x, v1, v, u1, u, i1, inverse):
    for j in range(len(x)):
        x[j] = erf_pair(x[j], v1, v[j], u1, u[j], i1, inverse[j])[0]


@register_jitable
def _erf_slope(x, tau, v1, v, u1, u):
    one = like(v1, 1.0)
    for j in range(len(x)):
        tau[j] = tau[j] * erf_pair(x[j], v1, v[j], u1, u[j], one, one)[1]


@register_jitable
def _erf_near_value(x, limit, v1, v, u1, u, i1, inverse, w1, w, b1, b):
    for j in range(len(x)):
        far = erf_pair(x[j], v1, v[j], u1, u[j], i1, inverse[j])[0]
        near = erf_near_pair(
            x[j], v1, v[j], u1, u[j], i1, inverse[j], w1, w[j], b1, b[j]
        )[0]
        x[j] = near if abs(x[j]) < limit else far


def erf(slots, rows, cols, dims, ints, coefs):
    """Apply erf; coefs: the complement below which `erf_near_pair` takes over."""
    t = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        x = _slot(slots, dims, ints[RHO], i)
        v1, v = _row(rows, dims, t, i), _col(cols, dims, t, i)
        u1, u = _row(rows, dims, t + 1, i), _col(cols, dims, t + 1, i)
        if ints[TAU] >= 0:
            _erf_slope(x, _slot(slots, dims, ints[TAU], i), v1, v, u1, u)
        i1, inverse = _row(rows, dims, t + 2, i), _col(cols, dims, t + 2, i)
        if _count_near(x, coefs[0]) == 0:
            _erf_value(x, v1, v, u1, u, i1, inverse)
        else:
            w1, w = _row(rows, dims, t + 3, i), _col(cols, dims, t + 3, i)
            b1, b = _row(rows, dims, t + 4, i), _col(cols, dims, t + 4, i)
            _erf_near_value(
                x, coefs[0], v1, v, u1, u, i1, inverse, w1, w, b1, b
            )


# --- affine ---------------------------------------------------------------------------
# row tables: scale of the old tangent, of the old covariance, of the constant in the
# tangent; then (with a bias) the unit vector (old feature, constant)

AFFINE_RHO, AFFINE_TAU_CONSTANT = 1, 2


@register_jitable
def _affine_tau(x, tau, t1, t, c1, c):
    for j in range(len(x)):
        tau[j] = (t1 * t[j]) * tau[j] + (c1 * c[j]) * correlation(x[j])


@register_jitable
def _affine_tau_constant(x, tau, t1, t, c1, c, b1, b):
    for j in range(len(x)):
        old = (t1 * t[j]) * tau[j] + (c1 * c[j]) * correlation(x[j])
        tau[j] = old + b1 * b[j]


@register_jitable
def _affine_rho(x, c1, c, s1, s):
    for j in range(len(x)):
        x[j] = mixed_pair(x[j], c1, c[j], s1, s[j])


def affine(slots, rows, cols, dims, ints, coefs):
    """Apply ``S' = W^2 S + b^2`` and ``T' = W^2 T + f S + b_T`` to rho and tau."""
    t, flags = ints[TABLE], ints[FLAGS]
    for i in range(dims[PANEL_ROWS]):
        x = _slot(slots, dims, ints[RHO], i)
        if ints[TAU] >= 0:
            tau = _slot(slots, dims, ints[TAU], i)
            t1, told = _row(rows, dims, t, i), _col(cols, dims, t, i)
            c1, c = _row(rows, dims, t + 1, i), _col(cols, dims, t + 1, i)
            if flags & AFFINE_TAU_CONSTANT:
                b1, b = _row(rows, dims, t + 2, i), _col(cols, dims, t + 2, i)
                _affine_tau_constant(x, tau, t1, told, c1, c, b1, b)
            else:
                _affine_tau(x, tau, t1, told, c1, c)
        if flags & AFFINE_RHO:
            c1, c = _row(rows, dims, t + 3, i), _col(cols, dims, t + 3, i)
            s1, s = _row(rows, dims, t + 4, i), _col(cols, dims, t + 4, i)
            _affine_rho(x, c1, c, s1, s)


# --- branches -------------------------------------------------------------------------


@register_jitable
def _copy(x, y):
    for j in range(len(x)):
        y[j] = x[j]


def copy(slots, rows, cols, dims, ints, coefs):
    """Copy one stream into a second pair of slots (FanOut)."""
    for i in range(dims[PANEL_ROWS]):
        _copy(_slot(slots, dims, ints[RHO], i), _slot(slots, dims, ints[RHO_2], i))
        if ints[TAU] >= 0:
            _copy(_slot(slots, dims, ints[TAU], i), _slot(slots, dims, ints[TAU_2], i))


@register_jitable
def _add_tau(tau, other, t1, t, o1, o):
    for j in range(len(tau)):
        tau[j] = (t1 * t[j]) * tau[j] + (o1 * o[j]) * other[j]


@register_jitable
def _add_rho(x, y, c1, c, s1, s):
    for j in range(len(x)):
        x[j] = added_pair(x[j], y[j], c1, c[j], s1, s[j])


def add(slots, rows, cols, dims, ints, coefs):
    """Add a second stream to the first (FanInSum); tables: tangents, unit vector."""
    t = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        if ints[TAU] >= 0:
            tau, other = (
                _slot(slots, dims, ints[TAU], i),
                _slot(slots, dims, ints[TAU_2], i),
            )
            t1, told = _row(rows, dims, t, i), _col(cols, dims, t, i)
            o1, o = _row(rows, dims, t + 1, i), _col(cols, dims, t + 1, i)
            _add_tau(tau, other, t1, told, o1, o)
        x, y = _slot(slots, dims, ints[RHO], i), _slot(slots, dims, ints[RHO_2], i)
        c1, c = _row(rows, dims, t + 2, i), _col(cols, dims, t + 2, i)
        s1, s = _row(rows, dims, t + 3, i), _col(cols, dims, t + 3, i)
        _add_rho(x, y, c1, c, s1, s)


OPS = {op.__name__: CpuOp(op) for op in (abrelu, sign, erf, affine, copy, add)}
