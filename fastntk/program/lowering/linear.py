"""Lowering of linear layers, normalisation and dropout."""

import dataclasses

from fastntk._errors import NetworkError
from fastntk.kernels.abi import AFFINE_RHO, AFFINE_TAU_CONSTANT, AFFINE_TAU_OUTPUT
from fastntk.program.lowering.checks import check_finite
from fastntk.program.lowering.walk import Builder, State, Stream, lowers
from fastntk.spec import Dense, Dropout, Identity, LayerNorm

__all__: list[str] = []


@lowers(Dense)
def _dense(spec: Dense, builder: Builder, state: Stream, label: str) -> State:
    w2 = spec.W_std**2
    b2 = 0.0 if spec.b_std is None else spec.b_std**2
    if spec.parameterization == "ntk":
        fan_in, tangent_bias = w2, b2
    else:
        if state.width is None:
            raise NetworkError(
                f"{label}: the standard parameterization needs the width of its input; "
                "pass the data, e.g. net.program(x)"
            )
        fan_in = state.width / spec.s[0]
        tangent_bias = 0.0 if spec.b_std is None else 1.0
    check_finite(label, w2, b2, fan_in)
    flags = state.flags | (AFFINE_RHO if b2 else 0)
    is_output = fan_in == w2 and tangent_bias == b2  # T' = W^2 T + S'
    if is_output:
        flags |= AFFINE_TAU_OUTPUT
    elif tangent_bias:
        flags |= AFFINE_TAU_CONSTANT
    row_coefs = (w2, b2, fan_in, tangent_bias, float(is_output))
    builder.emit("affine", label, state, flags=flags, row_coefs=row_coefs)
    scale = spec.s[1] if spec.parameterization == "standard" else 1
    # a tangent where the variance may be 0: see the mask op
    has_tangent = tangent_bias > 0 or (w2 == 0 and fan_in > 0)
    needs_mask = not b2 and (state.needs_mask or has_tangent)
    return dataclasses.replace(
        state,
        width=spec.out_dim * scale,
        is_gaussian=True,
        needs_mask=needs_mask,
        is_input=False,
    )


@lowers(Identity)
def _identity(spec: Identity, builder: Builder, state: Stream, label: str) -> State:
    return state


@lowers(LayerNorm)
def _layer_norm(spec: LayerNorm, builder: Builder, state: Stream, label: str) -> State:
    if not state.is_gaussian:
        raise NetworkError(
            f"{label}: its input is not Gaussian; expected features with mean zero, "
            "as a Dense gives them. Put LayerNorm between a Dense and the activation"
        )
    builder.emit("layernorm", label, state, row_coefs=(spec.eps,))
    return state


@lowers(Dropout)
def _dropout(spec: Dropout, builder: Builder, state: Stream, label: str) -> State:
    if spec.mode == "test":
        return state
    if state.is_input:
        raise NetworkError(
            f"{label}: found the inputs of the network; expected a layer before it. "
            "Put a Dense before it, or drop features of the data yourself"
        )
    if spec.rate < 1.0:
        rate = (spec.rate,)
        builder.emit("dropout", label, state, coefs=rate, row_coefs=rate)
    return dataclasses.replace(state, is_gaussian=False)
