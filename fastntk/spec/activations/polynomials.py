"""Polynomial layers; `fastntk.stax` has the equations of their kernels."""

import dataclasses
from collections.abc import Iterable

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._base import Spec
from fastntk.spec._checks import LARGEST_DEGREE, as_degree, as_real

__all__ = ["Hermite", "Monomial", "Polynomial", "RectifiedMonomial"]


class _OfDegree(Spec):
    """Common part of the layers that have a degree and nothing else."""

    degree: int

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        degree = as_degree(self.degree, "degree", shown(self))
        object.__setattr__(self, "degree", degree)


@dataclasses.dataclass(frozen=True, repr=False)
class Hermite(_OfDegree):
    """The normalised (probabilists') Hermite polynomial; assumes variances of 1.

    Parameters
    ----------
    degree : int
        From 0 to 64.

    Raises
    ------
    NetworkError
        If ``degree`` is not an integer from 0 to 64.
    """

    degree: int


@dataclasses.dataclass(frozen=True, repr=False)
class Monomial(_OfDegree):
    """The power ``x**degree``.

    Parameters
    ----------
    degree : int
        From 0 to 64.

    Raises
    ------
    NetworkError
        If ``degree`` is not an integer from 0 to 64.
    """

    degree: int


@dataclasses.dataclass(frozen=True, repr=False)
class RectifiedMonomial(_OfDegree):
    """The rectified power ``(x >= 0) x**degree``.

    Parameters
    ----------
    degree : int
        From 0 to 64.

    Raises
    ------
    NetworkError
        If ``degree`` is not an integer from 0 to 64.
    """

    degree: int


@dataclasses.dataclass(frozen=True, repr=False)
class Polynomial(Spec):
    """The polynomial ``coef[0] + coef[1] x + ... + coef[n] x**n``.

    Parameters
    ----------
    coef : tuple of float
        One to 65 coefficients, lowest degree first.

    Raises
    ------
    NetworkError
        If there are no coefficients or too many, or one is not a finite number.

    Examples
    --------
    >>> Polynomial((0, 1, 0.5))
    Polynomial((0.0, 1.0, 0.5))
    """

    coef: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        label = f"Polynomial({shown(self.coef)})"
        given: object = self.coef
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise NetworkError(
                f"{label}: coef is {shown(given)}; expected a sequence of "
                "numbers, lowest degree first, e.g. (0, 1, 0.5)"
            )
        values = tuple(_items(given, label))
        if not values:
            raise NetworkError(
                f"{label}: found no coefficients; expected at least one, e.g. (0, 1)"
            )
        if len(values) > LARGEST_DEGREE + 1:
            raise NetworkError(
                f"{label}: found {len(values)} coefficients; expected at most "
                f"{LARGEST_DEGREE + 1} (degree {LARGEST_DEGREE})"
            )
        coef = tuple(as_real(v, f"coef[{k}]", label) for k, v in enumerate(values))
        object.__setattr__(self, "coef", coef)


def _items(values: Iterable[object], label: str) -> Iterable[object]:
    """Iterate, also over 0-d arrays, which only pretend to be iterable."""
    try:
        return iter(values)
    except TypeError:
        raise NetworkError(
            f"{label}: coef is a single number; expected a sequence of numbers, e.g. "
            "(0, 1)"
        ) from None
