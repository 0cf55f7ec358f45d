"""Training and test points: converted once, kept, and matched by name."""

from typing import Any

import numpy as np

from fastntk._validation import (
    FeatureNames,
    as_samples,
    check_flag,
    feature_names,
    is_frame,
    match_features,
    owned,
    owned_rows,
    refuse_masked,
)
from fastntk.predict.given.sources import KernelSource
from fastntk.request.placement import is_on_device, to_host

__all__ = ["Points"]


class Points:
    """The training points of a kernel function, and how to read others.

    Parameters
    ----------
    source : KernelSource
        The kernels.
    x_train : array-like of shape (n, ...)
        Training points, as the caller gave them.
    copy : bool, default=True
        Whether they are kept in memory of their own.

    Attributes
    ----------
    x_train : array or object
        For a network checked rows, in float64 if they were float32 or float16: solves
        need all digits of the kernel. Any other function gets points as they are given.
    names : tuple of str or int, or None
        Of the columns, where the points were a table.

    Raises
    ------
    InputError
        If a network can't read them, or they are masked.
    """

    def __init__(
        self, source: KernelSource, x_train: Any, *, copy: bool = True
    ) -> None:
        self._is_network = source.network is not None
        self.names: FeatureNames | None = feature_names(x_train)
        rows = self._read(x_train, "x_train")
        if check_flag(copy, "copy"):
            rows = self._owned(rows, x_train)
        self.x_train = rows

    def read(self, x: Any, name: str) -> Any:
        """Return other points as the kernel function takes them; None stays None."""
        if x is None:
            return None
        return self._read(match_features(x, self.names, name), name)

    def _read(self, x: Any, name: str) -> Any:
        if not self._is_network:
            refuse_masked(x, name)
            return x
        rows: Any = as_samples(to_host(x), name)
        return rows.astype(np.float64) if _is_narrow(rows) else rows

    def _owned(self, rows: Any, given: Any) -> Any:
        if not self._is_network:
            return owned(rows)
        if is_on_device(given) or _is_narrow(given):
            return rows  # a copy already
        return owned_rows(rows, given)


def _is_narrow(x: Any) -> bool:
    """Say whether an array or a sparse matrix holds float32 or float16."""
    if is_frame(x):
        return False
    return getattr(x, "dtype", None) in (np.float32, np.float16)
