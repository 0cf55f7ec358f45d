"""Layers that rescale features: normalisation and dropout."""

import dataclasses
from typing import Any

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._axes import axis_field, keep_axes
from fastntk.spec._base import Spec
from fastntk.spec._checks import as_nonnegative, as_real

__all__ = ["MODES", "Dropout", "LayerNorm"]

MODES = ("train", "test")

_ONE_AXIS = "It has to be the channel axis alone, which fastntk has last; write -1"


@dataclasses.dataclass(frozen=True, repr=False)
class LayerNorm(Spec):
    """Normalises every sample over its features.

    Parameters
    ----------
    eps : float, default=1e-12
        Added to the variance, >= 0.
    axis, batch_axis, channel_axis : int, default=-1, 0 and -1
        As in `Dense`; ``axis`` is that of the features.

    Raises
    ------
    NetworkError
        If ``eps`` is not a finite number >= 0, or an axis is another one.
    """

    eps: float = 1e-12
    axis: int = axis_field(-1)
    batch_axis: int = axis_field(0)
    channel_axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        eps: Any = self.eps  # of any kind, so far
        is_default = isinstance(eps, float) and eps == LayerNorm.eps
        label = f"LayerNorm({'' if is_default else f'eps={shown(eps)}'})"
        object.__setattr__(self, "eps", as_nonnegative(eps, "eps", label))
        keep_axes(self, label, remedy=_ONE_AXIS)


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
        label = f"Dropout({shown(self.rate)})"
        rate = as_real(self.rate, "rate", label)
        if not 0.0 < rate <= 1.0:
            raise NetworkError(
                f"{label}: rate is {rate}; expected a number in (0, 1], the share of "
                "features that is kept"
            )
        found: object = self.mode
        if not isinstance(found, str) or found not in MODES:
            raise NetworkError(
                f"{label}: mode is {shown(found)}; expected 'train' or 'test'"
            )
        object.__setattr__(self, "rate", rate)
