"""`NumericalDual`: what an op holds whose activation has no closed form."""

import dataclasses
import functools
import math

import numpy as np

from fastntk._errors import ToleranceNotReached
from fastntk.duals.numerical_host import NumericalHost
from fastntk.duals.pairs.bounded import check_bound, pair_duals
from fastntk.duals.pairs.recognise import piecewise
from fastntk.duals.series.expansion import MOST_TERMS, Expansion, expand
from fastntk.duals.sources.catalogue import known_function, source_of
from fastntk.duals.sources.source import Source
from fastntk.spec import Elementwise, ElementwiseNumerical, Numerical, Spec

__all__ = ["NumericalDual", "numerical_dual"]

STRICT = 1e-12


@dataclasses.dataclass(frozen=True)
class NumericalDual:
    """The dual of an activation by series or quadrature, for any variances.

    Two of them are equal if their layers are.

    Parameters
    ----------
    layer : Spec
        A ready-made activation, `Elementwise` with ``fn``, or `ElementwiseNumerical`.
    label : str
        The layer as shown in messages.
    """

    layer: Spec
    label: str

    @property
    def source(self) -> Source:
        """The function, its derivative and its kinks."""
        return source_of(self.layer, self.label)

    @property
    def tol(self) -> float:
        """Largest error allowed, relative to the diagonal."""
        return float(getattr(self.layer, "tol", STRICT))

    @property
    def method(self) -> str:
        """One of "auto", "series" and "quadrature"."""
        return str(getattr(self.layer, "method", "auto"))

    @property
    def least_terms(self) -> int:
        """Least number of terms of a series."""
        deg = self.layer.deg if isinstance(self.layer, ElementwiseNumerical) else 1
        return min(int(deg), 512)

    @property
    def kind(self) -> str:
        """The word "proven" for functions analytic in a known strip, or "estimated"."""
        known = known_function(self.layer)
        if known is None or not (known.strip > 0 or self.is_piecewise):
            return "estimated"
        return "proven"

    @property
    def is_piecewise(self) -> bool:
        """Whether the function is made of polynomials, so that it has a closed form."""
        source = self.source
        return piecewise(source, source.usual) is not None

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the function is not smooth, within 16 of 0."""
        return self.source.usual.kinks

    @property
    def description(self) -> str:
        """How it is computed in whole tiles, in words."""
        if self.method == "quadrature":
            return "quadrature in the plane"
        if self.kinks and not any(self.kinks):
            return f"polynomials in variances and angle, {self.kind}"
        if self.kinks:
            shown = ", ".join(f"{k:.6g}" for k in self.kinks[:4])
            more = ", ..." if len(self.kinks) > 4 else ""
            near = "quadrature in the plane"
            if self.is_piecewise:
                near = "the closed form of a piecewise polynomial"
            return (
                f"Hermite series, near pairs by {near}, kinks {shown}{more}, "
                f"{self.kind}"
            )
        return f"Hermite series, tol {self.tol:.0e}, {self.kind}"

    def expand(self, q_lo: float, q_hi: float, tolerance: float) -> Expansion | None:
        """Return the series between two variances.

        Parameters
        ----------
        q_lo, q_hi : float
            The variances, > 0.
        tolerance : float
            Largest error allowed, relative to the diagonal.

        Returns
        -------
        Expansion or None
            None if the function has kinks, or takes more than 2,048 terms.

        Raises
        ------
        ToleranceNotReached
            If it is None and the layer asks for ``method="series"``.
        NetworkError
            If the function is none that can be averaged.
        """
        return _expanded(self, q_lo, q_hi, tolerance)

    @property
    def host(self) -> NumericalHost:
        """The same dual as functions of covariances and variances."""
        return NumericalHost(self)


@functools.lru_cache(maxsize=32)
def _expanded(
    dual: NumericalDual, q_lo: float, q_hi: float, tolerance: float
) -> Expansion | None:
    if dual.method == "quadrature":
        return None
    source = dual.source
    end = source.reach(np.array([q_hi])) * math.sqrt(q_hi)
    if source.panels(end).kinks and dual.method == "auto":
        _try_out(dual, q_lo, q_hi)
        return None
    found = expand(source, q_lo, q_hi, tolerance, dual.least_terms)
    if found is None and dual.method == "series":
        raise ToleranceNotReached(
            f"{dual.label}: its series has not converged to {tolerance:.0e} after "
            f"{MOST_TERMS} terms at variances from {q_lo:.4g} to {q_hi:.4g}; expected "
            'a smooth function. Use method="auto", or a larger tol'
        )
    if found is None:
        _try_out(dual, q_lo, q_hi)
    return found


def _try_out(dual: NumericalDual, q_lo: float, q_hi: float) -> None:
    """Refuse a user's function before all pairs are computed, if a few are far off."""
    source = dual.source
    if source.is_known:
        return
    q1, q2 = np.array([q_lo, q_lo, q_hi, q_hi]), np.array([q_lo, q_hi, q_hi, q_hi])
    theta = np.array([2.5, 0.1, 1.0, 1e-3])
    found = pair_duals(source, q1, q2, theta, dual.method, dual.least_terms, dual.tol)
    check_bound(found, source, q1, dual.label, dual.tol)


def numerical_dual(spec: Spec, label: str) -> NumericalDual:
    """Return the dual of a layer, its function tried out.

    Parameters
    ----------
    spec : Spec
        A ready-made activation, `Elementwise` with ``fn``, or `ElementwiseNumerical`.
    label : str
        The layer as shown in messages.

    Returns
    -------
    NumericalDual

    Raises
    ------
    NetworkError
        If the function is none: it takes no arrays, or returns NaN, complex numbers or
        another shape.
    """
    assert isinstance(spec, Numerical | Elementwise | ElementwiseNumerical)
    source_of(spec, label)
    return NumericalDual(spec, label)
