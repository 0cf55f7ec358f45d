"""Lowering of rectifiers, steps and erf."""

import dataclasses
import math

from fastntk.kernels.abi import AFFINE_RHO
from fastntk.program.lowering.checks import check_finite, require_gaussian
from fastntk.program.lowering.walk import Builder, State, Stream, lowers
from fastntk.program.rectified import rectified_coefs
from fastntk.spec import (
    ABRelu,
    Abs,
    Erf,
    LeakyRelu,
    RectifiedMonomial,
    Relu,
    Sign,
    Spec,
)


@lowers(Relu, LeakyRelu, ABRelu, Abs)
def _abrelu(spec: Spec, builder: Builder, state: Stream, label: str) -> State:
    require_gaussian(state, label)
    return _two_slopes(*_slopes(spec), builder, state, label)


def _two_slopes(
    a: float, b: float, builder: Builder, state: Stream, label: str
) -> State:
    """Lower an activation with slope ``a`` below zero and ``b`` above."""
    square = (a * a + b * b) / 2
    check_finite(label, square)
    if state.needs_mask:
        builder.emit("mask", label, state)
    beta = (b - a) ** 2 / (4 * square) if square else 0.0
    if a * b <= 0:
        beta = max(beta, 0.5)  # so that no correlation rounds to below zero
    builder.emit(
        "abrelu",
        label,
        state,
        flags=state.flags,
        coefs=(beta, beta * 2 / math.pi),
        row_coefs=(square, square, (a + b) ** 2 / 4),
    )
    # the smallest correlation that comes out is 2 beta - 1, or what came in
    is_nonnegative = state.is_nonnegative or a * b <= 0
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=is_nonnegative)


def _slopes(spec: Spec) -> tuple[float, float]:
    """Return the slopes below and above zero."""
    match spec:
        case ABRelu(a=a, b=b):
            return a, b
        case LeakyRelu(alpha=alpha):
            return alpha, 1.0
        case Abs():
            return -1.0, 1.0
        case _:
            return 0.0, 1.0


@lowers(Sign)
def _sign(spec: Sign, builder: Builder, state: Stream, label: str) -> State:
    require_gaussian(state, label)
    builder.emit("sign", label, state)
    return dataclasses.replace(state, is_gaussian=False)


@lowers(Erf)
def _erf(spec: Erf, builder: Builder, state: Stream, label: str) -> State:
    require_gaussian(state, label)
    check_finite(label, spec.a**2, spec.b**2, spec.c**2)
    builder.emit("erf", label, state, row_coefs=(spec.a, spec.b))
    if spec.c:
        flags = state.flags | AFFINE_RHO
        row_coefs = (1.0, spec.c**2, 0.0, 0.0, 0.0)
        builder.emit("affine", label, state, flags=flags, row_coefs=row_coefs)
    return dataclasses.replace(state, is_gaussian=False)


@lowers(RectifiedMonomial)
def _rectified_monomial(
    spec: RectifiedMonomial, builder: Builder, state: Stream, label: str
) -> State:
    require_gaussian(state, label)
    if spec.degree == 0:
        return _step(builder, state, label)
    if spec.degree == 1:
        return _two_slopes(0.0, 1.0, builder, state, label)
    if state.needs_mask:
        builder.emit("mask", label, state)
    builder.emit(
        "rectified",
        label,
        state,
        flags=state.flags,
        coefs=rectified_coefs(spec.degree),
        row_coefs=(float(spec.degree),),
    )
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=True)


def _step(builder: Builder, state: Stream, label: str) -> State:
    """Lower ``(x >= 0) = (1 + sign(x)) / 2``, whose parts are uncorrelated."""
    builder.emit("sign", label, state)
    flags = state.flags | AFFINE_RHO
    row_coefs = (0.25, 0.25, 0.0, 0.0, 0.0)
    builder.emit("affine", label, state, flags=flags, row_coefs=row_coefs)
    # at opposite rows the correlation, 0, may round to below zero
    return dataclasses.replace(state, is_gaussian=False)
