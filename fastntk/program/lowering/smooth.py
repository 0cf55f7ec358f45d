"""Lowering of smooth activations with a closed form."""

import dataclasses
import math

from fastntk.program.lowering.checks import check_finite, require_gaussian
from fastntk.program.lowering.walk import Builder, State, Stream, lowers
from fastntk.spec import Cos, Exp, ExpNormalized, Gabor, Gaussian, Gelu, Rbf, Sin

__all__: list[str] = []

NEGLIGIBLE = 1e-15  # amplitude, beside the other one, of no more than rounding errors
FLOOR = 1e-15  # covariance of rows of zeros before ExpNormalized, as neural-tangents'


@lowers(Gelu)
def _gelu(spec: Gelu, builder: Builder, state: Stream, label: str) -> State:
    require_gaussian(state, label)
    builder.emit("gelu", label, state, flags=state.flags)
    # small positive correlations may round to below zero
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=False)


@lowers(Gabor)
def _gabor(spec: Gabor, builder: Builder, state: Stream, label: str) -> State:
    require_gaussian(state, label)
    builder.emit("gabor", label, state, flags=state.flags)
    return dataclasses.replace(state, is_gaussian=False)


@lowers(Sin)
def _sin(spec: Sin, builder: Builder, state: Stream, label: str) -> State:
    odd, even = math.cos(spec.c), math.sin(spec.c)
    return _wave(spec.a * odd, spec.a * even, spec.b, builder, state, label)


@lowers(Cos)
def _cos(spec: Cos, builder: Builder, state: Stream, label: str) -> State:
    odd, even = -math.sin(spec.c), math.cos(spec.c)
    return _wave(spec.a * odd, spec.a * even, spec.b, builder, state, label)


def _wave(
    odd: float, even: float, b: float, builder: Builder, state: Stream, label: str
) -> State:
    """Lower ``odd sin(b x) + even cos(b x)``, whose parts are uncorrelated."""
    require_gaussian(state, label)
    check_finite(label, odd**2, even**2, b**2, odd**2 * b**2, even**2 * b**2)
    if abs(even) <= NEGLIGIBLE * abs(odd):
        builder.emit("sin", label, state, flags=state.flags, row_coefs=(odd, b))
        return dataclasses.replace(state, is_gaussian=False)
    if abs(odd) <= NEGLIGIBLE * abs(even):
        builder.emit("cos", label, state, flags=state.flags, row_coefs=(even, b))
        return dataclasses.replace(state, is_gaussian=False, is_nonnegative=True)
    other = builder.open_stream(state.width)
    builder.emit("copy", label, state, other=other.id)
    builder.emit("sin", label, state, flags=state.flags, row_coefs=(odd, b))
    builder.emit("cos", label, other, flags=state.flags, row_coefs=(even, b))
    builder.emit("add", label, state, other=other.id, flags=state.flags)
    builder.close_stream(other)
    return dataclasses.replace(state, is_gaussian=False)


@lowers(Exp)
def _exp(spec: Exp, builder: Builder, state: Stream, label: str) -> State:
    a2, b2 = spec.a**2, spec.b**2
    coefs = (a2, 0.0, 2 * b2, b2, 0.0, a2 * b2, a2 * b2)
    return _exponential(coefs, builder, state, label)


@lowers(Rbf)
def _rbf(spec: Rbf, builder: Builder, state: Stream, label: str) -> State:
    twice = 2 * spec.gamma
    coefs = (1.0, 0.0, 0.0, twice, 0.0, twice, twice)
    return _exponential(coefs, builder, state, label)


@lowers(ExpNormalized)
def _exp_normalized(
    spec: ExpNormalized, builder: Builder, state: Stream, label: str
) -> State:
    gamma = spec.gamma
    if state.is_gaussian and state.needs_mask:
        builder.emit("mask", label, state)
    one, zero = _exp_or_inf(gamma * (1 + spec.shift)), _exp_or_inf(gamma * spec.shift)
    coefs = (one, 1.0, 0.0, 0.0, gamma, gamma * one, gamma * zero)
    result = _exponential(coefs, builder, state, label)
    builder.emit("floor", label, state, row_coefs=(FLOOR * zero,))
    return result


def _exponential(
    coefs: tuple[float, ...], builder: Builder, state: Stream, label: str
) -> Stream:
    """Lower ``q' = A q^m e^(B q)`` and its angles, see the op."""
    require_gaussian(state, label)
    check_finite(label, *coefs)
    builder.emit("exp", label, state, flags=state.flags, row_coefs=coefs)
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=True)


@lowers(Gaussian)
def _gaussian(spec: Gaussian, builder: Builder, state: Stream, label: str) -> State:
    require_gaussian(state, label)
    check_finite(label, spec.a**2, spec.b**2, spec.a**2 * spec.b**2)
    builder.emit(
        "gaussian", label, state, flags=state.flags, row_coefs=(spec.a, spec.b)
    )
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=True)


def _exp_or_inf(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf
