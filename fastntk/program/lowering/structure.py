"""Lowering of what holds, splits and joins layers."""

import dataclasses

from fastntk._errors import NetworkError
from fastntk.kernels.abi import NON_NEGATIVE
from fastntk.program.lowering.walk import Builder, State, Stream, lower_layer, lowers
from fastntk.spec import (
    FanInConcat,
    FanInProd,
    FanInSum,
    FanOut,
    Parallel,
    Section,
    Serial,
    Tap,
)

__all__: list[str] = []


@lowers(Serial)
def _serial(spec: Serial, builder: Builder, state: State, where: str) -> State:
    prefix = f"{where}." if where else ""
    for k, layer in enumerate(spec.layers):
        state = lower_layer(layer, builder, state, f"{prefix}{k}")
    return state


@lowers(Section)
def _section(spec: Section, builder: Builder, state: State, where: str) -> State:
    for place, layer in zip(spec.places, spec.layers, strict=True):
        state = lower_layer(layer, builder, state, place)
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


@lowers(Tap)
def _tap(spec: Tap, builder: Builder, state: Stream, label: str) -> State:
    if spec.name in builder.wanted:
        kept = builder.open_stream(state.width)
        builder.emit("copy", label, state, other=kept.id)
        builder.taps[spec.name] = kept.id
    return state


@lowers(FanInSum)
def _fan_in_sum(spec: FanInSum, builder: Builder, state: State, label: str) -> State:
    branches = _as_branches(state, label)
    if len(branches) > 1 and not all(s.is_gaussian for s in branches):
        raise NetworkError(
            f"{label}: found a branch that is not Gaussian; a sum has a limit only if "
            "every branch ends with a Dense (or comes from one unchanged). Put a Dense "
            "at the end of each branch"
        )
    _check_widths(branches, label)
    return _join("add", builder, branches, label)


@lowers(FanInProd)
def _fan_in_prod(spec: FanInProd, builder: Builder, state: State, label: str) -> State:
    branches = _as_branches(state, label)
    _check_widths(branches, label)
    result = _join("multiply", builder, branches, label)
    is_gaussian = len(branches) == 1 and branches[0].is_gaussian
    return dataclasses.replace(result, is_gaussian=is_gaussian)


@lowers(FanInConcat)
def _fan_in_concat(
    spec: FanInConcat, builder: Builder, state: State, label: str
) -> State:
    branches = _as_branches(state, label)
    widths = [s.width for s in branches if s.width is not None]
    if len(widths) < len(branches):
        raise NetworkError(
            f"{label}: the width of a branch is not known; a concatenation weights the "
            "branches by their widths. Pass the data, e.g. net.program(x), or put a "
            "Dense at the end of each branch"
        )
    for branch, width in zip(branches, widths, strict=True):
        if len(branches) > 1:
            weight = width / sum(widths)
            builder.emit("scale", label, branch, row_coefs=(weight,))
    result = _join("add", builder, branches, label)
    return dataclasses.replace(result, width=sum(widths), is_gaussian=False)


def _join(name: str, builder: Builder, branches: list[Stream], label: str) -> Stream:
    """Take the other branches into the first one, and give their slots back."""
    first, *others = branches
    flags = NON_NEGATIVE if all(s.is_nonnegative for s in branches) else 0
    for other in others:
        builder.emit(name, label, first, other=other.id, flags=flags)
        builder.close_stream(other)
    return dataclasses.replace(
        first,
        is_nonnegative=all(s.is_nonnegative for s in branches),
        needs_mask=any(s.needs_mask for s in branches),
        is_input=all(s.is_input for s in branches),
    )


def _as_branches(state: State, label: str) -> list[Stream]:
    if isinstance(state, Stream):
        raise NetworkError(
            f"{label}: found one branch at its input; expected several. Put FanOut and "
            "parallel before it"
        )
    branches = [s for s in state if isinstance(s, Stream)]
    if len(branches) != len(state):
        raise NetworkError(
            f"{label}: found branches within branches; join the inner ones first"
        )
    return branches


def _check_widths(branches: list[Stream], label: str) -> None:
    widths = {s.width for s in branches}
    if len(widths) > 1:
        shown = sorted("unknown" if w is None else f"{w:g}" for w in widths)
        raise NetworkError(
            f"{label}: found branches of {' and '.join(shown)} features; expected "
            "equal widths"
        )
