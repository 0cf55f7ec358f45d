"""Some of the threads of a launch."""

from typing import Any

import numpy as np

__all__ = ["Lanes"]


class Lanes:
    """The threads that an instruction is for.

    Parameters
    ----------
    everyone : array of int
        All threads: 0, 1, ...
    mask : array of bool, or None
        Those threads; None for all.
    """

    def __init__(self, everyone: np.ndarray, mask: np.ndarray | None) -> None:
        self.mask = mask
        self.everyone = everyone
        self.index = everyone if mask is None else np.flatnonzero(mask)

    def of(self, values: Any) -> Any:
        """Return the numbers of these threads."""
        return (
            values if self.mask is None or np.ndim(values) == 0 else values[self.mask]
        )

    def narrowed(self, predicate: Any) -> "Lanes":
        """Return those threads of these for which a predicate holds."""
        mask = np.broadcast_to(predicate, self.everyone.shape)
        return Lanes(self.everyone, mask if self.mask is None else mask & self.mask)

    def spread(self, values: Any) -> Any:
        """Return numbers of these threads at their places among all."""
        if self.mask is None or np.ndim(values) == 0:
            return values
        return spread(values, self.mask)


def spread(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return an array with numbers where a mask is set."""
    found = np.zeros(mask.shape, values.dtype)
    found[mask] = values
    return found
