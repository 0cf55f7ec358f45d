"""The infinite-width recursion in multiple precision, at the exact given inputs.

Formulas: Cho and Saul 2009 (rectifiers), Williams 1997 (erf), Jacot et al. 2018 (the
tangent kernel).  A row of zeros has the angle pi/2 to every row, itself included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mp, mpf

from tests.reference.walk import walk

DIGITS = 80


class Truth(NamedTuple):
    """Kernels rounded to float64, and the diagonals that scale their errors."""

    nngp: np.ndarray  # (n1, n2)
    ntk: np.ndarray  # (n1, n2)
    nngp1: np.ndarray  # (n1,)
    nngp2: np.ndarray  # (n2,)
    ntk1: np.ndarray  # (n1,)
    ntk2: np.ndarray  # (n2,)


@dataclass
class PairState:
    """Variances of all rows; covariance and tangent kernel of the listed pairs."""

    pairs: list[tuple[int, int]]
    q: list[mpf]
    c: list[mpf]
    t: list[mpf]
    width: float

    def dense(self, w: float, b: float | None, width_in: float | None) -> "PairState":
        w2 = mpf(w) ** 2
        b2 = mpf(0) if b is None else mpf(b) ** 2
        q = [w2 * v + b2 for v in self.q]
        c = [w2 * v + b2 for v in self.c]
        if width_in is None:
            t = [w2 * v + s for v, s in zip(self.t, c, strict=True)]
        else:
            one = 0 if b is None else 1
            t = [
                w2 * v + mpf(width_in) * s + one
                for v, s in zip(self.t, self.c, strict=True)
            ]
        return PairState(self.pairs, q, c, t, self.width)

    def activation(self, name: str, params: dict[str, float]) -> "PairState":
        dual = DUALS[name]
        q = [dual(v, v, v, **params)[0] for v in self.q]
        c, t = [], []
        for (i, j), cov, tangent in zip(self.pairs, self.c, self.t, strict=True):
            kappa, slope = dual(self.q[i], self.q[j], cov, **params)
            c.append(kappa)
            t.append(tangent * slope)
        return PairState(self.pairs, q, c, t, self.width)

    def add(self, other: "PairState") -> "PairState":
        def plus(a: list[mpf], b: list[mpf]) -> list[mpf]:
            return [x + y for x, y in zip(a, b, strict=True)]

        return PairState(
            self.pairs,
            plus(self.q, other.q),
            plus(self.c, other.c),
            plus(self.t, other.t),
            self.width,
        )


def _rho(q1: mpf, q2: mpf, c: mpf) -> tuple[mpf, mpf]:
    g = mp.sqrt(q1 * q2)
    if g == 0:
        return mpf(0), g
    return max(mpf(-1), min(mpf(1), c / g)), g


def abrelu(q1: mpf, q2: mpf, c: mpf, a: float, b: float) -> tuple[mpf, mpf]:
    """Dual of ``a * min(x, 0) + b * max(x, 0)`` and of its derivative."""
    rho, g = _rho(q1, q2, c)
    mean, jump = (mpf(a) + mpf(b)) / 2, (mpf(b) - mpf(a)) / 2
    odd, even = mean**2, jump**2 * 2 / mp.pi
    angle = mp.asin(rho)
    kappa = odd * c + even * g * (mp.sqrt(1 - rho**2) + rho * angle)
    return kappa, odd + even * angle


def sign(q1: mpf, q2: mpf, c: mpf) -> tuple[mpf, mpf]:
    rho, _ = _rho(q1, q2, c)
    return 2 / mp.pi * mp.asin(rho), mpf(0)


def erf(
    q1: mpf, q2: mpf, c: mpf, a: float = 1.0, b: float = 1.0, c_: float = 0.0
) -> tuple[mpf, mpf]:
    """Dual of ``a * erf(b x) + c_`` and of its derivative."""
    a2, b2 = mpf(a) ** 2, mpf(b) ** 2
    r1, r2, cov = 1 + 2 * b2 * q1, 1 + 2 * b2 * q2, 2 * b2 * c
    sine = cov / mp.sqrt(r1 * r2)
    kappa = a2 * 2 / mp.pi * mp.asin(sine) + mpf(c_) ** 2
    return kappa, a2 * b2 * 4 / mp.pi / mp.sqrt(r1 * r2 - cov**2)


def _erf_named(
    q1: mpf, q2: mpf, cov: mpf, a: float = 1.0, b: float = 1.0, c: float = 0.0
) -> tuple[mpf, mpf]:
    return erf(q1, q2, cov, a, b, c)


DUALS: dict[str, Any] = {
    "ABRelu": abrelu,
    "Relu": lambda q1, q2, c, **_: abrelu(q1, q2, c, 0, 1),
    "LeakyRelu": lambda q1, q2, c, alpha, **_: abrelu(q1, q2, c, alpha, 1),
    "Abs": lambda q1, q2, c, **_: abrelu(q1, q2, c, -1, 1),
    "Sign": sign,
    "Erf": _erf_named,
}


def _rows(x: np.ndarray) -> list[list[mpf]]:
    return [[mpf(float(v)) for v in row] for row in np.asarray(x)]


def _run(
    net: Sequence[Any], rows: list[list[mpf]], pairs: list[tuple[int, int]]
) -> PairState:
    d = len(rows[0])
    q = [mp.fdot(r, r) / d for r in rows]
    c = [q[i] if i == j else mp.fdot(rows[i], rows[j]) / d for i, j in pairs]
    start = PairState(pairs, q, c, [mpf(0)] * len(pairs), d)
    state: PairState = walk(net, start)
    return state


def kernel(
    net: Sequence[Any],
    x1: np.ndarray,
    x2: np.ndarray | None = None,
    digits: int = DIGITS,
) -> Truth:
    """Return the kernels of ``net`` at the given floating-point numbers, exactly."""
    n1 = len(x1)
    both = _rows(x1) if x2 is None else _rows(x1) + _rows(x2)
    diagonal = [(i, i) for i in range(len(both))]
    if x2 is None:
        cross = [(i, j) for i in range(n1) for j in range(i)]
    else:
        cross = [(i, j) for i in range(n1) for j in range(n1, len(both))]
    with mpmath.workdps(digits):
        state = _run(net, both, diagonal + cross)
        c = np.array([float(v) for v in state.c])
        t = np.array([float(v) for v in state.t])
    return _assemble(n1, len(both), x2 is None, c, t)


def _assemble(
    n1: int, n: int, is_symmetric: bool, c: np.ndarray, t: np.ndarray
) -> Truth:
    def block(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        diagonal, cross = values[:n], values[n:]
        if not is_symmetric:
            return cross.reshape(n1, n - n1), diagonal[:n1], diagonal[n1:]
        full = np.diag(diagonal)
        full[np.tril_indices(n, -1)] = cross
        return full + np.tril(full, -1).T, diagonal, diagonal

    (nngp, nngp1, nngp2), (ntk, ntk1, ntk2) = block(c), block(t)
    return Truth(nngp, ntk, nngp1, nngp2, ntk1, ntk2)


def single(net: Sequence[Any], x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return (nngp, ntk) of one pair of vectors."""
    truth = kernel(net, np.atleast_2d(x), np.atleast_2d(y))
    return float(truth.nngp[0, 0]), float(truth.ntk[0, 0])
