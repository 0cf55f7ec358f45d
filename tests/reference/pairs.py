"""Covariances of pairs of rows in multiple precision, layer by layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

from tests.reference.duals_multiple import DUALS

Vector = list[mpf]


def each(function: Callable[..., mpf], *vectors: Sequence[Any]) -> Vector:
    """Apply a function to the entries of vectors of one length."""
    return [function(*values) for values in zip(*vectors, strict=True)]


@dataclass
class PairState:
    """Variances of all rows; covariance and tangent kernel of the listed pairs."""

    pairs: list[tuple[int, int]]
    q: Vector
    c: Vector
    t: Vector
    width: float
    is_same: list[bool]  # the pair is one row and itself

    def dense(self, w: float, b: float | None, width_in: float | None) -> "PairState":
        w2 = mpf(w) ** 2
        b2 = mpf(0) if b is None else mpf(b) ** 2
        q = [w2 * v + b2 for v in self.q]
        c = [w2 * v + b2 for v in self.c]
        if width_in is None:
            t = each(lambda v, s: w2 * v + s, self.t, c)
        else:
            one, fan_in = 0 if b is None else 1, exact(width_in)
            t = each(lambda v, s: w2 * v + fan_in * s + one, self.t, self.c)
        return replace(self, q=q, c=c, t=t)

    def activation(self, name: str, params: dict[str, Any]) -> "PairState":
        dual = DUALS[name]
        q = [dual(v, v, v, **params)[0] for v in self.q]
        c, t = [], []
        for (i, j), cov, tangent in zip(self.pairs, self.c, self.t, strict=True):
            kappa, slope = dual(self.q[i], self.q[j], cov, **params)
            c.append(kappa)
            t.append(tangent * slope)
        return replace(self, q=q, c=c, t=t)

    def add(self, other: "PairState") -> "PairState":
        q = each(mpf.__add__, self.q, other.q)
        c = each(mpf.__add__, self.c, other.c)
        return replace(self, q=q, c=c, t=each(mpf.__add__, self.t, other.t))

    def multiply(self, other: "PairState") -> "PairState":
        q = each(mpf.__mul__, self.q, other.q)
        c = each(mpf.__mul__, self.c, other.c)
        t = each(lambda a, b, x, y: a * y + x * b, self.t, other.t, self.c, other.c)
        return replace(self, q=q, c=c, t=t)

    def scale(self, factor: Fraction) -> "PairState":
        f = exact(factor)
        q, c, t = ([f * v for v in values] for values in (self.q, self.c, self.t))
        return replace(self, q=q, c=c, t=t)

    def layer_norm(self, eps: float) -> "PairState":
        size = [v + mpf(eps) for v in self.q]
        unit = [mp.sqrt(size[i] * size[j]) for i, j in self.pairs]
        q = each(mpf.__truediv__, self.q, size)
        c = each(mpf.__truediv__, self.c, unit)
        return replace(self, q=q, c=c, t=each(mpf.__truediv__, self.t, unit))

    def dropout(self, rate: float) -> "PairState":
        """Different rows lose different units: only the diagonal grows."""
        one, factor = mpf(1), 1 / mpf(rate)
        kept = [factor if same else one for same in self.is_same]
        c, t = each(mpf.__mul__, self.c, kept), each(mpf.__mul__, self.t, kept)
        return replace(self, q=[factor * v for v in self.q], c=c, t=t)

    def spatial(self, name: str, params: dict[str, Any]) -> "PairState":
        """Rows have one position each: only a number as DotGeneral's factor is left."""
        if name == "DotGeneral":
            factor = float(params["rhs" if "rhs" in params else "lhs"])
            return self.scale(Fraction(factor) ** 2)
        if name == "Flatten":
            return self
        raise ValueError(f"{name} needs sequences")


def exact(value: Any) -> mpf:
    ratio = Fraction(value)
    return mpf(ratio.numerator) / ratio.denominator
