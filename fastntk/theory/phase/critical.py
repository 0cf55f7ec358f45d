"""The critical line between order and chaos."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.theory._checks import as_numbers, not_empty
from fastntk.theory.phase.fixed_point import at_zero, log_grid
from fastntk.theory.phase.moments import (
    Activation,
    ActivationMoments,
    Moments,
    as_moments,
)

__all__ = ["CriticalLine", "critical_line"]

_NEAR = np.array([1e-4, 1e-3, 1e-2])  # variances that stay small if 0 is stable


@dataclass(frozen=True, eq=False)
class CriticalLine:
    """Weight scales at which gradients neither vanish nor explode.

    Attributes
    ----------
    b_std : ndarray of shape (m,)
        Standard deviations of biases.
    W_std : ndarray of shape (m,)
        The critical standard deviations of weights.
    q : ndarray of shape (m,)
        Variance at the fixed point there; 0.0 if it vanishes, or if every one is fixed.
    is_stable : ndarray of bool, shape (m,)
        Whether variances near q stay near it.
    """

    b_std: FloatArray
    W_std: FloatArray
    q: FloatArray
    is_stable: Any


def critical_line(
    activation: Activation,
    b_std: Any = 0.0,
    *,
    kinks: Sequence[float] = (0.0,),
    derivative: Callable[[Any], Any] | None = None,
) -> CriticalLine:
    """Find the weight scale of the edge of chaos for given bias scales.

    Parameters
    ----------
    activation : Network, Spec or callable
        A layer of `fastntk.stax`, or a vectorised function.
    b_std : float or array-like of shape (m,), default=0.0
        Standard deviations of biases, >= 0.
    kinks : sequence of float, default=(0.0,)
        For a function: where it, or a derivative of it, jumps or varies fast.
    derivative : callable, optional
        For a function: its derivative.

    Returns
    -------
    CriticalLine

    Raises
    ------
    InputError
        If an argument is out of range, or there is no critical point with a given bias,
        as for ReLU with any but 0.

    Notes
    -----
    With ``V(q) = E phi(sqrt(q) z)^2`` and ``D(q) = E phi'(sqrt(q) z)^2`` the conditions
    ``chi_1 = 1`` and ``q = W_std^2 V + b_std^2`` [1]_ give ``W_std^2 = 1 / D(q)`` and
    ``b_std^2 = q - V(q) / D(q)``: one equation for q. Of several solutions the stable
    one of smallest q is taken (``V'(q) < D(q)``), else the smallest. With no bias and
    ``phi(0) = 0`` the fixed point is 0, where both sides agree to first order; it is
    stable if small variances do not grow, as those of GELU do.

    References
    ----------
    .. [1] S. S. Schoenholz et al., "Deep information propagation", ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax, theory
    >>> line = theory.critical_line(np.tanh, np.sqrt([0.0, 0.05]))
    >>> (line.W_std**2).round(3)
    array([1.   , 1.761])
    >>> theory.critical_line(stax.Relu()).W_std.round(6)
    array([1.414214])
    """
    source = as_moments(activation, kinks, derivative)
    biases = not_empty(np.atleast_1d(as_numbers(b_std, "b_std", 0.0)).ravel(), "b_std")
    grid, table = log_grid(source)
    found = [_solve(source, grid, table, float(b)) for b in biases]
    q, w_std, stable = (np.array(column) for column in zip(*found, strict=True))
    return CriticalLine(biases, w_std, q, stable)


def _solve(
    source: ActivationMoments, grid: FloatArray, table: Moments, b_std: float
) -> tuple[float, float, bool]:
    """Return q, W_std and whether q is stable."""

    def bias2(q: float) -> float:
        here = source.moments(np.array([q]))
        return float(q - here.variance[0] / here.slope[0]) - b_std**2

    with np.errstate(divide="ignore", invalid="ignore"):
        gap = grid - table.variance / table.slope
    gap[np.abs(gap) <= 1e-9 * grid] = 0.0  # homogeneous: every variance has b_std = 0
    start = at_zero(source)
    if b_std == 0.0 and start.variance[0] <= 1e-9 < start.slope[0]:
        near = source.moments(_NEAR).variance / (_NEAR * start.slope[0])
        return (
            0.0,
            1.0 / math.sqrt(float(start.slope[0])),
            bool((near <= 1 + 1e-6).all()),
        )
    excess = gap - b_std**2
    cells = np.flatnonzero(excess[:-1] * excess[1:] < 0)
    roots = [brentq(bias2, grid[i], grid[i + 1], rtol=1e-14) for i in cells]
    if not roots:
        raise InputError(
            f"b_std: found {b_std:g}, with which this activation has no critical point "
            f"for any W_std (its bias there is {_range_of(gap)}); expected a bias on "
            "its critical line. Homogeneous activations such as ReLU have 0 only"
        )
    moments = source.moments(np.array(roots))
    stable = np.flatnonzero(moments.growth < moments.slope)
    best = int(stable[0]) if len(stable) else 0
    w_std = 1.0 / math.sqrt(float(moments.slope[best]))
    return float(roots[best]), w_std, len(stable) > 0


def _range_of(gap: FloatArray) -> str:
    """Return the biases that are critical for some variance, in words."""
    biases = gap[np.isfinite(gap) & (gap >= 0)]
    if not len(biases) or biases.max() < 1e-6:
        return "0"
    return f"from {math.sqrt(biases.min()):.3g} to {math.sqrt(biases.max()):.3g}"
