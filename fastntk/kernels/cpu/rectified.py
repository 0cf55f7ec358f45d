"""CPU op body of rectified powers: polynomials in the angle."""

from __future__ import annotations

import math

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Pointer, Scalar, Strip
from fastntk.kernels.abi import PANEL_ROWS, RHO, TAU
from fastntk.kernels.cpu.panel import slot
from fastntk.kernels.formulas.pairs import is_parallel
from fastntk.kernels.formulas.polynomials import (
    asin_coefficients,
    fall_terms,
    polynomial,
    slope_terms,
)

__all__ = ["rectified"]


@scalar
def _angle(x: Scalar, asin_c: Coefs) -> Scalar:
    """Return the angle in [0, pi] from the signed complement."""
    r = abs(x)
    theta = math.sqrt(like(x, 2.0) * r) * polynomial(r, asin_c)
    return theta if is_parallel(x) else like(x, math.pi) - theta


@scalar
def _rectified(x: Strip, asin_c: Coefs, fall_c: Coefs) -> None:
    one = like(x[0], 1.0)
    for j in range(len(x)):
        theta = _angle(x[j], asin_c)
        t = theta * like(one, 2.0 / math.pi) - one
        gap = (theta * theta) * polynomial(t, fall_c)
        x[j] = gap if gap < one else one


@scalar
def _rectified_ntk(
    x: Strip, tau: Strip, asin_c: Coefs, fall_c: Coefs, slope_c: Coefs
) -> None:
    one = like(x[0], 1.0)
    for j in range(len(x)):
        theta = _angle(x[j], asin_c)
        square = theta * theta
        t = theta * like(one, 2.0 / math.pi) - one
        tau[j] = tau[j] * (one - square * polynomial(t, slope_c))
        gap = square * polynomial(t, fall_c)
        x[j] = gap if gap < one else one


def rectified(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply ``max(u, 0)^d`` with ``d >= 2``.

    coefs: ``(1 - J(theta)) / theta^2`` in ``2 theta/pi - 1``, of the activation and of
    its derivative, see `fastntk.program.rectified`.
    """
    asin_c = asin_coefficients(constants)
    fall_c, slope_c = fall_terms(coefs), slope_terms(coefs)
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        if ints[TAU] >= 0:
            tau = slot(slots, dims, ints[TAU], i)
            _rectified_ntk(x, tau, asin_c, fall_c, slope_c)
        else:
            _rectified(x, asin_c, fall_c)
