"""Elementary functions of arrays and of numbers in multiple precision, by one name."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import mp, mpf


@dataclass(frozen=True)
class Numbers:
    """What `duals` needs of a kind of numbers.

    ``cosine`` and ``sine_squared`` take two variances and a covariance. The angle to a
    row of zeros is pi/2. ``or_else`` puts a number in the place of zeros.
    """

    exp: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    asin: Callable[[Any], Any]
    cos: Callable[[Any], Any]
    or_else: Callable[[Any, float], Any]
    number: Callable[[float], Any]
    ratio: Callable[[Fraction], Any]
    cosine: Callable[[Any, Any, Any], Any]
    sine_squared: Callable[[Any, Any, Any], Any]
    of_pi: Callable[[], Any]

    @property
    def pi(self) -> Any:
        return self.of_pi()


def _cosine_of_arrays(q1: Any, q2: Any, c: Any) -> Any:
    q1, q2, c = np.broadcast_arrays(q1, q2, c)
    g = np.sqrt(q1) * np.sqrt(q2)
    rho = np.divide(c, g, out=np.zeros_like(c), where=g > 0)
    return np.clip(rho, -1.0, 1.0)


def _cosine(q1: mpf, q2: mpf, c: mpf) -> mpf:
    if q1 == 0 or q2 == 0:
        return mpf(0)
    return max(mpf(-1), min(mpf(1), c / mp.sqrt(q1 * q2)))


def _sine_squared(q1: mpf, q2: mpf, c: mpf) -> mpf:
    if q1 == 0 or q2 == 0:
        return mpf(1)
    return max(mpf(0), 1 - c**2 / (q1 * q2))


NUMPY = Numbers(
    exp=np.exp,
    sqrt=np.sqrt,
    asin=np.arcsin,
    cos=np.cos,
    or_else=lambda value, other: np.where(value > 0, value, other),
    number=float,
    ratio=float,
    cosine=_cosine_of_arrays,
    sine_squared=lambda q1, q2, c: 1 - _cosine_of_arrays(q1, q2, c) ** 2,
    of_pi=lambda: np.pi,
)
MULTIPLE = Numbers(
    exp=mp.exp,
    sqrt=mp.sqrt,
    asin=mp.asin,
    cos=mp.cos,
    or_else=lambda value, other: value if value > 0 else mpf(other),
    number=mpf,
    ratio=lambda value: mpf(value.numerator) / value.denominator,
    cosine=_cosine,
    sine_squared=_sine_squared,
    of_pi=lambda: +mp.pi,
)
