"""`dual_activation`: the dual of one activation with a bound on its error."""

from typing import Any

import numpy as np

from fastntk._errors import InputError, NetworkError, RangeError, ToleranceNotReached
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation import to_array
from fastntk.duals.angles import angle_of
from fastntk.duals.closed_forms import closed_form
from fastntk.duals.numerical import NumericalDual, numerical_dual
from fastntk.duals.numerical_host import constant_duals
from fastntk.duals.pairs.bounded import pair_duals
from fastntk.duals.pairs.words import in_words, is_cancelled, remedy
from fastntk.duals.series.rounding import rounding_of_constants
from fastntk.duals.user.host import host_dual
from fastntk.spec import Elementwise, ElementwiseNumerical, Numerical, Spec

__all__ = ["DualActivation", "dual_activation"]

EPS = 2.0**-52
CONSTANT = 32 * EPS  # relative error of products of two means
SLACK = 8 * EPS  # of |q12| beyond sqrt(q11 q22)


class DualActivation(tuple[FloatArray, FloatArray, FloatArray]):
    """What `dual_activation` returns: a triple with names.

    Attributes
    ----------
    kappa, kappa_dot, bound : ndarray
        The three items.
    kappa_bound, kappa_dot_bound : ndarray
        Bounds for either alone; ``bound`` is the larger one.
    kind : str
        "proven" or "estimated".
    method : str
        "closed form", "series", "quadrature" or "function".
    """

    kappa_bound: FloatArray
    kappa_dot_bound: FloatArray
    kind: str
    method: str

    @property
    def kappa(self) -> FloatArray:
        """``E[f(u) f(v)]``."""
        return self[0]

    @property
    def kappa_dot(self) -> FloatArray:
        """``E[f'(u) f'(v)]``."""
        return self[1]

    @property
    def bound(self) -> FloatArray:
        """A bound on the errors of both."""
        return self[2]

    def __repr__(self) -> str:
        return (
            f"DualActivation(kappa={self.kappa!r}, kappa_dot={self.kappa_dot!r}, "
            f"bound={self.bound!r}, kind={self.kind!r}, method={self.method!r})"
        )


def dual_activation(layer: Any, q11: Any, q12: Any, q22: Any) -> DualActivation:
    """Return the dual of an activation, that of its derivative, and an error bound.

    Parameters
    ----------
    layer : Network or Spec
        One elementwise layer of `fastntk.stax`, e.g. ``stax.Tanh()``.
    q11, q12, q22 : array-like
        Variance of ``u``, covariance, and variance of ``v``, of shapes that go
        together; taken as exact.

    Returns
    -------
    DualActivation
        ``(kappa, kappa_dot, bound)``: ``E[f(u) f(v)]``, ``E[f'(u) f'(v)]`` and a bound
        on the absolute errors of both, each of the broadcast shape. Attributes of the
        same tuple: ``kappa_bound`` and ``kappa_dot_bound`` apart, ``kind`` ("proven":
        a closed form, or a function that is analytic in a strip that is known;
        "estimated": two independent rules agree) and ``method``.

    Raises
    ------
    InputError
        If the variances are no finite numbers >= 0, or ``|q12| > sqrt(q11 q22)``.
    NetworkError
        If the layer is no activation, or its function is not fit to be averaged.
    RangeError
        If the dual is infinite at these variances.
    ToleranceNotReached
        If the bound is above the layer's ``tol`` times ``sqrt(kappa11 kappa22)``, and
        100 times that for the derivative. A function that takes a difference of larger
        numbers, as ``1 - cos(u)`` does near 0, has rounded values: its bound says so,
        and is returned up to 1e-6.

    Notes
    -----
    Smooth functions: the Hermite series with all its terms, up to 4,096; the bound is
    Parseval's for what is left, the difference between two rules of quadrature for the
    coefficients, and rounding. Functions with kinks: quadrature in polar coordinates,
    cut at the kinks, some milliseconds for a pair.

    Examples
    --------
    >>> import fastntk
    >>> from fastntk import stax
    >>> kappa, kappa_dot, bound = fastntk.dual_activation(stax.Tanh(), 1.0, 0.5, 1.0)
    >>> print(f"{kappa:.12f} {kappa_dot:.12f}")
    0.186324413203 0.384747028441
    >>> bool(bound < 1e-13)
    True
    """
    spec = getattr(layer, "spec", layer)
    label = shown(spec)
    arrays = [_as_numbers(a, n) for a, n in ((q11, "q11"), (q12, "q12"), (q22, "q22"))]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    q1, c, q2 = (np.broadcast_to(a, shape).ravel() for a in arrays)
    _check_moments(q1, c, q2)
    n = c.size
    value, slope = np.zeros(n), np.zeros(n)
    bounds, bounds_slope = np.zeros(n), np.zeros(n)
    kind, method = "proven", "closed form"
    is_pair = (q1 > 0) & (q2 > 0)
    for some, compute in ((is_pair, _pairs), (~is_pair, _constants)):
        if some.any() or (n == 0 and some is is_pair):
            found = compute(spec, label, q1[some], c[some], q2[some])
            value[some], slope[some], bounds[some], bounds_slope[some] = found[:4]
            kind, method = found[4:]
    if not (np.isfinite(value) & np.isfinite(slope)).all():
        bad = np.flatnonzero(~(np.isfinite(value) & np.isfinite(slope)))[0]
        raise RangeError(
            f"{label}: its dual is infinite at q11 = {q1[bad]:.6g}, q12 = "
            f"{c[bad]:.6g}, q22 = {q2[bad]:.6g}; expected variances at which "
            "E[f(u)^2] fits in float64"
        )
    numbers = (value, slope, np.maximum(bounds, bounds_slope))
    result = DualActivation(a.reshape(shape)[()] for a in numbers)
    result.kappa_bound = bounds.reshape(shape)[()]
    result.kappa_dot_bound = bounds_slope.reshape(shape)[()]
    result.kind, result.method = kind, method
    return result


Found = tuple[FloatArray, FloatArray, FloatArray, FloatArray, str, str]


def _as_numbers(values: Any, name: str) -> FloatArray:
    array = to_array(values, name)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name}: found dtype {array.dtype}; expected real numbers")
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise InputError(f"{name}: found NaN or infinity; expected finite numbers")
    return numbers


def _check_moments(q1: FloatArray, c: FloatArray, q2: FloatArray) -> None:
    for q, name in ((q1, "q11"), (q2, "q22")):
        if (q < 0).any():
            raise InputError(
                f"{name}: found {q[q < 0][0]:.6g}; expected variances >= 0"
            )
    limit = np.sqrt(q1) * np.sqrt(q2)
    beyond = np.abs(c) > limit * (1 + SLACK)
    if beyond.any():
        at = int(np.flatnonzero(beyond)[0])
        raise InputError(
            f"q12: found {c[at]:.17g} with q11 = {q1[at]:.6g} and q22 = {q2[at]:.6g}; "
            "expected |q12| <= sqrt(q11 q22). Check the order of the arguments: q11, "
            "q12, q22"
        )


def _pairs(
    spec: Spec, label: str, q1: FloatArray, c: FloatArray, q2: FloatArray
) -> Found:
    theta = angle_of(c, q1, q2)
    found = closed_form(spec, q1, q2, theta)
    if found is not None:
        value, slope, ulps = found
        scales = _closed_scales(spec, q1, q2)
        return (
            value,
            slope,
            EPS * ulps * scales[0],
            EPS * ulps * scales[1],
            "proven",
            "closed form",
        )
    if isinstance(spec, Elementwise) and spec.nngp_fn is not None:
        return _of_functions(spec, label, q1, c, q2)
    if not isinstance(spec, Numerical | Elementwise | ElementwiseNumerical):
        raise NetworkError(
            f"{label}: found {type(spec).__name__}; expected one elementwise layer, "
            "e.g. stax.Tanh()"
        )
    return _numerical(numerical_dual(spec, label), q1, q2, theta)


def _closed_scales(
    spec: Spec, q1: FloatArray, q2: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the roots of the products of the values at equal rows."""
    zero = np.zeros_like(q1)
    sides = [closed_form(spec, q, q, zero) for q in (q1, q2)]
    assert sides[0] is not None and sides[1] is not None
    scales = [
        np.sqrt(np.abs(a)) * np.sqrt(np.abs(b))
        for a, b in zip(sides[0][:2], sides[1][:2], strict=True)
    ]
    return scales[0], scales[1]


def _numerical(
    dual: NumericalDual, q1: FloatArray, q2: FloatArray, theta: FloatArray
) -> Found:
    if not len(theta):
        return theta, theta, theta, theta, dual.kind, dual.method
    source = dual.source
    terms, tol = dual.least_terms, dual.tol
    found = pair_duals(source, q1, q2, theta, dual.method, terms, tol)
    tiny = np.finfo(np.float64).tiny
    worst = float((found.bound / (found.scale + tiny)).max())
    worst_slope = float((found.bound_slope / (found.scale_slope + tiny)).max())
    q = np.concatenate([q1, q2])
    is_met = worst <= dual.tol and worst_slope <= 100 * dual.tol
    if not is_met and not (worst > dual.tol and is_cancelled(source, q, worst)):
        raise ToleranceNotReached(
            f"{dual.label}: {in_words(worst, worst_slope)}, by {found.method}; "
            f"expected at most tol = {dual.tol:.0e} (100 tol). "
            + remedy(source, q, worst, dual.tol)
        )
    kind = dual.kind if found.method != "quadrature" else "estimated"
    return found.value, found.slope, found.bound, found.bound_slope, kind, found.method


def _of_functions(
    spec: Elementwise, label: str, q1: FloatArray, c: FloatArray, q2: FloatArray
) -> Found:
    """Return what the functions of a user say; they are taken at their word."""
    assert spec.nngp_fn is not None
    dual = host_dual(spec.nngp_fn, spec.d_nngp_fn, label)
    value, slope = dual.nngp_fn(c, q1, q2), dual.d_nngp_fn(c, q1, q2)
    scales = []
    for fn in (dual.nngp_fn, dual.d_nngp_fn):
        one, two = (np.abs(fn(q, q, q)) for q in (q1, q2))
        scales.append(np.sqrt(one) * np.sqrt(two))
    off = 16 * EPS if spec.d_nngp_fn is not None else max(16 * EPS, 10 * dual.error)
    return value, slope, 16 * EPS * scales[0], off * scales[1], "estimated", "function"


def _constants(
    spec: Spec, label: str, q1: FloatArray, c: FloatArray, q2: FloatArray
) -> Found:
    """Return the duals where a side has no variance."""
    if isinstance(spec, Elementwise) and spec.nngp_fn is not None:
        return _of_functions(spec, label, q1, c, q2)
    if isinstance(spec, Numerical | Elementwise | ElementwiseNumerical):
        dual = numerical_dual(spec, label)
        top = max(float(q1.max()), float(q2.max())) or 1.0
        value, slope = constant_duals(dual.source, q1, q2, top)
        own, own_slope = rounding_of_constants(dual.source, q1, q2, top)
        own += CONSTANT * np.abs(value)
        own_slope += CONSTANT * np.abs(slope)
        return value, slope, own, own_slope, dual.kind, "quadrature"
    # the limit at a right angle, as in a network
    smallest = 1e-200
    one, two = np.maximum(q1, smallest), np.maximum(q2, smallest)
    right = np.full_like(q1, np.pi / 2)
    found = closed_form(spec, one, two, right)
    if found is None:
        return _pairs(spec, label, one, c, two)
    size = 32 * EPS
    return (
        found[0],
        found[1],
        size * np.abs(found[0]),
        size * np.abs(found[1]),
        "proven",
        "closed form",
    )
