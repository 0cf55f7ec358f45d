"""Axes that layers name: the first for samples, the last for channels.

A layer keeps an axis as it was written.  Counted from the other end, it is the same
one only for inputs of a certain number of axes, so `resolve_axes` settles it where
that number is known.
"""

import dataclasses
from typing import Any, TypeAlias, cast

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._axes import axis_fields
from fastntk.spec._base import Spec
from fastntk.spec.custom import Custom
from fastntk.spec.spatial import (
    DotGeneral,
    Flatten,
    GlobalAvgPool,
    GlobalSumPool,
    Index,
)
from fastntk.spec.structure import (
    FanInConcat,
    FanInProd,
    FanInSum,
    FanOut,
    Parallel,
    Serial,
)

__all__ = ["resolve_axes"]

_Axes: TypeAlias = "int | tuple[_Axes, ...] | None"
"""Axes of what flows: None if not known; a tuple for branches."""


def resolve_axes(spec: Spec, n_axes: int | None) -> Spec:
    """Return the network with every axis as it is counted here: samples 0, channels -1.

    Parameters
    ----------
    spec : Spec
        The network.
    n_axes : int or None
        Axes of its inputs: 2 for rows, 3 for samples with positions; None if that is
        not known, which leaves the axes unchecked.

    Returns
    -------
    Spec
        ``spec`` itself if there is nothing to change.

    Raises
    ------
    NetworkError
        If a layer names another axis than the first or the last one.

    Examples
    --------
    >>> from fastntk.spec import Dense
    >>> resolve_axes(Dense(8, channel_axis=1), 2)
    Dense(8)
    """
    if not spec.names_axes:
        return spec
    known = n_axes if n_axes is not None and n_axes >= 2 else None
    return _walk(spec, known, "")[0]


def _walk(spec: Spec, axes: _Axes, where: str) -> tuple[Spec, _Axes]:
    """Return a layer with its axes settled, and the axes of its outputs."""
    if isinstance(spec, Serial):
        return _serial(spec, axes, where)
    if isinstance(spec, Parallel):
        return _parallel(spec, axes, where)
    found = axes[0] if isinstance(axes, tuple) and axes else axes
    number = found if isinstance(found, int) else None
    if spec.names_axes:
        spec = _settled(spec, number, where)
    return spec, _after(spec, axes, number)


def _serial(spec: Serial, axes: _Axes, where: str) -> tuple[Spec, _Axes]:
    layers = []
    for k, layer in enumerate(spec.layers):
        settled, axes = _walk(layer, axes, _place(where, k))
        layers.append(settled)
    return _with(spec, layers), axes


def _parallel(spec: Parallel, axes: _Axes, where: str) -> tuple[Spec, _Axes]:
    branches = axes if isinstance(axes, tuple) else ()
    if len(branches) != len(spec.layers):  # evaluation says what is wrong
        branches = (None,) * len(spec.layers)
    pairs = [
        _walk(layer, branch, _place(where, k))
        for k, (layer, branch) in enumerate(zip(spec.layers, branches, strict=True))
    ]
    return _with(spec, [layer for layer, _ in pairs]), tuple(a for _, a in pairs)


def _place(where: str, k: int) -> str:
    return f"{where}.{k}" if where else str(k)


def _with(spec: Serial | Parallel, layers: list[Spec]) -> Spec:
    if not spec.names_axes:
        return spec
    return dataclasses.replace(spec, layers=tuple(layers))


def _settled(spec: Spec, number: int | None, where: str) -> Spec:
    """Return a layer whose axes are 0 and -1, or say which one is another."""
    settled = {}
    for name, default in axis_fields(spec).items():
        axis = getattr(spec, name)
        if axis == default:
            continue
        if number is not None and axis - default not in (-number, number):
            raise NetworkError(_wrong_axis(spec, name, axis, default, number, where))
        settled[name] = default
    return cast("Spec", dataclasses.replace(cast("Any", spec), **settled))


def _wrong_axis(
    spec: Spec, name: str, axis: int, default: int, number: int, where: str
) -> str:
    label = shown(spec) + (f" at layer {where}" if where else "")
    other = number - 1 if default == -1 else -number
    which = "last" if default == -1 else "first"
    return (
        f"{label}: {name} is {axis}, and what comes in has {number} axes; expected "
        f"{default} or {other}, the {which} of them. "
        f"{spec.axis_remedy}"
    )


def _after(spec: Spec, axes: _Axes, number: int | None) -> _Axes:
    """Return the axes of the outputs of a layer that holds no other."""
    if isinstance(spec, FanOut):
        return (axes,) * spec.num
    if isinstance(spec, FanInSum | FanInProd | FanInConcat):
        return number
    if isinstance(spec, Custom):
        return None  # its function may do anything
    if isinstance(spec, Flatten | GlobalAvgPool | GlobalSumPool):
        return 2
    if number is None or not _takes_position(spec):
        return number
    return number - 1


def _takes_position(spec: Spec) -> bool:
    """Say whether a layer leaves one position, without an axis for it."""
    if isinstance(spec, Index):
        return any(isinstance(item, int) for item in spec.idx)
    if isinstance(spec, DotGeneral) and isinstance(spec.constant, tuple):
        return not isinstance(spec.constant[0], tuple)
    return False
