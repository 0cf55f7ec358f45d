"""The textbook recursion in float64 NumPy: cosines and arccos, no care taken.

It loses half the digits next to parallel rows, so it serves to check conventions,
and larger matrices of rows at generic angles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tests.reference.duals import CLOSED_FORMS
from tests.reference.numbers import NUMPY
from tests.reference.walk import walk


class Naive(NamedTuple):
    nngp: np.ndarray  # (n1, n2)
    ntk: np.ndarray  # (n1, n2)
    cov1: np.ndarray  # (n1,)
    cov2: np.ndarray  # (n2,)


@dataclass
class MatrixState:
    """Variances of the rows and columns; covariance and tangent matrix."""

    q1: np.ndarray  # (n1,)
    q2: np.ndarray  # (n2,)
    c: np.ndarray  # (n1, n2)
    t: np.ndarray  # (n1, n2)
    width: float
    is_same: np.ndarray  # (n1, n2): one row and itself

    def dense(self, w: float, b: float | None, width_in: float | None) -> "MatrixState":
        b2 = 0.0 if b is None else b * b
        c = w * w * self.c + b2
        if width_in is None:
            t = w * w * self.t + c
        else:
            t = w * w * self.t + width_in * self.c + (b is not None)
        q1, q2 = w * w * self.q1 + b2, w * w * self.q2 + b2
        return replace(self, q1=q1, q2=q2, c=c, t=t)

    def activation(self, name: str, params: dict[str, float]) -> "MatrixState":
        variance, dual = ACTIVATIONS[name]
        c, slope = dual(self.q1[:, None], self.q2[None, :], self.c, **params)
        q1, q2 = variance(self.q1, **params), variance(self.q2, **params)
        return replace(self, q1=q1, q2=q2, c=c, t=self.t * slope)

    def add(self, other: "MatrixState") -> "MatrixState":
        q1, q2 = self.q1 + other.q1, self.q2 + other.q2
        return replace(self, q1=q1, q2=q2, c=self.c + other.c, t=self.t + other.t)

    def multiply(self, other: "MatrixState") -> "MatrixState":
        q1, q2 = self.q1 * other.q1, self.q2 * other.q2
        t = self.t * other.c + self.c * other.t
        return replace(self, q1=q1, q2=q2, c=self.c * other.c, t=t)

    def scale(self, factor: Fraction) -> "MatrixState":
        f = float(factor)
        q1, q2 = f * self.q1, f * self.q2
        return replace(self, q1=q1, q2=q2, c=f * self.c, t=f * self.t)

    def layer_norm(self, eps: float) -> "MatrixState":
        size1, size2 = self.q1 + eps, self.q2 + eps
        unit = np.sqrt(size1[:, None] * size2)
        q1, q2 = self.q1 / size1, self.q2 / size2
        return replace(self, q1=q1, q2=q2, c=self.c / unit, t=self.t / unit)

    def dropout(self, rate: float) -> "MatrixState":
        kept = np.where(self.is_same, 1 / rate, 1.0)
        q1, q2 = self.q1 / rate, self.q2 / rate
        return replace(self, q1=q1, q2=q2, c=kept * self.c, t=kept * self.t)

    def spatial(self, name: str, params: dict[str, Any]) -> "MatrixState":
        if name == "DotGeneral":
            factor = float(params["rhs" if "rhs" in params else "lhs"])
            return self.scale(Fraction(factor) ** 2)
        if name == "Flatten":
            return self
        raise ValueError(f"{name} needs sequences")


def _angle(q1: np.ndarray, q2: np.ndarray, c: np.ndarray) -> np.ndarray:
    g = np.sqrt(q1) * np.sqrt(q2)
    rho = np.divide(c, g, out=np.zeros_like(c), where=g > 0)
    return np.asarray(np.arccos(np.clip(rho, -1.0, 1.0)))


def _abrelu(
    q1: np.ndarray, q2: np.ndarray, c: np.ndarray, a: float, b: float
) -> tuple[np.ndarray, np.ndarray]:
    # Two half-lines: both arguments on the same side, or on opposite sides.
    theta = _angle(q1, q2, c)
    g = np.sqrt(q1) * np.sqrt(q2)
    same = (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2 * np.pi)
    opposite = (np.sin(theta) - theta * np.cos(theta)) / (2 * np.pi)
    kappa = g * ((a * a + b * b) * same - 2 * a * b * opposite)
    slope = (a * a + b * b) * (np.pi - theta) + 2 * a * b * theta
    return kappa, slope / (2 * np.pi)


def _sign(q1: np.ndarray, q2: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, Any]:
    return 1 - 2 * _angle(q1, q2, c) / np.pi, 0.0


def _erf(
    q1: np.ndarray,
    q2: np.ndarray,
    cov: np.ndarray,
    a: float = 1.0,
    b: float = 1.0,
    c: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    s = 2 * b * b
    product = (1 + s * q1) * (1 + s * q2)
    kappa = 2 / np.pi * a * a * np.arcsin(s * cov / np.sqrt(product)) + c * c
    return kappa, 4 / np.pi * (a * b) ** 2 / np.sqrt(product - (s * cov) ** 2)


def _erf_variance(
    q: np.ndarray, a: float = 1.0, b: float = 1.0, c: float = 0.0
) -> np.ndarray:
    return np.asarray(_erf(q, q, q, a, b, c)[0])


def _closed_form(name: str) -> tuple[Any, Any]:
    dual = partial(CLOSED_FORMS[name], NUMPY)
    return lambda q, **params: dual(q, q, q, **params)[0], dual


ACTIVATIONS: dict[str, Any] = {
    **{name: _closed_form(name) for name in CLOSED_FORMS},
    "Relu": (lambda q, **_: q / 2, lambda q1, q2, c, **_: _abrelu(q1, q2, c, 0.0, 1.0)),
    "LeakyRelu": (
        lambda q, alpha, **_: q * (1 + alpha**2) / 2,
        lambda q1, q2, c, alpha, **_: _abrelu(q1, q2, c, alpha, 1.0),
    ),
    "ABRelu": (
        lambda q, a, b, **_: q * (a * a + b * b) / 2,
        lambda q1, q2, c, a, b, **_: _abrelu(q1, q2, c, a, b),
    ),
    "Abs": (lambda q, **_: q, lambda q1, q2, c, **_: _abrelu(q1, q2, c, -1.0, 1.0)),
    "Sign": (lambda q, **_: np.sign(q), _sign),
    "Erf": (_erf_variance, _erf),
}


def kernel(net: Sequence[Any], x1: np.ndarray, x2: np.ndarray | None = None) -> Naive:
    """Return the kernels of ``net`` in plain float64."""
    a = np.asarray(x1, dtype=np.float64)
    b = a if x2 is None else np.asarray(x2, dtype=np.float64)
    d = a.shape[1]
    q1, q2 = (a * a).sum(1) / d, (b * b).sum(1) / d
    twice = a.shape == b.shape and bool(np.abs(a - b).max() < 1e-12)
    same = np.eye(len(a), len(b), dtype=bool) & twice
    start = MatrixState(q1, q2, a @ b.T / d, np.zeros((len(a), len(b))), d, same)
    end: MatrixState = walk(net, start)
    return Naive(end.c, end.t, end.q1, end.q2)
