"""Fields of layers that hold an axis, checked as far as they can be without inputs."""

import dataclasses
import operator
from collections.abc import Mapping
from typing import Any

from fastntk._errors import NetworkError
from fastntk._shown import shown

__all__ = [
    "LAYOUT",
    "WITH_POSITIONS",
    "as_axis",
    "axis_field",
    "axis_fields",
    "keep_axes",
]

LAYOUT = "Inputs have samples first and features last; transpose them first"

WITH_POSITIONS = 3  # axes of inputs that have positions

_IS_AXIS = "is_axis"


def axis_field(default: int) -> Any:
    """Return the field of an axis: 0 for that of samples, -1 for that of channels.

    Parameters
    ----------
    default : {0, -1}
        The axis as it is counted here.
    """
    return dataclasses.field(default=default, metadata={_IS_AXIS: True})


def axis_fields(layer: Any) -> Mapping[str, int]:
    """Return the names of the fields of a layer that are axes, with their defaults."""
    fields: tuple[dataclasses.Field[Any], ...] = dataclasses.fields(layer)
    return {
        field.name: field.default  # type: ignore[misc]  # never missing
        for field in fields
        if field.metadata.get(_IS_AXIS)
    }


def keep_axes(layer: Any, label: str, least: int = 2, remedy: str = LAYOUT) -> None:
    """Check the axes of a frozen layer, and note whether one is written otherwise.

    Parameters
    ----------
    layer : Spec
        The layer, in its ``__post_init__``.
    label : str
        The layer as shown in messages.
    least : int, default=2
        Axes that its inputs have at least.
    remedy : str, optional
        What to do, the last sentence of the message.

    Raises
    ------
    NetworkError
        If an axis can be neither the one of samples, for 0, nor that of channels, for
        -1, whatever the inputs are.
    """
    is_written = False
    for name, default in axis_fields(layer).items():
        axis = as_axis(getattr(layer, name), name, default, label, least, remedy)
        object.__setattr__(layer, name, axis)
        is_written |= axis != default
    object.__setattr__(layer, "names_axes", is_written)
    object.__setattr__(layer, "axis_remedy", remedy)


def as_axis(
    value: Any,
    name: str,
    default: int,
    label: str,
    least: int = 2,
    remedy: str = LAYOUT,
) -> int:
    """Return an axis as an int that may be the first (default 0) or the last (-1)."""
    try:
        axis = None if isinstance(value, bool) else operator.index(value)
    except Exception:  # of any kind: it may be data
        axis = None
    if axis is not None:
        may_be = axis >= least - 1 if default == -1 else axis <= -least
        if axis == default or may_be:
            return axis
    raise NetworkError(
        f"{label}: {name} is {shown(value)}; expected {default}. {remedy}"
    )
