"""Elementwise layers; `fastntk.stax` has the equations of their kernels."""

import dataclasses

from fastntk.spec._base import Spec
from fastntk.spec._checks import as_reals

__all__ = ["ABRelu", "Abs", "Erf", "Identity", "LeakyRelu", "Relu", "Sign"]


@dataclasses.dataclass(frozen=True, repr=False)
class Identity(Spec):
    """The identity; it changes no kernel, and serves as a skip connection."""


@dataclasses.dataclass(frozen=True, repr=False)
class Relu(Spec):
    """The rectifier ``max(x, 0)``."""


@dataclasses.dataclass(frozen=True, repr=False)
class Abs(Spec):
    """The absolute value ``|x|``."""


@dataclasses.dataclass(frozen=True, repr=False)
class Sign(Spec):
    """The sign of ``x``; its derivative is zero almost everywhere."""


@dataclasses.dataclass(frozen=True, repr=False)
class LeakyRelu(Spec):
    """The leaky rectifier ``alpha * min(x, 0) + max(x, 0)``.

    Parameters
    ----------
    alpha : float
        Slope for negative arguments.

    Raises
    ------
    NetworkError
        If ``alpha`` is not a finite number.
    """

    alpha: float

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        as_reals(self)


@dataclasses.dataclass(frozen=True, repr=False)
class ABRelu(Spec):
    """The two-sided rectifier ``a * min(x, 0) + b * max(x, 0)``.

    Parameters
    ----------
    a : float
        Slope for negative arguments.
    b : float
        Slope for positive arguments.

    Raises
    ------
    NetworkError
        If a slope is not a finite number.
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        as_reals(self)


@dataclasses.dataclass(frozen=True, repr=False)
class Erf(Spec):
    """The scaled and shifted error function ``a * erf(b * x) + c``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=1.0
        Input scale.
    c : float, default=0.0
        Output shift.

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        as_reals(self)
