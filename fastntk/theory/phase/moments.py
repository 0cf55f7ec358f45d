"""Gaussian moments of an activation: of a layer by its op, of a function by quadrature.

With ``u, v`` normal of variance ``q`` and correlation ``rho``::

    variance(q) = E f(u)^2,  slope(q) = E f'(u)^2,  growth(q) = d variance / d q
    dual(q, rho) = E f(u) f(v),  dual_slope(q, rho) = E f'(u) f'(v)

``growth`` is ``E f'^2 + E f f''``; it needs neither.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from fastntk._errors import InputError, NetworkError
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk.calls import diagonal, gram
from fastntk.spec import Dense, Serial, Spec
from fastntk.theory._checks import as_numbers
from fastntk.theory.phase.quadrature import (
    GaussianRule,
    gaussian_rule,
    mehler_coefficients,
)

__all__ = ["Activation", "FunctionMoments", "LayerMoments", "Moments", "as_moments"]

Activation = Any
"""A layer of `fastntk.stax`, its spec, or a vectorised function of one array."""

_N_TERMS = 400  # of the Mehler series, used at correlations below 1
_STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))  # sixth-order first derivative
_STEP = 0.03  # in log q


class Moments(NamedTuple):
    """The moments at one variance or at several; see the module."""

    variance: FloatArray
    slope: FloatArray
    growth: FloatArray


class ActivationMoments(Protocol):
    """What `phase` needs of an activation."""

    def moments(self, q: FloatArray) -> Moments: ...
    def dual(self, q: float, rho: float) -> tuple[float, float]: ...


def as_moments(
    activation: Activation,
    kinks: Sequence[float] = (0.0,),
    derivative: Callable[[Any], Any] | None = None,
) -> ActivationMoments:
    """Return the moments of a layer or of a function."""
    spec = getattr(activation, "spec", activation)
    if isinstance(spec, Spec):
        if _has_weights(spec):
            raise InputError(
                f"activation: found {shown(spec)}, which has weights of its own; "
                "expected an activation such as stax.Relu(): W_std and b_std stand "
                "for the weights. For a whole network there is check_depth"
            )
        return LayerMoments(spec)
    if callable(activation):
        return FunctionMoments(activation, kinks, derivative)
    raise InputError(
        f"activation: found {type(activation).__name__}; expected a layer such as "
        "stax.Relu(), or a function of an array such as numpy.tanh"
    )


def _has_weights(spec: Spec) -> bool:
    parts = getattr(spec, "layers", ())
    return hasattr(spec, "W_std") or any(map(_has_weights, parts))


class LayerMoments:
    """Moments of a layer, through the kernel of a network made of it."""

    def __init__(self, spec: Spec) -> None:
        self._rows = Serial((Dense(1), spec))
        # "standard" with a zero bias: the tangent before the layer is 1 + 2 c, not c,
        # so that the ratio has a value at c = 0
        first = Dense(1, b_std=0.0, parameterization="standard")
        self._pairs = Serial((first, spec))
        found = self.moments(np.array([1.0, 4.0]))
        if not np.all(np.isfinite(found.variance)):
            raise NetworkError(
                f"{shown(spec)}: has no variance at input variance 1; expected "
                "an activation"
            )

    def moments(self, q: FloatArray) -> Moments:
        """Return the three moments at variances ``q`` > 0 of shape (m,)."""
        variance, tangent = self._row_pass(q)
        growth = np.zeros_like(q)
        for k, weight in _STENCIL:
            up, _ = self._row_pass(q * np.exp(k * _STEP))
            down, _ = self._row_pass(q * np.exp(-k * _STEP))
            growth += weight * (up - down)
        return Moments(variance, tangent / q, growth / (_STEP * q))

    def _row_pass(self, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        both = diagonal(self._rows, np.sqrt(q)[:, None], ("nngp", "ntk"))
        return both.nngp, both.ntk

    def dual(self, q: float, rho: float) -> tuple[float, float]:
        """Return the dual activation and that of the derivative, 0 <= rho <= 1."""
        norm = np.sqrt(2.0 * q)
        one = np.array([[norm, 0.0]])
        other = norm * np.array([[rho, np.sqrt((1.0 - rho) * (1.0 + rho))]])
        both = gram(self._pairs, one, other, ("nngp", "ntk"))
        return float(both.nngp[0, 0]), float(both.ntk[0, 0] / (1.0 + 2.0 * q * rho))


class FunctionMoments:
    """Moments of a vectorised function, by quadrature in panels."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        kinks: Sequence[float] = (0.0,),
        derivative: Callable[[Any], Any] | None = None,
    ) -> None:
        self._function = function
        self._derivative = derivative
        self._kinks = tuple(float(k) for k in as_numbers(kinks, "kinks").ravel())
        self._coefficients = lru_cache(maxsize=8)(self._find_coefficients)
        self._check_function()

    def moments(self, q: FloatArray) -> Moments:
        """Return the three moments at variances ``q`` > 0 of shape (m,)."""
        found = [self._moments_at(float(value)) for value in q]
        return Moments(*(np.array(column) for column in zip(*found, strict=True)))

    def _moments_at(self, q: float) -> tuple[float, float, float]:
        rule, values = self._sample(q)
        squares, z = values**2, rule.nodes
        slopes = self._slopes(rule, values, q)
        return (
            float(rule.weights @ squares),
            float(rule.weights @ slopes**2),
            float(rule.weights @ (squares * (z**2 - 1.0))) / (2.0 * q),
        )

    def dual(self, q: float, rho: float) -> tuple[float, float]:
        """Return the dual activation and that of the derivative, 0 <= rho <= 1."""
        if rho == 1.0:
            variance, slope, _ = self._moments_at(q)
            return variance, slope
        squares = self._coefficients(q) ** 2
        k = np.arange(len(squares))
        powers = rho ** k.astype(float)
        slope = float((k[1:] * squares[1:]) @ powers[:-1]) / q
        return float(squares @ powers), slope

    def _find_coefficients(self, q: float) -> FloatArray:
        rule, values = self._sample(q)
        return mehler_coefficients(rule, values, _N_TERMS)

    def _sample(self, q: float) -> tuple[GaussianRule, FloatArray]:
        root = float(np.sqrt(q))
        rule = gaussian_rule(tuple(sorted(k / root for k in self._kinks)))
        return rule, np.asarray(self._function(root * rule.nodes), dtype=np.float64)

    def _slopes(self, rule: GaussianRule, values: FloatArray, q: float) -> FloatArray:
        root = float(np.sqrt(q))
        if self._derivative is None:
            return rule.differentiate(values) / root
        return np.asarray(self._derivative(root * rule.nodes), dtype=np.float64)

    def _check_function(self) -> None:
        """Try the function out, and compare the rule with another one."""
        u = np.linspace(-8.0, 8.0, 200_001)
        try:
            values = np.asarray(self._function(u), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"activation: the function failed on an array ({error}); expected a "
                "vectorised function. Wrap it with numpy.vectorize"
            ) from None
        if values.shape != u.shape:
            raise InputError(
                f"activation: the function returned shape {values.shape} for an array "
                f"of shape {u.shape}; expected one value for each"
            )
        as_numbers(values, "activation(u)")
        weights = np.exp(-0.5 * u**2)
        check = float(values**2 @ weights / weights.sum())
        found = self._moments_at(1.0)[0]
        if abs(found - check) > 1e-6 * check:
            raise InputError(
                f"activation: two rules of quadrature give E f^2 = {found:.9g} and "
                f"{check:.9g}; expected them to agree. Name the points where f is not "
                f"smooth by kinks= (found {self._kinks})"
            )
