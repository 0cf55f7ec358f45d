"""CPU op bodies of Dropout, of products of branches, and of a floor under rows."""

from __future__ import annotations

import math

from fastntk._jit import like, scalar
from fastntk._typing import Pointer, Scalar, Strip
from fastntk.kernels.abi import PANEL_ROWS, RHO, RHO_2, TABLE, TAU, TAU_2
from fastntk.kernels.cpu.panel import col, row, slot
from fastntk.kernels.formulas.pairs import complement, correlation
from fastntk.kernels.formulas.smooth import joined

__all__ = ["dropout", "floor", "multiply"]


@scalar
def _dropout_rho(x: Strip, rate: Scalar) -> None:
    rest = like(rate, 1.0) - rate
    for j in range(len(x)):
        x[j] = math.copysign(rest + rate * abs(x[j]), x[j])


@scalar
def _dropout_tau(tau: Strip, rate: Scalar) -> None:
    for j in range(len(tau)):
        tau[j] = tau[j] * rate


def dropout(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Drop features: different rows keep ``rate`` of their correlation; coefs: rate."""
    for i in range(dims[PANEL_ROWS]):
        _dropout_rho(slot(slots, dims, ints[RHO], i), coefs[0])
        if ints[TAU] >= 0:
            _dropout_tau(slot(slots, dims, ints[TAU], i), coefs[0])


@scalar
def _multiply_tau(
    x: Strip,
    y: Strip,
    tau: Strip,
    other: Strip,
    t1: Scalar,
    t: Strip,
    o1: Scalar,
    o: Strip,
) -> None:
    for j in range(len(x)):
        first = (t1 * t[j]) * (tau[j] * correlation(y[j]))
        tau[j] = first + (o1 * o[j]) * (other[j] * correlation(x[j]))


@scalar
def _multiply_rho(x: Strip, y: Strip) -> None:
    one = like(x[0], 1.0)
    for j in range(len(x)):
        sign = math.copysign(one, x[j]) * math.copysign(one, y[j])
        x[j] = math.copysign(joined(abs(x[j]), abs(y[j])), sign)


def multiply(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Multiply by a second, independent stream (FanInProd); tables: tangents."""
    n = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        x, y = slot(slots, dims, ints[RHO], i), slot(slots, dims, ints[RHO_2], i)
        if ints[TAU] >= 0:
            tau = slot(slots, dims, ints[TAU], i)
            other = slot(slots, dims, ints[TAU_2], i)
            t1, t = row(rows, dims, n, i), col(cols, dims, n, i)
            o1, o = row(rows, dims, n + 1, i), col(cols, dims, n + 1, i)
            _multiply_tau(x, y, tau, other, t1, t, o1, o)
        _multiply_rho(x, y)


@scalar
def _floor(x: Strip, z1: Scalar, z: Strip, g1: Scalar, g: Strip) -> None:
    zero = like(z1, 0.0)
    for j in range(len(x)):
        x[j] = x[j] if z1 * z[j] > zero else complement(g1 * g[j])


def floor(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Give rows of zeros one small covariance with all; left out if there are none."""
    t = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        z1, z = row(rows, dims, t, i), col(cols, dims, t, i)
        g1, g = row(rows, dims, t + 1, i), col(cols, dims, t + 1, i)
        _floor(x, z1, z, g1, g)
