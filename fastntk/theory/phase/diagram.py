"""Order, chaos and the depths to which signals reach: mean field of deep networks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.theory._checks import as_numbers, at_least, not_empty, positive
from fastntk.theory.phase.fixed_point import (
    at_zero,
    correlation_fixed_point,
    variance_fixed_points,
)
from fastntk.theory.phase.moments import Activation, ActivationMoments, as_moments

__all__ = ["PhaseDiagram", "PhasePoint", "phase_diagram", "phase_point"]

_CRITICAL = 1e-6  # of chi_1 around 1


@dataclass(frozen=True)
class PhasePoint:
    """Where a deep network stands between order and chaos.

    Attributes
    ----------
    W_std, b_std : float
        Standard deviations of weights and biases of every layer.
    q : float
        Fixed point of the pre-activation variance: 0.0 if signals vanish, infinite if
        they explode, the start if every variance stays.
    chi_1 : float
        ``W_std^2 E phi'(u)^2`` at q: growth of squared gradients per layer, and of
        small differences between inputs.
    c : float
        Fixed point of the correlation of two inputs: 1.0 in the ordered phase; NaN if q
        is 0 or infinite.
    chi_c : float
        ``W_std^2 E phi'(u) phi'(v)`` at correlation c.
    xi_c : float
        Depth scale of correlations, in layers: differences from c fall like
        ``exp(-l / xi_c)``; infinite at criticality, and where q is 0: signals that
        vanish do so together, over xi_q, and their angles change by powers of the
        depth only.
    xi_q : float
        Depth scale of the variance, in layers.
    phase : str
        "ordered", "critical", "chaotic", or "unbounded" where q is infinite.
    """

    W_std: float
    b_std: float
    q: float
    chi_1: float
    c: float
    chi_c: float
    xi_c: float
    xi_q: float
    phase: str

    @property
    def greatest_depth(self) -> float:
        """Layers beyond which training is out of reach: ``3 xi_c``."""
        return 3.0 * self.xi_c


@dataclass(frozen=True, repr=False, eq=False)
class PhaseDiagram:
    """Fixed points over a grid of weight and bias scales.

    Attributes
    ----------
    W_std : ndarray of shape (n_W,)
        Standard deviations of weights.
    b_std : ndarray of shape (n_b,)
        Standard deviations of biases.
    q : ndarray of shape (n_b, n_W)
        Fixed points of the variance; infinite where it explodes.
    chi_1 : ndarray of shape (n_b, n_W)
        Growth of squared gradients per layer: < 1 order, > 1 chaos; NaN where q is
        infinite.
    """

    W_std: FloatArray
    b_std: FloatArray
    q: FloatArray
    chi_1: FloatArray

    def __repr__(self) -> str:
        chaos = float(np.mean(self.chi_1 > 1.0))
        return (
            f"PhaseDiagram({len(self.b_std)} biases x {len(self.W_std)} weights, "
            f"{chaos:.0%} chaotic)"
        )


def phase_point(
    activation: Activation,
    W_std: float,
    b_std: float = 0.0,
    *,
    start: float = 1.0,
    kinks: Sequence[float] = (0.0,),
    derivative: Callable[[Any], Any] | None = None,
) -> PhasePoint:
    """Find the phase and the depth scales of a deep network.

    Parameters
    ----------
    activation : Network, Spec or callable
        A layer of `fastntk.stax`, or a vectorised function.
    W_std, b_std : float
        Standard deviations of weights (> 0) and biases (>= 0; 0.0 for none).
    start : float, default=1.0
        Variance of the first layer, > 0; it decides where there are several fixed
        points.
    kinks : sequence of float, default=(0.0,)
        For a function: where it, or a derivative of it, jumps or varies fast.
    derivative : callable, optional
        For a function: its derivative; by default from interpolants.

    Returns
    -------
    PhasePoint

    Raises
    ------
    InputError
        If a scale is out of range, or ``activation`` is neither layer nor function, or
        not resolved by the quadrature.

    Notes
    -----
    Mean-field theory [1]_, [2]_ of ``u' = W phi(u) + b``::

        q  = W_std^2 E phi(sqrt(q) z)^2 + b_std^2
        c  = (W_std^2 E phi(u) phi(v) + b_std^2) / q,  corr(u, v) = c
        chi = W_std^2 E phi'(u) phi'(v): chi_1 at correlation 1, chi_c at c
        xi_c = -1 / log chi_c,  xi_q = -1 / log(W_std^2 d/dq E phi(sqrt(q) z)^2)

    The last derivative is ``E phi'^2 + E phi phi''``, also where phi'' is a
    distribution. Near criticality the exponential scale gives way to powers of the
    depth.

    References
    ----------
    .. [1] B. Poole et al., "Exponential expressivity in deep neural networks through
       transient chaos", NeurIPS 2016.
    .. [2] S. S. Schoenholz et al., "Deep information propagation", ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax, theory
    >>> point = theory.phase_point(stax.Erf(), W_std=1.0, b_std=0.3)
    >>> point.phase, round(point.chi_1, 4), round(point.xi_c, 2)
    ('ordered', 0.8089, 4.72)
    >>> theory.phase_point(np.tanh, W_std=2.0, b_std=0.3).phase
    'chaotic'
    """
    source = as_moments(activation, kinks, derivative)
    w, b = positive(W_std, "W_std"), at_least(b_std, "b_std", 0.0)
    w2, b2 = np.array([w * w]), np.array([b * b])
    q = variance_fixed_points(source, w2, b2, positive(start, "start"))[0]
    if math.isinf(q):
        nan = math.nan
        return PhasePoint(w, b, math.inf, nan, nan, nan, nan, nan, "unbounded")
    here = at_zero(source) if q == 0.0 else source.moments(np.array([q]))
    chi, growth = w * w * float(here.slope[0]), w * w * float(here.growth[0])
    c, chi_c, phase = _correlation(source, w * w, b * b, float(q), chi)
    return PhasePoint(
        W_std=w,
        b_std=b,
        q=float(q),
        chi_1=chi,
        c=c,
        chi_c=chi_c,
        xi_c=math.inf if q == 0.0 else _depth_scale(chi_c),
        xi_q=_depth_scale(abs(growth)),
        phase=phase,
    )


def phase_diagram(
    activation: Activation,
    W_std: Any,
    b_std: Any,
    *,
    start: float = 1.0,
    kinks: Sequence[float] = (0.0,),
    derivative: Callable[[Any], Any] | None = None,
) -> PhaseDiagram:
    """Find variance and gradient growth over a grid of scales.

    Parameters
    ----------
    activation : Network, Spec or callable
        As for `phase_point`.
    W_std : array-like of shape (n_W,)
        Standard deviations of weights, >= 0.
    b_std : array-like of shape (n_b,)
        Standard deviations of biases, >= 0.
    start : float, default=1.0
        Variance of the first layer, > 0.
    kinks, derivative
        As for `phase_point`.

    Returns
    -------
    PhaseDiagram

    Raises
    ------
    InputError
        As `phase_point`.

    Notes
    -----
    All points are solved together: some ten evaluations of the activation for the
    whole grid.

    Examples
    --------
    >>> from fastntk import stax, theory
    >>> theory.phase_diagram(stax.Erf(), [0.5, 1.0, 2.0], [0.1, 0.5])
    PhaseDiagram(2 biases x 3 weights, 33% chaotic)
    """
    source = as_moments(activation, kinks, derivative)
    weights = not_empty(np.atleast_1d(as_numbers(W_std, "W_std", 0.0)).ravel(), "W_std")
    biases = not_empty(np.atleast_1d(as_numbers(b_std, "b_std", 0.0)).ravel(), "b_std")
    b2, w2 = (m.ravel() for m in np.meshgrid(biases**2, weights**2, indexing="ij"))
    q = variance_fixed_points(source, w2, b2, positive(start, "start"))
    chi = np.full(len(q), math.nan)
    inside = np.isfinite(q) & (q > 0)
    if inside.any():
        chi[inside] = w2[inside] * source.moments(q[inside]).slope
    chi[q == 0.0] = w2[q == 0.0] * at_zero(source).slope[0]
    shape = (len(biases), len(weights))
    return PhaseDiagram(weights, biases, q.reshape(shape), chi.reshape(shape))


def _correlation(
    source: ActivationMoments, w2: float, b2: float, q: float, chi: float
) -> tuple[float, float, str]:
    """Return c, chi_c and the name of the phase."""
    if abs(chi - 1.0) <= _CRITICAL:
        return (1.0 if q > 0.0 else math.nan), chi, "critical"
    if chi < 1.0:
        return (1.0 if q > 0.0 else math.nan), chi, "ordered"
    if q == 0.0:
        return math.nan, chi, "chaotic"
    c, chi_c = correlation_fixed_point(source, w2, b2, q)
    return c, chi_c, "chaotic"


def _depth_scale(factor: float) -> float:
    """Return ``-1 / log(factor)`` of a factor per layer."""
    if factor >= 1.0 - _CRITICAL:
        return math.inf
    return -1.0 / math.log(factor) if factor > 0.0 else 0.0
