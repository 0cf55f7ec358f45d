"""Lowering of layers over positions, as far as rows have them: one position."""

import dataclasses

from fastntk._errors import NetworkError
from fastntk.program.lowering.checks import check_finite
from fastntk.program.lowering.walk import Builder, State, Stream, lowers
from fastntk.spec import (
    Aggregate,
    DotGeneral,
    Flatten,
    GlobalAvgPool,
    GlobalSumPool,
    Index,
    Spec,
)

__all__: list[str] = []


@lowers(Aggregate, GlobalAvgPool, GlobalSumPool)
def _needs_positions(spec: Spec, builder: Builder, state: Stream, label: str) -> State:
    raise _positions_error(label)


def _positions_error(label: str) -> NetworkError:
    return NetworkError(
        f"{label}: found rows of features; expected inputs of shape (n, positions, "
        "channels). Call kernel_fn(x1, x2, get) of the network with such inputs"
    )


@lowers(Index)
def _index(spec: Index, builder: Builder, state: Stream, label: str) -> State:
    if spec.is_trivial:
        return state
    raise _positions_error(label)


@lowers(Flatten)
def _flatten(spec: Flatten, builder: Builder, state: Stream, label: str) -> State:
    return dataclasses.replace(state, is_gaussian=False)


@lowers(DotGeneral)
def _dot_general(
    spec: DotGeneral, builder: Builder, state: Stream, label: str
) -> State:
    factor = spec.factor
    if factor is None:
        raise _positions_error(label)
    check_finite(label, factor**2)
    if factor**2 != 1.0:
        builder.emit("scale", label, state, row_coefs=(factor**2,))
    return state
