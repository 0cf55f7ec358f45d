"""Layers over the nodes of a graph."""

import dataclasses
from typing import Any

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._axes import WITH_POSITIONS, axis_field, keep_axes
from fastntk.spec._base import Spec
from fastntk.spec._nested import as_ints

__all__ = ["IMPLEMENTATIONS", "Aggregate"]

IMPLEMENTATIONS = ("DENSE", "SPARSE")


@dataclasses.dataclass(frozen=True, repr=False)
class Aggregate(Spec):
    """Sums over the neighbours in a graph; the edges come with the data.

    Parameters
    ----------
    aggregate_axis : tuple of int or None, default=None
        The axes that hold the nodes; None for all positions.
    implementation : {"DENSE", "SPARSE"}, default="DENSE"
        Whether edges are given as adjacency matrices or as lists of pairs.
    batch_axis, channel_axis : int, default=0 and -1
        As in `Dense`.

    Raises
    ------
    NetworkError
        If ``aggregate_axis`` is no integer or tuple of integers, or
        ``implementation`` is unknown.
    """

    aggregate_axis: tuple[int, ...] | None = None
    implementation: str = "DENSE"
    batch_axis: int = axis_field(0)
    channel_axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        keep_axes(self, "Aggregate", WITH_POSITIONS)
        found: object = self.implementation
        if not isinstance(found, str) or found not in IMPLEMENTATIONS:
            raise NetworkError(
                f"Aggregate: implementation is {shown(found)}; expected 'DENSE' "
                "or 'SPARSE'"
            )
        given: Any = self.aggregate_axis
        if given is None:
            return
        axes = as_ints(
            given if hasattr(given, "__iter__") else (given,),
            "aggregate_axis",
            "Aggregate",
        )
        if len(set(axes)) != len(axes) or 0 in axes or -1 in axes:
            raise NetworkError(
                f"Aggregate: aggregate_axis is {shown(given)}; expected different "
                "axes between the samples (0) and the channels (-1)"
            )
        object.__setattr__(self, "aggregate_axis", axes)
