"""Checks that several lowering functions share."""

import math

from fastntk._errors import NetworkError
from fastntk.program.lowering.walk import Stream

__all__ = ["check_finite", "require_gaussian"]


def check_finite(label: str, *values: float) -> None:
    """Refuse coefficients that left the range of float64.

    Parameters
    ----------
    label : str
        The layer as shown in messages.
    *values : float
        Squares and products of its parameters.

    Raises
    ------
    NetworkError
        If one is infinite or NaN.
    """
    if not all(math.isfinite(value) for value in values):
        raise NetworkError(
            f"{label}: its parameters are too large; expected squares and products of "
            "them that fit in float64. Use smaller ones"
        )


def require_gaussian(state: Stream, label: str) -> None:
    """Refuse a stream whose features are no Gaussian processes.

    Parameters
    ----------
    state : Stream
        What the activation is applied to.
    label : str
        The layer as shown in messages.

    Raises
    ------
    NetworkError
        If it is not Gaussian.
    """
    if not state.is_gaussian:
        raise NetworkError(
            f"{label}: its input is not Gaussian, so the activation has no "
            "infinite-width limit. Put a Dense before it"
        )
