"""CPU op bodies of GELU and Gabor."""

from __future__ import annotations

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Pointer, Scalar, Strip
from fastntk.kernels.abi import PANEL_ROWS, RHO, TABLE, TAU
from fastntk.kernels.cpu.panel import col, has_near, near_limit, row, slot
from fastntk.kernels.formulas.gelu import gabor_pair, gelu_near_pair, gelu_pair
from fastntk.kernels.formulas.polynomials import asin_coefficients, decay_coefficients

__all__ = ["gabor", "gelu"]


# --- GELU -----------------------------------------------------------------------------
# row tables: v, u, i, e, s, p of `gelu_near_pair`


@scalar
def _gelu_nngp(
    x: Strip,
    v1: Scalar,
    v: Strip,
    u1: Scalar,
    u: Strip,
    i1: Scalar,
    i: Strip,
    asin_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j] = gelu_pair(x[j], v1, v[j], u1, u[j], i1, i[j], asin_c)[0]


@scalar
def _gelu_ntk(
    x: Strip,
    tau: Strip,
    v1: Scalar,
    v: Strip,
    u1: Scalar,
    u: Strip,
    i1: Scalar,
    i: Strip,
    asin_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j], derivative = gelu_pair(x[j], v1, v[j], u1, u[j], i1, i[j], asin_c)
        tau[j] = tau[j] * derivative


@scalar
def _gelu_slope(
    x: Strip, tau: Strip, v1: Scalar, v: Strip, u1: Scalar, u: Strip, asin_c: Coefs
) -> None:
    one = like(v1, 1.0)
    for j in range(len(x)):
        tau[j] = tau[j] * gelu_pair(x[j], v1, v[j], u1, u[j], one, one, asin_c)[1]


@scalar
def _gelu_near(
    x: Strip,
    v1: Scalar,
    v: Strip,
    u1: Scalar,
    u: Strip,
    i1: Scalar,
    i: Strip,
    e1: Scalar,
    e: Strip,
    s1: Scalar,
    s: Strip,
    p1: Scalar,
    p: Strip,
    asin_c: Coefs,
) -> None:
    limit = near_limit(v1)
    for j in range(len(x)):
        far = gelu_pair(x[j], v1, v[j], u1, u[j], i1, i[j], asin_c)[0]
        near = gelu_near_pair(
            x[j],
            v1,
            v[j],
            u1,
            u[j],
            i1,
            i[j],
            e1,
            e[j],
            s1,
            s[j],
            p1,
            p[j],
            asin_c,
        )
        x[j] = near if abs(x[j]) < limit else far


def gelu(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply GELU."""
    t = ints[TABLE]
    asin_c = asin_coefficients(constants)
    for k in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], k)
        v1, v = row(rows, dims, t, k), col(cols, dims, t, k)
        u1, u = row(rows, dims, t + 1, k), col(cols, dims, t + 1, k)
        i1, i = row(rows, dims, t + 2, k), col(cols, dims, t + 2, k)
        is_near = has_near(x)
        if ints[TAU] < 0 and not is_near:
            _gelu_nngp(x, v1, v, u1, u, i1, i, asin_c)
            continue
        if ints[TAU] >= 0:
            tau = slot(slots, dims, ints[TAU], k)
            if not is_near:
                _gelu_ntk(x, tau, v1, v, u1, u, i1, i, asin_c)
                continue
            _gelu_slope(x, tau, v1, v, u1, u, asin_c)
        e1, e = row(rows, dims, t + 3, k), col(cols, dims, t + 3, k)
        s1, s = row(rows, dims, t + 4, k), col(cols, dims, t + 4, k)
        p1, p = row(rows, dims, t + 5, k), col(cols, dims, t + 5, k)
        _gelu_near(x, v1, v, u1, u, i1, i, e1, e, s1, s, p1, p, asin_c)


# --- Gabor ----------------------------------------------------------------------------
# row tables: a, b, s, t, i of `gabor_pair`


@scalar
def _gabor_nngp(
    x: Strip,
    a1: Scalar,
    a: Strip,
    b1: Scalar,
    b: Strip,
    s1: Scalar,
    s: Strip,
    t1: Scalar,
    t: Strip,
    i1: Scalar,
    i: Strip,
    decay_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j] = gabor_pair(
            x[j], a1, a[j], b1, b[j], s1, s[j], t1, t[j], i1, i[j], decay_c
        )[0]


@scalar
def _gabor_ntk(
    x: Strip,
    tau: Strip,
    a1: Scalar,
    a: Strip,
    b1: Scalar,
    b: Strip,
    s1: Scalar,
    s: Strip,
    t1: Scalar,
    t: Strip,
    i1: Scalar,
    i: Strip,
    decay_c: Coefs,
) -> None:
    for j in range(len(x)):
        x[j], derivative = gabor_pair(
            x[j], a1, a[j], b1, b[j], s1, s[j], t1, t[j], i1, i[j], decay_c
        )
        tau[j] = tau[j] * derivative


def gabor(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply ``exp(-u^2) sin(u)``."""
    n = ints[TABLE]
    decay_c = decay_coefficients(constants)
    for k in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], k)
        a1, a = row(rows, dims, n, k), col(cols, dims, n, k)
        b1, b = row(rows, dims, n + 1, k), col(cols, dims, n + 1, k)
        s1, s = row(rows, dims, n + 2, k), col(cols, dims, n + 2, k)
        t1, t = row(rows, dims, n + 3, k), col(cols, dims, n + 3, k)
        i1, i = row(rows, dims, n + 4, k), col(cols, dims, n + 4, k)
        if ints[TAU] < 0:
            _gabor_nngp(x, a1, a, b1, b, s1, s, t1, t, i1, i, decay_c)
        else:
            tau = slot(slots, dims, ints[TAU], k)
            _gabor_ntk(x, tau, a1, a, b1, b, s1, s, t1, t, i1, i, decay_c)
