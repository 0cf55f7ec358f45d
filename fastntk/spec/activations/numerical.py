"""Activations whose kernels are computed by series and quadrature, to a tolerance."""

import dataclasses
from typing import ClassVar

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._base import Spec
from fastntk.spec._checks import as_real

__all__ = [
    "METHODS",
    "Arctan",
    "Celu",
    "Elu",
    "GeluTanh",
    "HardSwish",
    "HardTanh",
    "LogCosh",
    "Mish",
    "Numerical",
    "Relu6",
    "Selu",
    "Sigmoid",
    "Silu",
    "Softplus",
    "Softsign",
    "Tanh",
    "check_method",
    "check_tol",
]

METHODS = ("auto", "series", "quadrature")
SMALLEST_TOL, LARGEST_TOL = 1e-14, 1e-1


def check_tol(value: object, label: str) -> float:
    """Return a tolerance as a float from 1e-14 to 0.1.

    Parameters
    ----------
    value : real number
        Largest error allowed, relative to ``sqrt(K(x, x) K(y, y))``.
    label : str
        The layer as shown in messages.

    Returns
    -------
    float

    Raises
    ------
    NetworkError
        If it is no number from 1e-14 to 0.1.
    """
    tol = as_real(value, "tol", label)
    if not SMALLEST_TOL <= tol <= LARGEST_TOL:
        raise NetworkError(
            f"{label}: tol is {tol}; expected a number from {SMALLEST_TOL} to "
            f"{LARGEST_TOL}, the largest error relative to sqrt(K(x, x) K(y, y))"
        )
    return tol


def check_method(value: object, label: str) -> str:
    """Return the method if it is one.

    Parameters
    ----------
    value : str
        "auto", "series" or "quadrature".
    label : str
        The layer as shown in messages.

    Returns
    -------
    str

    Raises
    ------
    NetworkError
        If it is none of these.
    """
    if not isinstance(value, str) or value not in METHODS:
        raise NetworkError(
            f"{label}: method is {shown(value)}; expected one of "
            f"{', '.join(repr(m) for m in METHODS)}"
        )
    return value


class _Numerical(Spec):
    """Common part: a tolerance and a method, and an activation that lowering knows.

    Subclasses have the fields ``tol`` and ``method``, for all of which `Tanh` speaks.
    """

    positive: ClassVar[tuple[str, ...]] = ()
    tol: float
    method: str

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        label = shown(self)
        for name in self.positive:
            value = as_real(getattr(self, name), name, label)
            if value <= 0:
                raise NetworkError(f"{label}: {name} is {value}; expected a number > 0")
            object.__setattr__(self, name, value)
        object.__setattr__(self, "tol", check_tol(self.tol, label))
        object.__setattr__(self, "method", check_method(self.method, label))


Numerical = _Numerical
"""What all of them are; by this name it is no layer that JSON can ask for."""


@dataclasses.dataclass(frozen=True, repr=False)
class Tanh(_Numerical):
    """The hyperbolic tangent.

    Parameters
    ----------
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Raises
    ------
    NetworkError
        If a field is not as described.
    """

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Sigmoid(_Numerical):
    """The logistic function ``1 / (1 + exp(-x))``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Softplus(_Numerical):
    """The smooth rectifier ``log(1 + exp(x))``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Silu(_Numerical):
    """The sigmoid linear unit ``x / (1 + exp(-x))``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Mish(_Numerical):
    """The function ``x tanh(log(1 + exp(x)))``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Elu(_Numerical):
    """The exponential linear unit, ``alpha (exp(x) - 1)`` for negative ``x``.

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit at minus infinity, > 0.
    tol, method
        As of `Tanh`.

    Raises
    ------
    NetworkError
        If a field is not as described.
    """

    positive: ClassVar[tuple[str, ...]] = ("alpha",)
    alpha: float = 1.0
    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Selu(_Numerical):
    """The self-normalising `Elu` of Klambauer et al. 2017; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Celu(_Numerical):
    """The function ``alpha (exp(x / alpha) - 1)`` for negative ``x``, else ``x``.

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit at minus infinity, > 0.
    tol, method
        As of `Tanh`.

    Raises
    ------
    NetworkError
        If a field is not as described.
    """

    positive: ClassVar[tuple[str, ...]] = ("alpha",)
    alpha: float = 1.0
    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Softsign(_Numerical):
    """The function ``x / (1 + |x|)``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class HardTanh(_Numerical):
    """The function ``min(max(x, -1), 1)``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Relu6(_Numerical):
    """The function ``min(max(x, 0), 6)``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class HardSwish(_Numerical):
    """The function ``x min(max(x + 3, 0), 6) / 6``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class GeluTanh(_Numerical):
    """Gelu's approximation by a hyperbolic tangent; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class LogCosh(_Numerical):
    """The function ``log(cosh(x))``; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"


@dataclasses.dataclass(frozen=True, repr=False)
class Arctan(_Numerical):
    """The inverse tangent; fields as of `Tanh`."""

    tol: float = 1e-12
    method: str = "auto"
