"""The derivative's dual from the activation's, by Price's theorem.

``d/dc E[f(u) f(v)] = E[f'(u) f'(v)]`` for ``(u, v)`` normal with covariance ``c`` (R.
Price 1958). The derivative of a Python function is taken by a complex step, which is
exact to rounding if the function is analytic as it is written, or by differences.
"""

import dataclasses
import functools
import warnings
from typing import Any

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import AnyArray, FloatArray
from fastntk.duals.user.checked import Checked, DualFunction
from fastntk.duals.user.differences import Differences, limits

__all__ = ["ComplexStep", "Derivative", "differentiate"]

N_POINTS = 64  # at which the complex step has to agree with differences
AGREE = 1e-8  # so well, besides ten times the differences' own error
ACCURATE = 1e-9  # error at the ends that needs no comparison
HOPELESS = 1e-3  # error of differences that can judge nothing
STEP = 1e-30  # of the complex step, relative to sqrt(var1 var2); also a variance
EDGE = 2.0**-50  # nearest to |cov12| = sqrt(var1 var2) that it goes, relative
DEGREE, CHECK_DEGREE = 15, 11  # of the differences, and of those that tell their error

Point = tuple[FloatArray, FloatArray, FloatArray]


@dataclasses.dataclass(frozen=True)
class Derivative:
    """A derivative's dual that was found, and how good it is.

    Parameters
    ----------
    function : callable
        ``(cov12, var1, var2) -> E[f'(u) f'(v)]``.
    error : float
        Estimate, relative to the value or to ``sqrt(E[f(u)^2] E[f(v)^2] / (var1
        var2))``, whichever is larger.
    description : str
        The method and the error, in words.
    """

    function: DualFunction
    error: float
    description: str


@functools.lru_cache(maxsize=64)
def differentiate(dual: Checked) -> Derivative:
    """Return the derivative of a dual by its first argument.

    Parameters
    ----------
    dual : Checked
        The user's function.

    Returns
    -------
    Derivative
        By `ComplexStep` if that agrees with `Differences` at 64 points, else by the
        latter.

    Raises
    ------
    NetworkError
        If the function takes no arrays, or is not finite at most of the points.
    """
    inner = _points(dual)
    differences = Differences(dual.unchecked, DEGREE)
    check = Differences(dual.unchecked, CHECK_DEGREE)
    real = differences(*inner)
    scale = np.maximum(_scale(dual, inner), np.abs(real))
    spread = _largest((real - check(*inner)) / scale)
    error = max(1e-15, spread, _end_error(dual, differences, check, 0.0))
    step = ComplexStep(dual)
    gap = _largest((step.or_nan(*inner) - real) / scale)
    if gap <= AGREE + 10 * spread and spread <= HOPELESS:
        step_error = max(1e-15, _end_error(dual, step.or_nan, step.or_nan, 4 * EDGE))
        if step_error <= max(ACCURATE, error):
            return Derivative(
                step, step_error, _described("a complex step", step_error)
            )
    slope = Checked(differences, "nngp_fn, by differences,", dual.label)
    how = f"differences of degree {DEGREE}"
    return Derivative(slope, error, _described(how, error))


class ComplexStep:
    """The derivative of a dual as ``Im f(c + ih) / h``.

    Parameters
    ----------
    dual : Checked
        The user's function, which has to work on complex arrays.
    """

    def __init__(self, dual: Checked) -> None:
        self._dual = dual
        self._checked = Checked(self._raw, "nngp_fn, by a complex step,", dual.label)

    def __call__(self, cov12: Any, var1: Any, var2: Any) -> FloatArray:
        """Return the derivative.

        Parameters
        ----------
        cov12, var1, var2 : array-like
            Covariances and variances, of shapes that go together.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        NetworkError
            If it is NaN somewhere.
        """
        return self._checked(cov12, var1, var2)

    def or_nan(self, cov12: Any, var1: Any, var2: Any) -> FloatArray:
        """Return the derivative, NaN where the function has no complex step.

        Parameters
        ----------
        cov12, var1, var2 : array-like
            Covariances and variances, of shapes that go together.

        Returns
        -------
        ndarray of float64
        """
        try:
            with warnings.catch_warnings():  # of numbers cast to real ones
                warnings.simplefilter("ignore")
                return self._checked.unchecked(cov12, var1, var2)
        except Exception:  # of any kind: it does not work on complex numbers
            return np.full(np.broadcast_shapes(*map(np.shape, (cov12, var1))), np.nan)

    def _raw(self, cov12: AnyArray, var1: AnyArray, var2: AnyArray) -> AnyArray:
        var1, var2, limit = limits(var1, var2, STEP)
        inside = np.clip(cov12, -limit * (1 - EDGE), limit * (1 - EDGE))
        step = STEP * limit
        values = self._dual.function(inside + 1j * step, var1, var2)
        return np.asarray(np.imag(values) / step)


def _points(dual: Checked) -> Point:
    """Return up to 64 points with angles and variances of all kinds."""
    k = np.arange(N_POINTS)
    var1, var2 = (10 ** (2.5 * np.mod((k + 0.5) * r, 1) - 1.5) for r in (0.755, 0.57))
    rho = 0.95 * np.cos(np.pi * (k + 0.5) / N_POINTS)
    point = (rho * np.sqrt(var1 * var2), var1, var2)
    at_ends = [dual.unchecked(v, v, v) for v in (var1, var2)]
    is_good = np.isfinite(dual.unchecked(*point) + at_ends[0] + at_ends[1])
    if 2 * is_good.sum() < N_POINTS:
        raise NetworkError(
            f"{dual.label}: nngp_fn returned NaN or infinity at "
            f"{N_POINTS - is_good.sum()} of {N_POINTS} points with variances from 0.03 "
            "to 10; expected finite numbers wherever |cov12| <= sqrt(var1 var2)"
        )
    cov12, var1, var2 = (array[is_good] for array in point)
    return cov12, var1, var2


def _scale(dual: Checked, point: Point) -> FloatArray:
    """Return ``sqrt(E[f(u)^2] E[f(v)^2] / (var1 var2))``."""
    _, var1, var2 = point
    sizes = [np.abs(dual.unchecked(v, v, v)) / v for v in (var1, var2)]
    floor = np.finfo(np.float64).tiny
    return np.asarray(np.maximum(np.sqrt(sizes[0]) * np.sqrt(sizes[1]), floor))


def _end_error(
    dual: Checked, one: DualFunction, two: DualFunction, move: float
) -> float:
    """Return how far two derivatives differ at equal and at opposite rows."""
    _, var1, var2 = _points(dual)
    limit = np.sqrt(var1) * np.sqrt(var2)
    ends = [(var1, var1, var1), (limit, var1, var2), (-limit, var1, var2)]
    worst = 0.0
    for point in ends:
        c, v1, v2 = point
        first, second = one(c, v1, v2), two(c * (1 - move), v1, v2)
        scale = np.maximum(_scale(dual, point), np.abs(first))
        worst = max(worst, _largest((first - second) / scale))
    return worst


def _described(how: str, error: float) -> str:
    return (
        f"d_nngp_fn is the derivative of nngp_fn by {how} with an error of about "
        f"{error:.0e} at variances of order 1"
    )


def _largest(values: FloatArray) -> float:
    """Return the largest magnitude, infinity for NaN."""
    largest = np.nan_to_num(np.abs(values), nan=np.inf).max(initial=0.0)
    return float(largest)
