"""Functions made of polynomials of degree 2 or less: closed forms of their duals.

A function is the polynomial around 0 plus, at every kink ``c``, a polynomial in ``(u -
c)_+`` to the right of 0 or in ``(c - u)_+`` to the left, so that a kink far from 0
adds what little it matters, and nothing cancels. Means of two such powers follow from
the normal orthant by Stein's lemma::

    M[a, b] = E (x - h)_+^a (y - k)_+^b
    M[0, 0] = (Q(h) + Q(k))/2 - T(h, .) - T(k, .)

with Owen's T (Owen 1956).
"""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from fastntk._typing import FloatArray

__all__ = ["Piecewise"]

OneSided: TypeAlias = tuple[tuple[float, tuple[float, ...]], ...]


@dataclasses.dataclass(frozen=True)
class Piecewise:
    """A piecewise polynomial.

    Attributes
    ----------
    base : tuple of float
        Coefficients of the polynomial to the left of the first kink >= 0.
    right, left : tuple of (float, tuple of float)
        Kinks ``c >= 0`` and ``c < 0``, as distances from 0, and what is added there:
        coefficients of powers of the distance beyond the kink.
    """

    base: tuple[float, ...]
    right: OneSided
    left: OneSided

    @property
    def derivative(self) -> "Piecewise":
        """The derivative almost everywhere."""
        right = tuple((c, _derived(p)) for c, p in self.right)
        left = tuple((c, tuple(-v for v in _derived(p))) for c, p in self.left)
        return Piecewise(_derived(self.base), right, left)

    def duals(
        self, q1: FloatArray, q2: FloatArray, theta: FloatArray
    ) -> list[tuple[FloatArray, FloatArray]]:
        """Return ``E f(u) f(v)`` and ``E f'(u) f'(v)``.

        Parameters
        ----------
        q1, q2 : ndarray of shape (n,)
            Variances > 0.
        theta : ndarray of shape (n,)
            Angles in [0, pi].

        Returns
        -------
        list of two tuples of ndarray of shape (n,)
            Each with the sum of the sizes of its terms: a rounding of that is the
            error.
        """
        sums = [(np.zeros_like(theta), np.zeros_like(theta)) for _ in range(2)]
        for terms in self._terms(np.sqrt(q1), np.sqrt(q2), theta):
            for sum_, term in zip(sums, terms, strict=True):
                np.add(sum_[0], term, out=sum_[0])
                np.add(sum_[1], np.abs(term), out=sum_[1])
        return sums

    def _terms(
        self, r1: FloatArray, r2: FloatArray, theta: FloatArray
    ) -> Iterator[list[FloatArray]]:
        """Yield the terms of both means."""
        both = (self, self.derivative)
        cosine = np.cos(theta)
        angle, other = _Angle(theta, cosine), _Angle(math.pi - theta, -cosine)
        yield [_base_means(f.base, r1, r2, angle.rho) for f in both]
        for name, side in (("right", angle), ("left", other)):
            for pieces in zip(*(getattr(f, name) for f in both), strict=True):
                for x, y in ((r1, r2), (r2, r1)):
                    yield [
                        _mixed(f.base, x, p, y, c / y, side.rho)
                        for f, (c, p) in zip(both, pieces, strict=True)
                    ]
        kinks = [
            (name, i)
            for name in ("right", "left")
            for i in range(len(getattr(self, name)))
        ]
        for one, i in kinks:
            for two, j in kinks:
                turn = angle if one == two else other
                (c1, p1), (c2, p2) = getattr(self, one)[i], getattr(self, two)[j]
                means = _moments(c1 / r1, c2 / r2, turn, len(p1), len(p2))
                yield [
                    _pieces(getattr(f, one)[i][1], r1, getattr(f, two)[j][1], r2, means)
                    for f in both
                ]


@dataclasses.dataclass(frozen=True)
class _Angle:
    theta: FloatArray
    rho: FloatArray


def _derived(p: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(k * v for k, v in enumerate(p))[1:] or (0.0,)


def _base_means(p: tuple[float, ...], r1: Any, r2: Any, rho: Any) -> FloatArray:
    p0, p1, p2 = (*p, 0.0, 0.0)[:3]
    one, two = p0 + p2 * r1 * r1, p0 + p2 * r2 * r2
    wave = p2 * r1 * r2 * rho
    return np.asarray(one * two + p1 * p1 * r1 * r2 * rho + 2 * wave * wave)


def _one_sided(h: FloatArray, n: int) -> list[FloatArray]:
    """Return ``E (x - h)_+^k`` for k < n."""
    from scipy import special  # slow to load, and not every kernel needs it

    density = np.exp(-0.5 * h * h) / math.sqrt(2 * math.pi)
    means = [special.ndtr(-h), density - h * special.ndtr(-h)]
    for k in range(1, n - 1):
        means.append(k * means[k - 1] - h * means[k])
    return means[:n]


def _mixed(
    base: tuple[float, ...], r1: Any, p: tuple[float, ...], r2: Any, k: Any, rho: Any
) -> FloatArray:
    """Return ``E base(r1 x) piece(y)``; to the left ``y`` is the negative."""
    b0, b1, b2 = (*base, 0.0, 0.0)[:3]
    means = _one_sided(k, len(p) + 2)
    total = np.zeros_like(rho)
    for n, v in enumerate(p):
        if not v:
            continue
        first = means[n + 1] + k * means[n]
        if b2:
            second = means[n + 2] + 2 * k * means[n + 1] + k * k * means[n]
            square = rho * rho * second + (1 - rho * rho) * means[n]
        else:
            square = 0.0
        part = b0 * means[n] + b1 * r1 * rho * first + b2 * r1 * r1 * square
        total = total + v * r2**n * part
    return np.asarray(total)


def _pieces(
    p1: tuple[float, ...],
    r1: FloatArray,
    p2: tuple[float, ...],
    r2: FloatArray,
    means: dict[tuple[int, int], FloatArray],
) -> FloatArray:
    """Return ``E piece(x) piece(y)``."""
    total = np.zeros_like(means[0, 0])
    for a, one in enumerate(p1):
        for b, two in enumerate(p2):
            if one and two:
                total = total + one * two * r1**a * r2**b * means[a, b]
    return total


def _moments(
    h: FloatArray, k: FloatArray, turn: _Angle, n1: int, n2: int
) -> dict[tuple[int, int], FloatArray]:
    """Return ``E (x - h)_+^a (y - k)_+^b`` for a < n1, b < n2."""
    sine, rho = np.sin(turn.theta), turn.rho
    fall = 2 * np.sin(0.5 * turn.theta) ** 2  # 1 - rho
    beyond_k, beyond_h = (k - h) + h * fall, (h - k) + k * fall
    with np.errstate(divide="ignore", invalid="ignore"):
        b, a = beyond_k / sine, beyond_h / sine
    same = np.tan(0.5 * turn.theta)
    a, b = np.where(h == k, h * same, a), np.where(h == k, h * same, b)
    root = 1 / math.sqrt(2 * math.pi)
    at_h, at_k = root * np.exp(-0.5 * h * h), root * np.exp(-0.5 * k * k)
    found = {(0, 0): _orthant(h, k, a, b, turn.theta)}
    y_given = _scaled(b, beyond_k, sine, n2)
    x_given = _scaled(a, beyond_h, sine, n1)
    zero = np.zeros_like(rho)

    def moment(i: int, j: int) -> FloatArray:
        return found[i, j] if i >= 0 and j >= 0 else zero

    for j in range(n2):
        for i in range(n1):
            if (i, j) in found:
                continue
            if i > 0:
                value = -h * moment(i - 1, j) + (i - 1) * moment(i - 2, j)
                value = value + rho * j * moment(i - 1, j - 1)
                value = value + (at_h * y_given[j] if i == 1 else 0.0)
                value = value + (rho * at_k * x_given[i - 1] if j == 0 else 0.0)
            else:
                value = -k * moment(0, j - 1) + (j - 1) * moment(0, j - 2)
                value = value + (at_k * x_given[0] if j == 1 else 0.0)
                value = value + rho * at_h * y_given[j - 1]
            found[i, j] = value
    return found


def _scaled(
    b: FloatArray, beyond: FloatArray, sine: FloatArray, n: int
) -> list[FloatArray]:
    """Return ``E (sine w - beyond)_+^k``, ``beyond = sine b``, also for sine = 0."""
    size = np.clip(b, -40.0, 40.0)
    means = _one_sided(size, max(n, 2))
    far = np.abs(b) > 40.0  # there the spread of w is nothing
    drop = np.maximum(-beyond, 0.0)
    exact = [np.where(b < 0, 1.0, 0.0), drop, drop * drop]
    return [np.where(far, exact[k], sine**k * means[k]) for k in range(n)]


def _orthant(
    h: FloatArray, k: FloatArray, a: FloatArray, b: FloatArray, theta: FloatArray
) -> FloatArray:
    """Return ``P(x > h, y > k)`` for ``h, k >= 0``."""
    from scipy import special

    with np.errstate(divide="ignore", invalid="ignore"):
        slope_h, slope_k = b / h, a / k
    both = (h == 0) & (k == 0)
    middle = np.tan(0.5 * theta)
    slope_h, slope_k = np.where(both, middle, slope_h), np.where(both, middle, slope_k)
    whole = 0.5 * (special.ndtr(-h) + special.ndtr(-k))
    value = whole - special.owens_t(h, slope_h) - special.owens_t(k, slope_k)
    return np.asarray(np.where(both, 0.5 - theta / (2 * math.pi), value))
