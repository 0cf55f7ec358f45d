"""Layers that rescale features: normalisation and dropout."""

import dataclasses

from fastntk._errors import NetworkError
from fastntk.spec._base import Spec
from fastntk.spec._checks import as_nonnegative, as_real, short_repr

__all__ = ["MODES", "Dropout", "LayerNorm"]

MODES = ("train", "test")


@dataclasses.dataclass(frozen=True, repr=False)
class LayerNorm(Spec):
    """Normalises every sample over its features.

    Parameters
    ----------
    eps : float, default=1e-12
        Added to the variance, >= 0.

    Raises
    ------
    NetworkError
        If ``eps`` is not a finite number >= 0.
    """

    eps: float = 1e-12

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        eps = as_nonnegative(self.eps, "eps", short_repr(self))
        object.__setattr__(self, "eps", eps)


@dataclasses.dataclass(frozen=True, repr=False)
class Dropout(Spec):
    """Zeroes features at random and scales the others up.

    Parameters
    ----------
    rate : float
        Share of the features that is *kept*, in (0, 1].
    mode : {"train", "test"}, default="train"
        "test" makes it the identity.

    Raises
    ------
    NetworkError
        If ``rate`` is outside (0, 1], or ``mode`` is unknown.
    """

    rate: float
    mode: str = "train"

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        label = f"Dropout({short_repr(self.rate)})"
        rate = as_real(self.rate, "rate", label)
        if not 0.0 < rate <= 1.0:
            raise NetworkError(
                f"{label}: rate is {rate}; expected a number in (0, 1], the share of "
                "features that is kept"
            )
        found: object = self.mode
        if not isinstance(found, str) or found not in MODES:
            raise NetworkError(
                f"{label}: mode is {short_repr(found)}; expected 'train' or 'test'"
            )
        object.__setattr__(self, "rate", rate)
