"""Lowering of polynomials: their Hermite coefficients at any variance.

For ``u = sqrt(q) z`` with a normal ``z``, the power ``u^p`` has the coefficient
``q^(p/2) p! / (2^i i! sqrt(k!))``, ``i = (p - k)/2``, on the normalised Hermite
polynomial of degree ``k`` (Han et al. 2022).
"""

import dataclasses
import math

from fastntk.kernels.abi import UNIT_VARIANCE
from fastntk.program.lowering.checks import check_finite, require_gaussian
from fastntk.program.lowering.walk import Builder, State, Stream, lowers
from fastntk.program.ops import padded
from fastntk.spec import Hermite, Monomial, Polynomial

__all__ = ["hermite_matrix"]


def hermite_matrix(coef: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    """Return ``M`` of ``a_k(q) = q^(k/2) sum_i M[k][i] q^i`` for a polynomial.

    Parameters
    ----------
    coef : tuple of float
        The coefficients of the polynomial, lowest degree first.

    Returns
    -------
    tuple of tuple of float
        One row for each ``k`` up to the degree, all of the same length.

    Examples
    --------
    >>> hermite_matrix((0.0, 1.0, 0.5))  # 0.5 q + sqrt(q) h1 + q h2 / sqrt(2)
    ((0.0, 0.5), (1.0, 0.0), (0.7071067811865475, 0.0))
    """
    n = len(coef)
    n_powers = (n + 1) // 2

    def entry(k: int, i: int) -> float:
        p = k + 2 * i
        if p >= n or not coef[p]:
            return 0.0
        count = math.factorial(p) // (1 << i) // math.factorial(i)  # exact
        return coef[p] * (count / math.sqrt(math.factorial(k)))

    return tuple(tuple(entry(k, i) for i in range(n_powers)) for k in range(n))


@lowers(Polynomial)
def _polynomial(spec: Polynomial, builder: Builder, state: Stream, label: str) -> State:
    coef = spec.coef
    while len(coef) > 1 and coef[-1] == 0.0:
        coef = coef[:-1]
    return _series(hermite_matrix(coef), 0, builder, state, label)


@lowers(Monomial)
def _monomial(spec: Monomial, builder: Builder, state: Stream, label: str) -> State:
    coef = (0.0,) * spec.degree + (1.0,)
    return _series(hermite_matrix(coef), 0, builder, state, label)


@lowers(Hermite)
def _hermite(spec: Hermite, builder: Builder, state: Stream, label: str) -> State:
    matrix = ((0.0,),) * spec.degree + ((1.0,),)  # c^degree
    return _series(matrix, UNIT_VARIANCE, builder, state, label)


def _series(
    matrix: tuple[tuple[float, ...], ...],
    flags: int,
    builder: Builder,
    state: Stream,
    label: str,
) -> State:
    require_gaussian(state, label)
    entries = tuple(m for row in matrix for m in row)
    check_finite(label, sum(m * m for m in entries) * len(matrix))
    if state.needs_mask:
        builder.emit("mask", label, state)
    n, n_powers = float(len(matrix)), float(len(matrix[0]))
    builder.emit(
        "mehler",
        label,
        state,
        flags=flags,
        coefs=(float(padded(len(matrix))), 0.0),
        row_coefs=(n, n_powers, *entries),
    )
    # the terms of rows with unequal variances may have any sign
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=False)
