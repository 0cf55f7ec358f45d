"""CPU op bodies of the activations: two slopes, sign, erf."""

from __future__ import annotations

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Pointer, Scalar, Strip
from fastntk.kernels.abi import FLAGS, NON_NEGATIVE, PANEL_ROWS, RHO, TABLE, TAU
from fastntk.kernels.cpu.panel import clear, col, has_near, near_limit, row, slot
from fastntk.kernels.formulas.pairs import (
    abrelu_near_pair,
    abrelu_pair,
    erf_near_pair,
    erf_pair,
    sign_pair,
)
from fastntk.kernels.formulas.polynomials import (
    asin_coefficients,
    excess_coefficients,
    sinc_coefficients,
)

__all__ = ["abrelu", "erf", "sign"]


# --- a min(u,0) + b max(u,0) ----------------------------------------------------------


@scalar
def _abrelu_nngp(
    x: Strip, beta: Scalar, turn: Scalar, asin_c: Coefs, excess_c: Coefs
) -> None:
    for j in range(len(x)):
        x[j] = abrelu_pair(x[j], beta, turn, asin_c, excess_c)[0]


@scalar
def _abrelu_ntk(
    x: Strip, tau: Strip, beta: Scalar, turn: Scalar, asin_c: Coefs, excess_c: Coefs
) -> None:
    for j in range(len(x)):
        x[j], derivative = abrelu_pair(x[j], beta, turn, asin_c, excess_c)
        tau[j] = tau[j] * derivative


@scalar
def _abrelu_near_nngp(
    x: Strip, beta: Scalar, turn: Scalar, asin_c: Coefs, excess_c: Coefs
) -> None:
    for j in range(len(x)):
        x[j] = abrelu_near_pair(x[j], beta, turn, asin_c, excess_c)[0]


@scalar
def _abrelu_near_ntk(
    x: Strip, tau: Strip, beta: Scalar, turn: Scalar, asin_c: Coefs, excess_c: Coefs
) -> None:
    for j in range(len(x)):
        x[j], derivative = abrelu_near_pair(x[j], beta, turn, asin_c, excess_c)
        tau[j] = tau[j] * derivative


def abrelu(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply a two-slope activation; coefs: beta, 2 beta/pi."""
    beta, turn = coefs[0], coefs[1]
    asin_c, excess_c = asin_coefficients(constants), excess_coefficients(constants)
    is_near = ints[FLAGS] & NON_NEGATIVE
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        if ints[TAU] < 0:
            if is_near:
                _abrelu_near_nngp(x, beta, turn, asin_c, excess_c)
            else:
                _abrelu_nngp(x, beta, turn, asin_c, excess_c)
        else:
            tau = slot(slots, dims, ints[TAU], i)
            if is_near:
                _abrelu_near_ntk(x, tau, beta, turn, asin_c, excess_c)
            else:
                _abrelu_ntk(x, tau, beta, turn, asin_c, excess_c)


# --- sign -----------------------------------------------------------------------------


@scalar
def _sign(x: Strip, asin_c: Coefs) -> None:
    for j in range(len(x)):
        x[j] = sign_pair(x[j], asin_c)


def sign(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply sign; its derivative is 0 almost everywhere, so the tangent ends."""
    asin_c = asin_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        _sign(slot(slots, dims, ints[RHO], i), asin_c)
        if ints[TAU] >= 0:
            clear(slot(slots, dims, ints[TAU], i))


# --- erf ------------------------------------------------------------------------------
# row tables: v, u, asin(v^2)^(-1/2), asin(v^2)^(1/2), pi/2 - asin(v^2)


@scalar
def _erf_nngp(
    x: Strip,
    v1: Scalar,
    v: Strip,
    u1: Scalar,
    u: Strip,
    i1: Scalar,
    inverse: Strip,
    asin_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j] = erf_pair(x[j], v1, v[j], u1, u[j], i1, inverse[j], asin_c)[0]


@scalar
def _erf_ntk(
    x: Strip,
    tau: Strip,
    v1: Scalar,
    v: Strip,
    u1: Scalar,
    u: Strip,
    i1: Scalar,
    inverse: Strip,
    asin_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j], derivative = erf_pair(x[j], v1, v[j], u1, u[j], i1, inverse[j], asin_c)
        tau[j] = tau[j] * derivative


@scalar
def _erf_slope(
    x: Strip, tau: Strip, v1: Scalar, v: Strip, u1: Scalar, u: Strip, asin_c: Coefs
) -> None:
    one = like(v1, 1.0)
    for j in range(len(x)):
        tau[j] = tau[j] * erf_pair(x[j], v1, v[j], u1, u[j], one, one, asin_c)[1]


@scalar
def _erf_near(
    x: Strip,
    limit: Scalar,
    v1: Scalar,
    v: Strip,
    u1: Scalar,
    u: Strip,
    i1: Scalar,
    inverse: Strip,
    w1: Scalar,
    w: Strip,
    b1: Scalar,
    b: Strip,
    asin_c: Coefs,
    sinc_c: Coefs,
) -> None:
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


def erf(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply erf."""
    t = ints[TABLE]
    asin_c, sinc_c = asin_coefficients(constants), sinc_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        v1, v = row(rows, dims, t, i), col(cols, dims, t, i)
        u1, u = row(rows, dims, t + 1, i), col(cols, dims, t + 1, i)
        i1, inverse = row(rows, dims, t + 2, i), col(cols, dims, t + 2, i)
        is_near = has_near(x)
        if ints[TAU] < 0 and not is_near:
            _erf_nngp(x, v1, v, u1, u, i1, inverse, asin_c)
            continue
        if ints[TAU] >= 0:
            tau = slot(slots, dims, ints[TAU], i)
            if not is_near:
                _erf_ntk(x, tau, v1, v, u1, u, i1, inverse, asin_c)
                continue
            _erf_slope(x, tau, v1, v, u1, u, asin_c)
        w1, w = row(rows, dims, t + 3, i), col(cols, dims, t + 3, i)
        b1, b = row(rows, dims, t + 4, i), col(cols, dims, t + 4, i)
        limit = near_limit(v1)
        _erf_near(x, limit, v1, v, u1, u, i1, inverse, w1, w, b1, b, asin_c, sinc_c)
