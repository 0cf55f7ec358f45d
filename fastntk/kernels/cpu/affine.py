"""CPU op bodies of Dense layers and branches, and of rows of zeros."""

from __future__ import annotations

from fastntk._jit import like, scalar
from fastntk._typing import Pointer, Scalar, Strip
from fastntk.kernels.abi import (
    AFFINE_RHO,
    AFFINE_TAU_CONSTANT,
    AFFINE_TAU_OUTPUT,
    FLAGS,
    NON_NEGATIVE,
    PANEL_ROWS,
    RHO,
    RHO_2,
    TABLE,
    TAU,
    TAU_2,
)
from fastntk.kernels.cpu.panel import col, row, slot
from fastntk.kernels.formulas.pairs import (
    added_pair,
    correlation,
    mixed_near_pair,
    mixed_pair,
)

__all__ = ["add", "affine", "copy", "mask"]


# --- affine ---------------------------------------------------------------------------
# row tables: scale of the old tangent, of the old covariance, of the constant in the
# tangent; then (with a bias) sine and cosine of half the angle of (old feature,
# constant)


@scalar
def _affine_tau(
    x: Strip, tau: Strip, t1: Scalar, t: Strip, c1: Scalar, c: Strip
) -> None:
    for j in range(len(x)):
        tau[j] = (t1 * t[j]) * tau[j] + (c1 * c[j]) * correlation(x[j])


@scalar
def _affine_tau_constant(
    x: Strip,
    tau: Strip,
    t1: Scalar,
    t: Strip,
    c1: Scalar,
    c: Strip,
    b1: Scalar,
    b: Strip,
) -> None:
    for j in range(len(x)):
        old = (t1 * t[j]) * tau[j] + (c1 * c[j]) * correlation(x[j])
        tau[j] = old + b1 * b[j]


@scalar
def _affine_rho(x: Strip, s1: Scalar, s: Strip, c1: Scalar, c: Strip) -> None:
    for j in range(len(x)):
        x[j] = mixed_pair(x[j], s1, s[j], c1, c[j])


@scalar
def _affine_near_tau(
    x: Strip, tau: Strip, t1: Scalar, t: Strip, c1: Scalar, c: Strip
) -> None:
    one = like(t1, 1.0)
    for j in range(len(x)):
        tau[j] = (t1 * t[j]) * tau[j] + (c1 * c[j]) * (one - x[j])


@scalar
def _affine_near_rho(x: Strip, s1: Scalar, s: Strip, c1: Scalar, c: Strip) -> None:
    for j in range(len(x)):
        x[j] = mixed_near_pair(x[j], s1, s[j], c1, c[j])


def affine(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply ``S' = W^2 S + b^2`` and ``T' = W^2 T + f S + b_T`` to rho and tau."""
    flags = ints[FLAGS]
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        is_output = flags & AFFINE_TAU_OUTPUT
        if ints[TAU] >= 0 and not is_output:
            tau = slot(slots, dims, ints[TAU], i)
            _apply_tau(x, tau, rows, cols, dims, ints[TABLE], i, flags)
        if flags & AFFINE_RHO:
            _apply_rho(x, rows, cols, dims, ints[TABLE], i, flags)
        if ints[TAU] >= 0 and is_output:
            tau = slot(slots, dims, ints[TAU], i)
            _apply_tau(x, tau, rows, cols, dims, ints[TABLE], i, flags)


@scalar
def _apply_tau(
    x: Strip,
    tau: Strip,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    t: int,
    i: int,
    flags: int,
) -> None:
    """Update one strip of the tangent from the covariance that ``x`` holds."""
    t1, told = row(rows, dims, t, i), col(cols, dims, t, i)
    c1, c = row(rows, dims, t + 1, i), col(cols, dims, t + 1, i)
    if flags & AFFINE_TAU_CONSTANT:
        b1, b = row(rows, dims, t + 2, i), col(cols, dims, t + 2, i)
        _affine_tau_constant(x, tau, t1, told, c1, c, b1, b)
    elif flags & NON_NEGATIVE:
        _affine_near_tau(x, tau, t1, told, c1, c)
    else:
        _affine_tau(x, tau, t1, told, c1, c)


@scalar
def _apply_rho(
    x: Strip, rows: Pointer, cols: Pointer, dims: Pointer, t: int, i: int, flags: int
) -> None:
    """Update one strip of complements by the bias."""
    s1, s = row(rows, dims, t + 3, i), col(cols, dims, t + 3, i)
    c1, c = row(rows, dims, t + 4, i), col(cols, dims, t + 4, i)
    if flags & NON_NEGATIVE:
        _affine_near_rho(x, s1, s, c1, c)
    else:
        _affine_rho(x, s1, s, c1, c)


# --- rows of zeros --------------------------------------------------------------------


@scalar
def _mask(x: Strip, z1: Scalar, z: Strip) -> None:
    one = like(z1, 1.0)
    for j in range(len(x)):
        x[j] = x[j] if z1 * z[j] > like(z1, 0.0) else one


def mask(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Set the angle of rows of zeros to pi/2; left out if there are no such rows."""
    t = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        _mask(x, row(rows, dims, t, i), col(cols, dims, t, i))


# --- branches -------------------------------------------------------------------------


@scalar
def _copy(x: Strip, y: Strip) -> None:
    for j in range(len(x)):
        y[j] = x[j]


def copy(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Copy one stream into a second pair of slots (FanOut)."""
    for i in range(dims[PANEL_ROWS]):
        _copy(slot(slots, dims, ints[RHO], i), slot(slots, dims, ints[RHO_2], i))
        if ints[TAU] >= 0:
            _copy(slot(slots, dims, ints[TAU], i), slot(slots, dims, ints[TAU_2], i))


@scalar
def _add_tau(
    tau: Strip, other: Strip, t1: Scalar, t: Strip, o1: Scalar, o: Strip
) -> None:
    for j in range(len(tau)):
        tau[j] = (t1 * t[j]) * tau[j] + (o1 * o[j]) * other[j]


@scalar
def _add_rho(x: Strip, y: Strip, s1: Scalar, s: Strip, c1: Scalar, c: Strip) -> None:
    for j in range(len(x)):
        x[j] = added_pair(x[j], y[j], s1, s[j], c1, c[j])


@scalar
def _add_near_rho(
    x: Strip, y: Strip, s1: Scalar, s: Strip, c1: Scalar, c: Strip
) -> None:
    """Do the same where ``rho >= 0`` is known, and must not round to below it."""
    one, zero = like(s1, 1.0), like(s1, 0.0)
    for j in range(len(x)):
        both = added_pair(x[j], y[j], s1, s[j], c1, c[j])
        x[j] = both if both >= zero else one


def add(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Add a second stream to the first (FanInSum); tables: tangents, half angle."""
    t = ints[TABLE]
    for i in range(dims[PANEL_ROWS]):
        if ints[TAU] >= 0:
            tau, other = (
                slot(slots, dims, ints[TAU], i),
                slot(slots, dims, ints[TAU_2], i),
            )
            t1, told = row(rows, dims, t, i), col(cols, dims, t, i)
            o1, o = row(rows, dims, t + 1, i), col(cols, dims, t + 1, i)
            _add_tau(tau, other, t1, told, o1, o)
        x, y = slot(slots, dims, ints[RHO], i), slot(slots, dims, ints[RHO_2], i)
        s1, s = row(rows, dims, t + 2, i), col(cols, dims, t + 2, i)
        c1, c = row(rows, dims, t + 3, i), col(cols, dims, t + 3, i)
        if ints[FLAGS] & NON_NEGATIVE:
            _add_near_rho(x, y, s1, s, c1, c)
        else:
            _add_rho(x, y, s1, s, c1, c)
