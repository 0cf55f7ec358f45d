"""Smooth elementwise layers; `fastntk.stax` has the equations of their kernels."""

import dataclasses

from fastntk._shown import shown
from fastntk.spec._base import Spec
from fastntk.spec._checks import as_nonnegative, as_real, as_reals

__all__ = ["Cos", "Exp", "ExpNormalized", "Gabor", "Gaussian", "Gelu", "Rbf", "Sin"]


@dataclasses.dataclass(frozen=True, repr=False)
class Gelu(Spec):
    """The Gaussian error linear unit ``x Phi(x)``, ``Phi`` the normal CDF."""


@dataclasses.dataclass(frozen=True, repr=False)
class Gabor(Spec):
    """The Gabor function ``exp(-x**2) sin(x)``."""


@dataclasses.dataclass(frozen=True, repr=False)
class Sin(Spec):
    """The sine ``a * sin(b * x + c)``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=1.0
        Input scale.
    c : float, default=0.0
        Phase.

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


@dataclasses.dataclass(frozen=True, repr=False)
class Cos(Spec):
    """The cosine ``a * cos(b * x + c)``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=1.0
        Input scale.
    c : float, default=0.0
        Phase.

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


@dataclasses.dataclass(frozen=True, repr=False)
class Exp(Spec):
    """The exponential ``a * exp(b * x)``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=1.0
        Input scale.

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.
    """

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        as_reals(self)


@dataclasses.dataclass(frozen=True, repr=False)
class Gaussian(Spec):
    """The Gaussian function ``a * exp(b * x**2)``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=-1.0
        Input scale; the kernel exists while ``4 b q < 1`` for every variance ``q``.

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.
    """

    a: float = 1.0
    b: float = -1.0

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        as_reals(self)


@dataclasses.dataclass(frozen=True, repr=False)
class Rbf(Spec):
    """The activation ``sqrt(2) sin(sqrt(2 gamma) x + pi/4)`` of the RBF kernel.

    Parameters
    ----------
    gamma : float, default=1.0
        Inverse squared length scale, >= 0.

    Raises
    ------
    NetworkError
        If ``gamma`` is not a finite number >= 0.
    """

    gamma: float = 1.0

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        gamma = as_nonnegative(self.gamma, "gamma", shown(self))
        object.__setattr__(self, "gamma", gamma)


@dataclasses.dataclass(frozen=True, repr=False)
class ExpNormalized(Spec):
    """The normalised Gaussian kernel, a map of kernels without a known activation.

    Parameters
    ----------
    gamma : float, default=1.0
        Factor of the correlation in the exponent, >= 0.
    shift : float, default=-1.0
        Added to the correlation.

    Raises
    ------
    NetworkError
        If ``gamma`` is not a finite number >= 0, or ``shift`` not a finite number.
    """

    gamma: float = 1.0
    shift: float = -1.0

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        label = shown(self)
        gamma = as_nonnegative(self.gamma, "gamma", label)
        object.__setattr__(self, "gamma", gamma)
        object.__setattr__(self, "shift", as_real(self.shift, "shift", label))
