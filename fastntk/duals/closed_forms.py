"""Closed forms of duals as NumPy functions of variances and angles.

These are for `dual_activation`; what runs on every pair is in `fastntk.kernels`. Every
function takes ``(spec, q1, q2, theta)`` with variances > 0 and returns the dual, that
of the derivative, and how many roundings of the diagonal they may be off by.
Sources: Cho and Saul 2009 (rectifiers), Williams 1997 (erf), Tsuchida et al. 2021
(Gelu), Louart et al. 2018 (waves, exponentials), Daniely et al. 2016 (polynomials).
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from fastntk._typing import FloatArray
from fastntk.spec import (
    ABRelu,
    Abs,
    Cos,
    Erf,
    Exp,
    ExpNormalized,
    Gabor,
    Gaussian,
    Gelu,
    Hermite,
    Identity,
    LeakyRelu,
    Monomial,
    Polynomial,
    Rbf,
    RectifiedMonomial,
    Relu,
    Sign,
    Sin,
    Spec,
)

__all__ = ["CLOSED_FORMS", "closed_form"]

Duals: TypeAlias = tuple[FloatArray, FloatArray, FloatArray | float]
Form: TypeAlias = Callable[[Any, FloatArray, FloatArray, FloatArray], Duals]


def closed_form(
    spec: Spec, q1: FloatArray, q2: FloatArray, theta: FloatArray
) -> Duals | None:
    """Return the duals of a layer that has a closed form.

    Parameters
    ----------
    spec : Spec
        The layer.
    q1, q2 : ndarray
        Variances > 0.
    theta : ndarray
        Angles in [0, pi].

    Returns
    -------
    tuple of ndarray or None
        ``E f(u) f(v)``, ``E f'(u) f'(v)``, and their errors in units in the last place
        of their values at ``rho = 1``; None for other layers.
    """
    form = CLOSED_FORMS.get(type(spec))
    return None if form is None else form(spec, q1, q2, theta)


def _root(q1: FloatArray, q2: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(q1) * np.sqrt(q2))


def _slopes(
    a: float, b: float, q1: FloatArray, q2: FloatArray, theta: FloatArray
) -> Duals:
    even, odd = (0.5 * (a + b)) ** 2, (0.5 * (b - a)) ** 2 * 2 / math.pi
    wedge = math.pi / 2 - theta  # asin(rho)
    value = even * np.cos(theta) + odd * (np.sin(theta) + wedge * np.cos(theta))
    return _root(q1, q2) * value, even + odd * wedge, 8.0


def _identity(spec: Identity, q1: Any, q2: Any, theta: Any) -> Duals:
    return _root(q1, q2) * np.cos(theta), np.ones_like(theta), 4.0


def _relu(spec: Relu, q1: Any, q2: Any, theta: Any) -> Duals:
    return _slopes(0.0, 1.0, q1, q2, theta)


def _abs(spec: Abs, q1: Any, q2: Any, theta: Any) -> Duals:
    return _slopes(-1.0, 1.0, q1, q2, theta)


def _ab(spec: ABRelu | LeakyRelu, q1: Any, q2: Any, theta: Any) -> Duals:
    a, b = (spec.alpha, 1.0) if isinstance(spec, LeakyRelu) else (spec.a, spec.b)
    return _slopes(a, b, q1, q2, theta)


def _sign(spec: Sign, q1: Any, q2: Any, theta: Any) -> Duals:
    return 1 - 2 * theta / math.pi, np.zeros_like(theta), 4.0


def _turned(q1: Any, q2: Any, theta: Any) -> tuple[FloatArray, FloatArray]:
    """Return the determinant of 1 + C, and ``asin(c / sqrt((1 + q1)(1 + q2)))``."""
    c, sine = _root(q1, q2) * np.cos(theta), np.sin(theta)
    det = 1 + q1 + q2 + q1 * q2 * sine * sine
    return det, np.arctan2(c, np.sqrt(det))


def _erf(spec: Erf, q1: Any, q2: Any, theta: Any) -> Duals:
    b2 = 2 * spec.b**2
    det, angle = _turned(b2 * q1, b2 * q2, theta)
    a2 = spec.a**2 * 2 / math.pi
    return a2 * angle + spec.c**2, a2 * b2 / np.sqrt(det), 12.0


def _gelu(spec: Gelu, q1: Any, q2: Any, theta: Any) -> Duals:
    det, angle = _turned(q1, q2, theta)
    c = _root(q1, q2) * np.cos(theta)
    orthant = 0.25 + angle / (2 * math.pi)
    square = (1 - q1 * q2) / ((1 + q1) * (1 + q2))
    density = 1 / (2 * math.pi * np.sqrt(det))
    top = q1 * q2 + c * c * square
    value = c * orthant + top * density
    slope = orthant + density * (c + 2 * c * square + top * c / det)
    return value, slope, 24.0


def _waves(q1: Any, q2: Any, theta: Any) -> tuple[FloatArray, FloatArray]:
    """Return ``E cos(u - v)`` and ``E cos(u + v)``."""
    apart = (np.sqrt(q1) - np.sqrt(q2)) ** 2
    g = 2 * _root(q1, q2)
    near, far = np.sin(theta / 2) ** 2, np.cos(theta / 2) ** 2
    return np.exp(-0.5 * apart - g * near), np.exp(-0.5 * apart - g * far)


def _sine(spec: Sin | Cos, q1: Any, q2: Any, theta: Any, sign: float) -> Duals:
    b2 = spec.b**2
    minus, plus = _waves(b2 * q1, b2 * q2, theta)
    turn = sign * math.cos(2 * spec.c)
    a2 = spec.a**2
    value, slope = 0.5 * a2 * (minus - turn * plus), 0.5 * a2 * (minus + turn * plus)
    return value, b2 * slope, 12.0 + 4 * b2 * (q1 + q2) * np.sin(theta / 2)


def _sin(spec: Sin, q1: Any, q2: Any, theta: Any) -> Duals:
    return _sine(spec, q1, q2, theta, 1.0)


def _cos(spec: Cos, q1: Any, q2: Any, theta: Any) -> Duals:
    return _sine(spec, q1, q2, theta, -1.0)


def _rbf(spec: Rbf, q1: Any, q2: Any, theta: Any) -> Duals:
    g = 2 * spec.gamma
    minus, _ = _waves(g * q1, g * q2, theta)
    return minus, g * minus, 12.0


def _exp(spec: Exp, q1: Any, q2: Any, theta: Any) -> Duals:
    b2 = spec.b**2
    c = _root(q1, q2) * np.cos(theta)
    value = spec.a**2 * np.exp(b2 * (0.5 * (q1 + q2) + c))
    return value, b2 * value, 8.0 + 4 * b2 * (q1 + q2)


def _exp_normalized(spec: ExpNormalized, q1: Any, q2: Any, theta: Any) -> Duals:
    factor = np.exp(spec.gamma * (np.cos(theta) + spec.shift))
    return _root(q1, q2) * factor, spec.gamma * factor, 8.0 + 4 * spec.gamma


def _gaussian(spec: Gaussian, q1: Any, q2: Any, theta: Any) -> Duals:
    s = 2 * spec.b
    one, two = s * q1, s * q2
    c = s * _root(q1, q2) * np.cos(theta)
    det = 1 - one - two + one * two * np.sin(theta) ** 2
    with np.errstate(invalid="ignore"):
        value = spec.a**2 / np.sqrt(det)
    fits = (1 - 2 * one > 0) & (1 - 2 * two > 0)
    value = np.where(fits, value, np.nan)
    return value, s * value * (c / det), 16.0 + 4 * (1 + abs(one + two)) / det


def _gabor(spec: Gabor, q1: Any, q2: Any, theta: Any) -> Duals:
    """Sines under the covariance ``C / (1 + 2 C)``, and their derivative by ``c``."""
    g = _root(q1, q2)
    c, sine2 = g * np.cos(theta), np.sin(theta) ** 2
    det = 1 + 2 * (q1 + q2) + 4 * q1 * q2 * sine2
    p1, p2 = (q1 + 2 * q1 * q2 * sine2) / det, (q2 + 2 * q1 * q2 * sine2) / det
    x = c / det
    low, high = np.exp(-0.5 * (p1 + p2) + x), np.exp(-0.5 * (p1 + p2) - x)
    odd, even = 0.5 * (low - high), 0.5 * (low + high)
    root = np.sqrt(det)
    # derivatives by c: det' = -8 c, x' = (1 + 8 c x) / det
    d_half = -2 * c / det + 4 * (p1 + p2) * x  # of (p1 + p2)/2
    d_x = (1 + 8 * c * x) / det
    slope = (even * d_x - odd * d_half + 4 * x * odd) / root
    return odd / root, slope, 64.0


def _polynomial(coef: tuple[float, ...], q1: Any, q2: Any, theta: Any) -> Duals:
    """Return the finite Hermite series of a polynomial."""
    rho = np.cos(theta)
    value, slope = np.zeros_like(rho), np.zeros_like(rho)
    total, total_slope = np.zeros_like(rho), np.zeros_like(rho)
    g = _root(q1, q2)
    for k in range(len(coef)):
        one, size1 = _hermite_part(coef, k, q1)
        two, size2 = _hermite_part(coef, k, q2)
        value += one * two * g**k * rho**k
        total += size1 * size2 * g**k
        if k:
            slope += k * one * two * (g * rho) ** (k - 1)
            total_slope += k * size1 * size2 * g ** (k - 1)
    off = 8.0 * len(coef)
    return value, slope, off * np.maximum(total, total_slope)


def _hermite_part(
    coef: tuple[float, ...], k: int, q: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return a coefficient without ``q^(k/2)``, and the sum of its terms' sizes."""
    part, size = np.zeros_like(q), np.zeros_like(q)
    for p in range(k, len(coef), 2):
        i = (p - k) // 2
        count = math.factorial(p) // (1 << i) // math.factorial(i)
        term = coef[p] * (count / math.sqrt(math.factorial(k))) * q**i
        part, size = part + term, size + np.abs(term)
    return part, size


def _power(spec: Polynomial | Monomial, q1: Any, q2: Any, theta: Any) -> Duals:
    coef = spec.coef if isinstance(spec, Polynomial) else (0.0,) * spec.degree + (1.0,)
    return _polynomial(coef, q1, q2, theta)


def _hermite(spec: Hermite, q1: Any, q2: Any, theta: Any) -> Duals:
    c, d = _root(q1, q2) * np.cos(theta), spec.degree
    slope = d * c ** (d - 1) if d else np.zeros_like(c)
    return c**d, slope, 8.0 + 2.0 * d


def _rectified(spec: RectifiedMonomial, q1: Any, q2: Any, theta: Any) -> Duals:
    d, g = spec.degree, _root(q1, q2)
    value = g**d * _half_moment(theta, d, d)
    if d == 0:
        return value, np.zeros_like(theta), 8.0
    slope = d * d * g ** (d - 1) * _half_moment(theta, d - 1, d - 1)
    return value, slope, 8.0 * 2.0**d


def _half_moment(theta: FloatArray, i: int, j: int) -> FloatArray:
    """Return ``E[x^i y^j; x > 0, y > 0]`` at unit variances, by Stein's lemma."""
    rho, sine = np.cos(theta), np.sin(theta)

    @cache
    def moment(i: int, j: int) -> FloatArray:
        if i < j:
            i, j = j, i
        if i == 0:
            return np.asarray(0.5 - theta / (2 * math.pi))
        total = (i - 1) * moment(i - 2, j) if i > 1 else 0 * rho
        if i == 1:
            total = total + edge(j)
        if j == 0:
            return np.asarray(total + rho * edge(i - 1))
        return np.asarray(total + rho * j * moment(i - 1, j - 1))

    def edge(power: int) -> FloatArray:
        size = 0.5 if power % 2 == 0 else 1 / math.sqrt(2 * math.pi)
        for k in range(power, 1, -2):
            size *= k - 1
        return np.asarray(sine**power * (size / math.sqrt(2 * math.pi)))

    return moment(i, j)


CLOSED_FORMS: dict[type[Spec], Form] = {
    ABRelu: _ab,
    Abs: _abs,
    Cos: _cos,
    Erf: _erf,
    Exp: _exp,
    ExpNormalized: _exp_normalized,
    Gabor: _gabor,
    Gaussian: _gaussian,
    Gelu: _gelu,
    Hermite: _hermite,
    Identity: _identity,
    LeakyRelu: _ab,
    Monomial: _power,
    Polynomial: _power,
    Rbf: _rbf,
    RectifiedMonomial: _rectified,
    Relu: _relu,
    Sign: _sign,
    Sin: _sin,
}
