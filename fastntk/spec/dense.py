"""Fully connected layers."""

import dataclasses

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._axes import axis_field, keep_axes
from fastntk.spec._base import Spec
from fastntk.spec._checks import as_count, as_positive_pair, as_std

__all__ = ["PARAMETERIZATIONS", "Dense"]

PARAMETERIZATIONS = ("ntk", "standard")


@dataclasses.dataclass(frozen=True, repr=False)
class Dense(Spec):
    """A fully connected layer; `fastntk.stax.Dense` has its equations.

    Parameters
    ----------
    out_dim : int
        Width of the layer, >= 1.
    W_std : float, default=1.0
        Standard deviation of the weights, >= 0.
    b_std : float or None, default=None
        Standard deviation of the biases, >= 0; None for no bias.
    parameterization : {"ntk", "standard"}, default="ntk"
        Where the width enters.
    s : tuple of two floats, default=(1.0, 1.0)
        Width scales of the input and the output ("standard" only).
    batch_axis, channel_axis : int, default=0 and -1
        Axes of samples and features; counted from the other end, they are settled
        where the inputs are known.

    Raises
    ------
    NetworkError
        If a parameter is not of the kind described.

    Examples
    --------
    >>> Dense(512, W_std=1.5)
    Dense(512, W_std=1.5)
    """

    out_dim: int
    W_std: float = 1.0
    b_std: float | None = None
    parameterization: str = "ntk"
    s: tuple[float, float] = (1.0, 1.0)
    batch_axis: int = axis_field(0)
    channel_axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        out_dim = as_count(self.out_dim, "out_dim", f"Dense({shown(self.out_dim)})")
        label = f"Dense({out_dim})"
        set_field = object.__setattr__  # the dataclass is frozen
        set_field(self, "out_dim", out_dim)
        set_field(self, "W_std", as_std(self.W_std, "W_std", label))
        if self.b_std is not None:
            set_field(self, "b_std", as_std(self.b_std, "b_std", label))
        set_field(self, "parameterization", _as_parameterization(self, label))
        set_field(self, "s", as_positive_pair(self.s, "s", label))
        keep_axes(self, label)


def _as_parameterization(dense: Dense, label: str) -> str:
    """Return the parameterization in lower case, as neural-tangents does."""
    found: object = dense.parameterization
    if isinstance(found, str) and found.lower() in PARAMETERIZATIONS:
        return found.lower()
    raise NetworkError(
        f"{label}: parameterization is {shown(found)}; expected 'ntk' or 'standard'"
    )
