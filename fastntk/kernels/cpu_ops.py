"""CPU op bodies, ``forward`` kind: a loop over strips around a scalar formula each.

The inner loops run over contiguous strips of one dtype, without calls or branches, so
that LLVM packs them. i = panel row, j = column in the strip.
"""

from __future__ import annotations

from fastntk._jit import CpuOp, like, scalar, strip
from fastntk.kernels.abi import (
    AFFINE_RHO,
    AFFINE_TAU_CONSTANT,
    COLS_STEP,
    COLS_STRIDE,
    FLAGS,
    NON_NEGATIVE,
    PANEL_COLS,
    PANEL_ROWS,
    RHO,
    RHO_2,
    SERIES_ACCUMULATE,
    SERIES_SCALED,
    SERIES_STEP,
    ROWS_STRIDE,
    TABLE,
    TAU,
    TAU_2,
)
from fastntk.kernels.polynomials import (
    asin_coefficients,
    excess_coefficients,
    sinc_coefficients,
)
from fastntk.kernels.scalars import (
    abrelu_near_pair,
    abrelu_pair,
    added_pair,
    correlation,
    erf_near_pair,
    erf_pair,
    mixed_near_pair,
    mixed_pair,
    sign_pair,
    twice_angle,
)

__all__ = ["OPS"]


@scalar
def _slot(slots, dims, k, i):
    n = dims[PANEL_COLS]
    return strip(slots, (k * dims[PANEL_ROWS] + i) * n, n)


@scalar
def _col(cols, dims, table, i):
    start = table * dims[COLS_STRIDE] + i * dims[COLS_STEP]
    return strip(cols, start, dims[PANEL_COLS])


@scalar
def _row(rows, dims, table, i):
    return rows[table * dims[ROWS_STRIDE] + i]


# --- a min(u,0) + b max(u,0) ----------------------------------------------------------


@scalar
def _abrelu_nngp(x, beta, turn, asin_c, excess_c):
    for j in range(len(x)):
        x[j] = abrelu_pair(x[j], beta, turn, asin_c, excess_c)[0]


@scalar
def _abrelu_ntk(x, tau, beta, turn, asin_c, excess_c):
    for j in range(len(x)):
        x[j], derivative = abrelu_pair(x[j], beta, turn, asin_c, excess_c)
        tau[j] = tau[j] * derivative


@scalar
def _abrelu_near_nngp(x, beta, turn, asin_c, excess_c):
    for j in range(len(x)):
        x[j] = abrelu_near_pair(x[j], beta, turn, asin_c, excess_c)[0]


@scalar
def _abrelu_near_ntk(x, tau, beta, turn, asin_c, excess_c):
    for j in range(len(x)):
        x[j], derivative = abrelu_near_pair(x[j], beta, turn, asin_c, excess_c)
        tau[j] = tau[j] * derivative


def abrelu(slots, rows, cols, dims, ints, coefs, constants):
    """Apply a two-slope activation; coefs: beta, 2 beta/pi."""
    beta, turn = coefs[0], coefs[1]
    asin_c, excess_c = asin_coefficients(constants), excess_coefficients(constants)
    is_near = ints[FLAGS] & NON_NEGATIVE
    for i in range(dims[PANEL_ROWS]):
        x = _slot(slots, dims, ints[RHO], i)
        if ints[TAU] < 0:
            if is_near:
                _abrelu_near_nngp(x, beta, turn, asin_c, excess_c)
            else:
                _abrelu_nngp(x, beta, turn, asin_c, excess_c)
        else:
            tau = _slot(slots, dims, ints[TAU], i)
            if is_near:
                _abrelu_near_ntk(x, tau, beta, turn, asin_c, excess_c)
            else:
                _abrelu_ntk(x, tau, beta, turn, asin_c, excess_c)


# --- sign -----------------------------------------------------------------------------


@scalar
def _sign(x, asin_c):
    for j in range(len(x)):
        x[j] = sign_pair(x[j], asin_c)


@scalar
def _clear(tau):
    for j in range(len(tau)):
        tau[j] = like(tau[j], 0.0)


def sign(slots, rows, cols, dims, ints, coefs, constants):
    """Apply sign; its derivative is 0 almost everywhere, so the tangent ends."""
    asin_c = asin_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        _sign(_slot(slots, dims, ints[RHO], i), asin_c)
        if ints[TAU] >= 0:
            _clear(_slot(slots, dims, ints[TAU], i))


# --- erf ------------------------------------------------------------------------------
# row tables: v, u, asin(v^2)^(-1/2), asin(v^2)^(1/2), pi/2 - asin(v^2)


@scalar
def _count_near(x, limit):
    n = 0
    for j in range(len(x)):
        n += 1 if abs(x[j]) < limit else 0
    return n


@scalar
def _erf_nngp(x, v1, v, u1, u, i1, inverse, asin_c):
    for j in range(len(x)):
        x[j] = erf_pair(x[j], v1, v[j], u1, u[j], i1, inverse[j], asin_c)[0]


@scalar
def _erf_ntk(x, tau, v1, v, u1, u, i1, inverse, asin_c):
    for j in range(len(x)):
        x[j], derivative = erf_pair(
            x[j], v1, v[j], u1, u[j], i1, inverse[j], asin_c
        )
        tau[j] = tau[j] * derivative


@scalar
def _erf_slope(x, tau, v1, v, u1, u, asin_c):
    one = like(v1, 1.0)
    for j in range(len(x)):
        tau[j] = tau[j] * erf_pair(x[j], v1, v[j], u1, u[j], one, one, asin_c)[1]


@scalar
def _erf_near(x, limit, v1, v, u1, u, i1, inverse, w1, w, b1, b, asin_c, sinc_c):
    for j in range(len(x)):
        x[j] = erf_near_pair(
            x[j],
            limit,
            v1,
            v[j],
            u1,
            u[j],
            i1,
            inverse[j],
            w1,
            w[j],
            b1,
            b[j],
            asin_c,
            sinc_c,
        )


def erf(slots, rows, cols, dims, ints, coefs, constants):
    """Apply erf; coefs: the complement below which `erf_near_pair` takes over."""
    t = ints[TABLE]
    asin_c, sinc_c = asin_coefficients(constants), sinc_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        x = _slot(slots, dims, ints[RHO], i)
        v1, v = _row(rows, dims, t, i), _col(cols, dims, t, i)
        u1, u = _row(rows, dims, t + 1, i), _col(cols, dims, t + 1, i)
        i1, inverse = _row(rows, dims, t + 2, i), _col(cols, dims, t + 2, i)
        is_near = _count_near(x, coefs[0]) > 0
        if ints[TAU] < 0 and not is_near:
            _erf_nngp(x, v1, v, u1, u, i1, inverse, asin_c)
            continue
        if ints[TAU] >= 0:
            tau = _slot(slots, dims, ints[TAU], i)
            if not is_near:
                _erf_ntk(x, tau, v1, v, u1, u, i1, inverse, asin_c)
                continue
            _erf_slope(x, tau, v1, v, u1, u, asin_c)
        w1, w = _row(rows, dims, t + 3, i), _col(cols, dims, t + 3, i)
        b1, b = _row(rows, dims, t + 4, i), _col(cols, dims, t + 4, i)
        limit = coefs[0]
        _erf_near(
            x, limit, v1, v, u1, u, i1, inverse, w1, w, b1, b, asin_c, sinc_c
        )


# --- affine ---------------------------------------------------------------------------
# row tables: scale of the old tangent, of the old covariance, of the constant in the
# tangent; then (with a bias) sine and cosine of half the angle of (old feature,
# constant)


@scalar
def _affine_tau(x, tau, t1, t, c1, c):
    for j in range(len(x)):
        tau[j] = (t1 * t[j]) * tau[j] + (c1 * c[j]) * correlation(x[j])


@scalar
def _affine_tau_constant(x, tau, t1, t, c1, c, b1, b):
    for j in range(len(x)):
        old = (t1 * t[j]) * tau[j] + (c1 * c[j]) * correlation(x[j])
        tau[j] = old + b1 * b[j]


@scalar
def _affine_rho(x, s1, s, c1, c):
    for j in range(len(x)):
        x[j] = mixed_pair(x[j], s1, s[j], c1, c[j])


@scalar
def _affine_near_rho(x, s1, s, c1, c):
    for j in range(len(x)):
        x[j] = mixed_near_pair(x[j], s1, s[j], c1, c[j])


def affine(slots, rows, cols, dims, ints, coefs, constants):
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
            s1, s = _row(rows, dims, t + 3, i), _col(cols, dims, t + 3, i)
            c1, c = _row(rows, dims, t + 4, i), _col(cols, dims, t + 4, i)
            if flags & NON_NEGATIVE:
                _affine_near_rho(x, s1, s, c1, c)
            else:
                _affine_rho(x, s1, s, c1, c)


# --- rows of zeros --------------------------------------------------------------------


@scalar
def _mask(x, z1, z):
    one = like(z1, 1.0)
    for j in range(len(x)):
        x[j] = x[j] if z1 * z[j] > like(z1, 0.0) else one


def mask(slots, rows, cols, dims, ints, coefs, constants):
    """Set the angle of rows of zeros to pi/2; left out if there are no such rows."""
    t = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        x = _slot(slots, dims, ints[RHO], i)
        _mask(x, _row(rows, dims, t, i), _col(cols, dims, t, i))


# --- branches -------------------------------------------------------------------------


@scalar
def _copy(x, y):
    for j in range(len(x)):
        y[j] = x[j]


def copy(slots, rows, cols, dims, ints, coefs, constants):
    """Copy one stream into a second pair of slots (FanOut)."""
    for i in range(dims[PANEL_ROWS]):
        _copy(_slot(slots, dims, ints[RHO], i), _slot(slots, dims, ints[RHO_2], i))
        if ints[TAU] >= 0:
            _copy(_slot(slots, dims, ints[TAU], i), _slot(slots, dims, ints[TAU_2], i))


@scalar
def _add_tau(tau, other, t1, t, o1, o):
    for j in range(len(tau)):
        tau[j] = (t1 * t[j]) * tau[j] + (o1 * o[j]) * other[j]


@scalar
def _add_rho(x, y, s1, s, c1, c):
    for j in range(len(x)):
        x[j] = added_pair(x[j], y[j], s1, s[j], c1, c[j])


def add(slots, rows, cols, dims, ints, coefs, constants):
    """Add a second stream to the first (FanInSum); tables: tangents, half angle."""
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
        s1, s = _row(rows, dims, t + 2, i), _col(cols, dims, t + 2, i)
        c1, c = _row(rows, dims, t + 3, i), _col(cols, dims, t + 3, i)
        _add_rho(x, y, s1, s, c1, c)


# --- a collapsed network --------------------------------------------------------------


@scalar
def _angle(x, t, asin_c):
    for j in range(len(x)):
        t[j] = twice_angle(x[j], asin_c)


def angle(slots, rows, cols, dims, ints, coefs, constants):
    """Turn complements into ``2 t``, ``t = 2 theta/pi - 1`` in [-1, 1]."""
    asin_c = asin_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        x, t = _slot(slots, dims, ints[RHO], i), _slot(slots, dims, ints[RHO_2], i)
        _angle(x, t, asin_c)


@scalar
def _clenshaw(t, upper, lower, c0, c1, c2, c3, c4, c5, c6, c7):
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
def _series_value(y, t, upper, lower, c0, r1, r, is_scaled, is_added):
    half, one, zero = like(c0, 0.5), like(c0, 1.0), like(c0, 0.0)
    for j in range(len(y)):
        value = (c0 - lower[j]) + half * t[j] * upper[j]
        scale = r1 * r[j] if is_scaled else one
        y[j] = scale * value + (y[j] if is_added else zero)


def series(slots, rows, cols, dims, ints, coefs, constants):
    """Evaluate a Chebyshev series; coefs: blocks of 8, c_0, c_1, ...; table: scale."""
    flags, n_blocks = ints[FLAGS], int(coefs[0])
    for i in range(dims[PANEL_ROWS]):
        t = _slot(slots, dims, ints[TAU], i)
        upper, lower = (
            _slot(slots, dims, ints[RHO_2], i),
            _slot(slots, dims, ints[TAU_2], i),
        )
        _clear(upper)
        _clear(lower)
        for block in range(n_blocks - 1, -1, -1):
            c = strip(coefs, 2 + block * SERIES_STEP, SERIES_STEP)
            _clenshaw(t, upper, lower, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7])
        y = _slot(slots, dims, ints[RHO], i)
        r1, r = _row(rows, dims, ints[TABLE], i), _col(cols, dims, ints[TABLE], i)
        is_scaled = (flags & SERIES_SCALED) != 0
        is_added = (flags & SERIES_ACCUMULATE) != 0
        _series_value(y, t, upper, lower, coefs[1], r1, r, is_scaled, is_added)


OPS = {op.__name__: CpuOp(op) for op in (abrelu, sign, erf, affine, mask, copy, add, angle, series)}
