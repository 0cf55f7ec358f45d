"""Which networks are one program, and which layers keep a network from being one."""

from fastntk.spec import (
    Aggregate,
    Custom,
    DotGeneral,
    Flatten,
    GlobalAvgPool,
    GlobalSumPool,
    Index,
    Parallel,
    Serial,
    Spec,
)

__all__ = ["is_one_run", "mixes_positions"]

_MIXING = (Aggregate, Flatten, GlobalAvgPool, GlobalSumPool, Index)


def mixes_positions(spec: Spec) -> bool:
    """Say whether a layer acts across the positions of (n, positions, channels)."""
    if isinstance(spec, DotGeneral):
        return spec.factor is None
    return type(spec) in _MIXING


def is_one_run(spec: Spec, *, has_positions: bool = False) -> bool:
    """Say whether a layer, and all it holds, can be part of a program."""
    if isinstance(spec, Serial | Parallel):
        return all(is_one_run(c, has_positions=has_positions) for c in spec.layers)
    if isinstance(spec, Custom):
        return False
    return not (has_positions and mixes_positions(spec))
