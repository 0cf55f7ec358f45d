"""How each layer class becomes ops: one small function per layer.

Adding a layer: write a function that takes the spec, the `Builder`, the state and a
label, and returns the new state; register it with ``@lowers(LayerClass)``.
"""

import dataclasses
import math

from fastntk._errors import NetworkError
from fastntk.kernels.abi import AFFINE_RHO, AFFINE_TAU_CONSTANT, AFFINE_TAU_OUTPUT
from fastntk.program.lowering import Builder, State, Stream, lower_layer, lowers
from fastntk.spec import (
    ABRelu,
    Abs,
    Dense,
    Erf,
    FanInSum,
    FanOut,
    Identity,
    LeakyRelu,
    Parallel,
    Relu,
    Serial,
    Sign,
    Spec,
)

# complement below which erf is computed from differences
ERF_NEAR = 0.05


@lowers(Serial)
def _serial(spec: Serial, builder: Builder, state: State, where: str) -> State:
    prefix = f"{where}." if where else ""
    for k, layer in enumerate(spec.layers):
        state = lower_layer(layer, builder, state, f"{prefix}{k}")
    return state


@lowers(Parallel)
def _parallel(spec: Parallel, builder: Builder, state: State, where: str) -> State:
    found = 1 if isinstance(state, Stream) else len(state)
    if isinstance(state, Stream) or found != len(spec.layers):
        at = f" at layer {where}" if where else ""
        raise NetworkError(
            f"parallel(...){at}: found {found} branches at its input; expected "
            f"{len(spec.layers)}, one per layer. Put FanOut({len(spec.layers)}) before "
            "it"
        )
    prefix = f"{where}." if where else ""
    return tuple(
        lower_layer(layer, builder, branch, f"{prefix}{k}")
        for k, (layer, branch) in enumerate(zip(spec.layers, state, strict=True))
    )


@lowers(FanOut)
def _fan_out(spec: FanOut, builder: Builder, state: Stream, label: str) -> State:
    branches = [state]
    for _ in range(spec.num - 1):
        copy = builder.open_stream(state.width)
        builder.emit("copy", label, state, other=copy.id)
        branches.append(dataclasses.replace(state, id=copy.id))
    return tuple(branches)


@lowers(FanInSum)
def _fan_in_sum(spec: FanInSum, builder: Builder, state: State, label: str) -> State:
    if isinstance(state, Stream):
        raise NetworkError(
            f"{label}: found one branch at its input; expected several. Put FanOut and "
            "parallel before it"
        )
    first, *others = _as_streams(state, label)
    if others and not all(s.is_gaussian for s in (first, *others)):
        raise NetworkError(
            f"{label}: found a branch that is not Gaussian; a sum has a limit only if "
            "every branch ends with a Dense (or comes from one unchanged). Put a Dense "
            "at the end of each branch"
        )
    widths = {s.width for s in (first, *others)}
    if len(widths) > 1:
        raise NetworkError(
            f"{label}: found branches of {sorted(map(str, widths))} features; expected "
            "equal widths"
        )
    for other in others:
        builder.emit("add", label, first, other=other.id)
        builder.close_stream(other)
    return dataclasses.replace(
        first,
        is_nonnegative=all(s.is_nonnegative for s in (first, *others)),
        needs_mask=any(s.needs_mask for s in (first, *others)),
    )


def _as_streams(state: tuple[State, ...], label: str) -> list[Stream]:
    streams = [s for s in state if isinstance(s, Stream)]
    if len(streams) != len(state):
        raise NetworkError(
            f"{label}: found branches within branches; join the inner ones first"
        )
    return streams


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
    _check_finite(label, w2, b2, fan_in)
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
        state, width=spec.out_dim * scale, is_gaussian=True, needs_mask=needs_mask
    )


def _check_finite(label: str, *values: float) -> None:
    if not all(math.isfinite(value) for value in values):
        raise NetworkError(f"{label}: W_std or b_std is too large for float64 squares")


def _require_gaussian(state: Stream, label: str) -> None:
    if not state.is_gaussian:
        raise NetworkError(
            f"{label}: its input is not Gaussian, so the activation has no "
            "infinite-width limit. Put a Dense before it"
        )


@lowers(Identity)
def _identity(spec: Identity, builder: Builder, state: Stream, label: str) -> State:
    return state


@lowers(Relu, LeakyRelu, ABRelu, Abs)
def _abrelu(spec: Spec, builder: Builder, state: Stream, label: str) -> State:
    _require_gaussian(state, label)
    a, b = _slopes(spec)
    square = (a * a + b * b) / 2
    _check_finite(label, square)
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
    _require_gaussian(state, label)
    builder.emit("sign", label, state)
    return dataclasses.replace(state, is_gaussian=False)


@lowers(Erf)
def _erf(spec: Erf, builder: Builder, state: Stream, label: str) -> State:
    _require_gaussian(state, label)
    _check_finite(label, spec.a**2, spec.b**2, spec.c**2)
    builder.emit("erf", label, state, coefs=(ERF_NEAR,), row_coefs=(spec.a, spec.b))
    if spec.c:
        flags = state.flags | AFFINE_RHO
        row_coefs = (1.0, spec.c**2, 0.0, 0.0, 0.0)
        builder.emit("affine", label, state, flags=flags, row_coefs=row_coefs)
    return dataclasses.replace(state, is_gaussian=False)
