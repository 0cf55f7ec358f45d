"""Axis arguments: neural-tangents' layouts are many, fastntk has one."""

from typing import Any

from fastntk._errors import NetworkError

__all__ = ["check_axes", "check_axis"]

LAYOUT = "Inputs have samples first and features last; transpose them first"


def check_axis(
    axis: Any, name: str, allowed: tuple[int, ...], label: str, remedy: str = LAYOUT
) -> None:
    """Refuse an axis that the layout of inputs does not have.

    Parameters
    ----------
    axis : object
        What the user gave.
    name, label : str
        The argument and the layer, for the message.
    allowed : tuple of int
        The values that mean the layout that fastntk has.
    remedy : str, optional
        What to do, the last sentence of the message.

    Raises
    ------
    NetworkError
        If ``axis`` is not one of ``allowed``.
    """
    try:
        is_allowed = not isinstance(axis, bool) and bool(axis in allowed)
    except ValueError:  # an array
        is_allowed = False
    if not is_allowed:
        raise NetworkError(
            f"{label}: {name} is {axis!r}; expected "
            f"{' or '.join(map(str, allowed))}. {remedy}"
        )


def check_axes(batch_axis: Any, channel_axis: Any, label: str) -> None:
    """Refuse axes other than samples first and channels last.

    Parameters
    ----------
    batch_axis, channel_axis : object
        What the user gave: 0 and -1 are accepted.
    label : str
        The layer, for the message.

    Raises
    ------
    NetworkError
        If an axis is another one.
    """
    check_axis(batch_axis, "batch_axis", (0,), label)
    check_axis(channel_axis, "channel_axis", (-1,), label)
