"""Checks of ``get`` and of the keyword arguments of ``kernel_fn``."""

from collections.abc import Mapping
from typing import Any

from fastntk._errors import InputError, NotSupportedError
from fastntk._kernel import KERNEL_FIELDS
from fastntk._shown import shown
from fastntk._warnings import warn

__all__ = ["check_fields", "check_keywords"]

# Keyword arguments with one value that means something here, and the remedy for others.
_FIXED: dict[str, tuple[tuple[Any, ...], str]] = {
    "diagonal_batch": (
        (True,),
        "compute the NNGP kernel of all pairs of samples as the nngp of x2=None",
    ),
    "diagonal_spatial": (
        (False,),
        "take equal positions of the result, np.einsum('ijtt->ijt', kernel.nngp)",
    ),
    "mask_constant": ((), "masks come later; drop the masked positions if you can"),
    "batch_axis": ((0,), "move the axis of samples to the front, np.moveaxis"),
    "channel_axis": ((-1,), "move the axis of channels to the end, np.moveaxis"),
}
_IDLE = ("key", "keys", "rng")  # randomness: neural-tangents' closed forms have none


def check_fields(get: Any) -> tuple[tuple[str, ...] | None, bool]:
    """Return the fields of a `Kernel` asked for, and whether a tuple was asked for.

    Parameters
    ----------
    get : str, sequence of str, or None
        Names of fields, in any case, without repetition; None for a `Kernel`.

    Returns
    -------
    names : tuple of str or None
        In lower case.
    is_tuple : bool
        False if ``get`` is a string.

    Raises
    ------
    InputError
        If a name is unknown or repeated, or there is none.
    """
    if get is None:
        return None, False
    given = (get,) if isinstance(get, str) else get
    if not isinstance(given, tuple | list) or not given:
        raise InputError(
            f"get: found {shown(get)}; expected None, 'nngp', 'ntk', another field of "
            "a Kernel, or a tuple of these"
        )
    names = tuple(n.lower() if isinstance(n, str) else n for n in given)
    for name in names:
        if name not in KERNEL_FIELDS:
            raise InputError(
                f"get: found {shown(name)}; expected 'nngp', 'ntk', or another of "
                f"{', '.join(KERNEL_FIELDS[2:])}"
            )
    if len(set(names)) < len(names):
        raise InputError(f"get: found {shown(get)}; expected each field once")
    return names, not isinstance(get, str)


def check_keywords(
    keywords: Mapping[str, Any], n_axes: int, *, takes_pattern: bool, takes_any: bool
) -> None:
    """Refuse or warn of keyword arguments that nothing in a network can honour.

    Parameters
    ----------
    keywords : mapping
        Names and values; None stands for not given.
    n_axes : int
        Axes of the inputs.
    takes_pattern : bool
        Whether a layer aggregates.
    takes_any : bool
        Whether a layer made by a user gets them all.

    Raises
    ------
    InputError
        For a name that means nothing here or in neural-tangents.
    NotSupportedError
        For one whose value asks for another result.

    Warns
    -----
    UserWarning
        For one that makes no difference to the result.
    """
    for name, value in keywords.items():
        if value is None:
            continue
        if name in _FIXED:
            _check_fixed(name, value, n_axes)
        elif takes_any or (name == "pattern" and takes_pattern):
            continue
        elif name in _IDLE or name == "pattern":
            reason = "the kernel of an infinite network is not random"
            if name == "pattern":
                reason = "no layer of this network aggregates"
            message = f"kernel_fn: {name} has no effect: {reason}. Leave it out"
            warn(message, UserWarning)
        else:
            known = ", ".join(["pattern", *_FIXED, *_IDLE])
            raise InputError(
                f"kernel_fn: found the keyword argument {shown(name)}; expected x1, "
                f"x2, get, or one of neural-tangents' {known}"
            )


def _check_fixed(name: str, value: Any, n_axes: int) -> None:
    values, remedy = _FIXED[name]
    if name == "channel_axis":
        values = (-1, n_axes - 1)
    if name == "batch_axis" and n_axes > 0:
        values = (0, -n_axes)
    if name == "diagonal_spatial" and n_axes == 2:
        values = (False, True)  # there are no positions
    if not any(value is v or value == v for v in values):
        expected = " or ".join(map(repr, (None, *values)))
        raise NotSupportedError(
            f"kernel_fn: {name} is {shown(value)}; expected {expected}; {remedy}"
        )
