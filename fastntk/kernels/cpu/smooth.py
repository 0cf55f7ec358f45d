"""CPU op bodies of smooth activations: exponentials, waves, Gauss bumps."""

from __future__ import annotations

import math

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Pointer, Scalar, Strip
from fastntk.kernels.abi import PANEL_ROWS, RHO, TABLE, TAU
from fastntk.kernels.cpu.panel import col, has_near, row, slot
from fastntk.kernels.formulas.polynomials import decay_coefficients
from fastntk.kernels.formulas.smooth import (
    cos_near_pair,
    exp_pair,
    gaussian_pair,
    sin_near_pair,
    wave_pair,
)

__all__ = ["cos", "exp", "gaussian", "sin"]


# --- exponentials ---------------------------------------------------------------------
# row table: t


@scalar
def _exp_nngp(x: Strip, t1: Scalar, t: Strip, decay_c: Coefs) -> None:
    for j in range(len(x)):
        x[j] = exp_pair(x[j], t1, t[j], decay_c)


@scalar
def _exp_ntk(x: Strip, tau: Strip, t1: Scalar, t: Strip, decay_c: Coefs) -> None:
    one = like(t1, 1.0)
    for j in range(len(x)):
        lost = exp_pair(x[j], t1, t[j], decay_c)
        tau[j] = tau[j] * (one - lost)
        x[j] = lost


def exp(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply an exponential of the distance: Exp, Rbf, ExpNormalized."""
    t = ints[TABLE]
    decay_c = decay_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        t1, ts = row(rows, dims, t, i), col(cols, dims, t, i)
        if ints[TAU] < 0:
            _exp_nngp(x, t1, ts, decay_c)
        else:
            _exp_ntk(x, slot(slots, dims, ints[TAU], i), t1, ts, decay_c)


# --- sine and cosine ------------------------------------------------------------------
# row tables: sqrt(q), 1/v, v, exp(-q) of its own v; cosine also 1/v of sine


@scalar
def _sin_nngp(
    x: Strip, t1: Scalar, t: Strip, i1: Scalar, i: Strip, decay_c: Coefs
) -> None:
    one = like(t1, 1.0)
    for j in range(len(x)):
        size, _ = wave_pair(x[j], t1, t[j], decay_c)
        x[j] = math.copysign(one - size * (i1 * i[j]), x[j])


@scalar
def _sin_ntk(
    x: Strip, tau: Strip, t1: Scalar, t: Strip, i1: Scalar, i: Strip, decay_c: Coefs
) -> None:
    one, half = like(t1, 1.0), like(t1, 0.5)
    for j in range(len(x)):
        size, slope = wave_pair(x[j], t1, t[j], decay_c)
        x[j] = math.copysign(one - size * (i1 * i[j]), x[j])
        tau[j] = tau[j] * (half * slope)


@scalar
def _sin_slope(x: Strip, tau: Strip, t1: Scalar, t: Strip, decay_c: Coefs) -> None:
    half = like(t1, 0.5)
    for j in range(len(x)):
        tau[j] = tau[j] * (half * wave_pair(x[j], t1, t[j], decay_c)[1])


@scalar
def _sin_near(
    x: Strip,
    t1: Scalar,
    t: Strip,
    i1: Scalar,
    i: Strip,
    v1: Scalar,
    v: Strip,
    p1: Scalar,
    p: Strip,
    decay_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j] = sin_near_pair(x[j], t1, t[j], i1, i[j], v1, v[j], p1, p[j], decay_c)


def sin(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply sine."""
    t = ints[TABLE]
    decay_c = decay_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        t1, ts = row(rows, dims, t, i), col(cols, dims, t, i)
        i1, inverse = row(rows, dims, t + 1, i), col(cols, dims, t + 1, i)
        is_near = has_near(x)
        if ints[TAU] < 0 and not is_near:
            _sin_nngp(x, t1, ts, i1, inverse, decay_c)
            continue
        if ints[TAU] >= 0:
            tau = slot(slots, dims, ints[TAU], i)
            if not is_near:
                _sin_ntk(x, tau, t1, ts, i1, inverse, decay_c)
                continue
            _sin_slope(x, tau, t1, ts, decay_c)
        v1, v = row(rows, dims, t + 2, i), col(cols, dims, t + 2, i)
        p1, p = row(rows, dims, t + 3, i), col(cols, dims, t + 3, i)
        _sin_near(x, t1, ts, i1, inverse, v1, v, p1, p, decay_c)


@scalar
def _cos_nngp(
    x: Strip, t1: Scalar, t: Strip, i1: Scalar, i: Strip, decay_c: Coefs
) -> None:
    one, zero = like(t1, 1.0), like(t1, 0.0)
    for j in range(len(x)):
        rest = one - wave_pair(x[j], t1, t[j], decay_c)[1] * (i1 * i[j])
        x[j] = rest if rest > zero else zero


@scalar
def _cos_ntk(
    x: Strip,
    tau: Strip,
    t1: Scalar,
    t: Strip,
    i1: Scalar,
    i: Strip,
    o1: Scalar,
    o: Strip,
    decay_c: Coefs,
) -> None:
    one, zero = like(t1, 1.0), like(t1, 0.0)
    for j in range(len(x)):
        size, even = wave_pair(x[j], t1, t[j], decay_c)
        tau[j] = tau[j] * math.copysign(size * (o1 * o[j]), x[j])
        rest = one - even * (i1 * i[j])
        x[j] = rest if rest > zero else zero


@scalar
def _cos_slope(
    x: Strip, tau: Strip, t1: Scalar, t: Strip, o1: Scalar, o: Strip, decay_c: Coefs
) -> None:
    for j in range(len(x)):
        size, _ = wave_pair(x[j], t1, t[j], decay_c)
        tau[j] = tau[j] * math.copysign(size * (o1 * o[j]), x[j])


@scalar
def _cos_near(
    x: Strip,
    t1: Scalar,
    t: Strip,
    i1: Scalar,
    i: Strip,
    v1: Scalar,
    v: Strip,
    p1: Scalar,
    p: Strip,
    decay_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j] = cos_near_pair(x[j], t1, t[j], i1, i[j], v1, v[j], p1, p[j], decay_c)


def cos(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply cosine."""
    t = ints[TABLE]
    decay_c = decay_coefficients(constants)
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        t1, ts = row(rows, dims, t, i), col(cols, dims, t, i)
        i1, inverse = row(rows, dims, t + 1, i), col(cols, dims, t + 1, i)
        # of small variances all rows are near: cosine is constant there
        is_near = t1 < like(t1, 0.5) or has_near(x)
        if ints[TAU] < 0 and not is_near:
            _cos_nngp(x, t1, ts, i1, inverse, decay_c)
            continue
        if ints[TAU] >= 0:
            tau = slot(slots, dims, ints[TAU], i)
            o1, o = row(rows, dims, t + 4, i), col(cols, dims, t + 4, i)
            if not is_near:
                _cos_ntk(x, tau, t1, ts, i1, inverse, o1, o, decay_c)
                continue
            _cos_slope(x, tau, t1, ts, o1, o, decay_c)
        v1, v = row(rows, dims, t + 2, i), col(cols, dims, t + 2, i)
        p1, p = row(rows, dims, t + 3, i), col(cols, dims, t + 3, i)
        _cos_near(x, t1, ts, i1, inverse, v1, v, p1, p, decay_c)


# --- Gauss bumps ----------------------------------------------------------------------
# row tables: a, b, s of `gaussian_pair`


@scalar
def _gaussian_nngp(
    x: Strip, a1: Scalar, a: Strip, b1: Scalar, b: Strip, s1: Scalar, s: Strip
) -> None:
    for j in range(len(x)):
        x[j] = gaussian_pair(x[j], a1, a[j], b1, b[j], s1, s[j])[0]


@scalar
def _gaussian_ntk(
    x: Strip,
    tau: Strip,
    a1: Scalar,
    a: Strip,
    b1: Scalar,
    b: Strip,
    s1: Scalar,
    s: Strip,
) -> None:
    for j in range(len(x)):
        x[j], derivative = gaussian_pair(x[j], a1, a[j], b1, b[j], s1, s[j])
        tau[j] = tau[j] * derivative


def gaussian(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply ``a exp(b u^2)``."""
    t = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        a1, a = row(rows, dims, t, i), col(cols, dims, t, i)
        b1, b = row(rows, dims, t + 1, i), col(cols, dims, t + 1, i)
        s1, s = row(rows, dims, t + 2, i), col(cols, dims, t + 2, i)
        if ints[TAU] < 0:
            _gaussian_nngp(x, a1, a, b1, b, s1, s)
        else:
            _gaussian_ntk(x, slot(slots, dims, ints[TAU], i), a1, a, b1, b, s1, s)
