"""Columns of a table in units of their standard deviations, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastntk._errors import InputError

__all__ = ["Scale"]

Array = NDArray[np.float64]
_EPS = float(np.finfo(np.float64).eps)
_ULPS = 64.0  # what a short computation may have rounded
_SAFE = 400  # sizes from 2**-400 to 2**400 have squares, also those of their spreads


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation of each column, in units of a power of two.

    Attributes
    ----------
    mean, std : ndarray of shape (d,)
        In units of ``2**exponent``; ``std`` is 1 where a column is constant.
    exponent : ndarray of int, shape (d,)
        0, unless the largest value of a column is below 2**-400 or above 2**400: then
        the least with which all are below 1. The division is exact.
    is_constant : ndarray of bool, shape (d,)
        Whether a column is constant up to rounding.

    Notes
    -----
    A column is constant if its values differ by no more than their rounding (64 units
    in the last place of the largest, as of a sum of some tens of numbers) and that of
    their mean (``log2 n + 1`` units, by pairwise summation)::

        max - min <= (64 + log2 n + 1) 2**-52 max |x|
    """

    mean: Array
    std: Array
    exponent: NDArray[np.intc]
    is_constant: NDArray[np.bool_]

    @classmethod
    def none(cls, n_columns: int) -> Scale:
        """Return the scale that leaves columns as they are."""
        zeros = np.zeros(n_columns)
        whole = np.zeros(n_columns, dtype=np.intc)
        return cls(zeros, np.ones(n_columns), whole, np.zeros(n_columns, dtype=bool))

    @classmethod
    def of(cls, columns: Array) -> Scale:
        """Return the scale of finite columns, of shape (n, d) with n >= 1."""
        size = np.abs(columns).max(axis=0)
        exponent = np.asarray(np.frexp(size)[1], dtype=np.intc)
        exponent[np.abs(exponent) <= _SAFE] = 0
        units = np.ldexp(columns, -exponent)
        size = np.ldexp(size, -exponent)
        rounding = (_ULPS + np.log2(len(columns)) + 1.0) * _EPS
        is_constant = np.ptp(units, axis=0) <= rounding * size
        mean, std = units.mean(axis=0), units.std(axis=0)
        small = is_constant & (exponent < 0)  # values of any size may follow
        mean[small] = np.ldexp(mean[small], exponent[small])
        exponent[small] = 0
        return cls(mean, np.where(is_constant, 1.0, std), exponent, is_constant)

    def apply(self, columns: Array, names: Sequence[str]) -> Array:
        """Return columns in units of their standard deviations.

        Raises
        ------
        InputError
            If a value is so far from the mean that float64 can't hold it.
        """
        with np.errstate(over="ignore"):
            found = (np.ldexp(columns, -self.exponent) - self.mean) / self.std
        bad = np.argwhere(~np.isfinite(found))
        if len(bad):
            row, column = bad[0]
            raise InputError(
                f"row {row}, {names[column]!r}: found {columns[row, column]:.6g}, "
                "too many standard deviations from the mean for float64; expected a "
                "value nearer to those of the training rows"
            )
        return np.asarray(found, dtype=np.float64)

    def undo(self, scaled: Array, names: Sequence[str]) -> Array:
        """Return scaled columns in their own units.

        Raises
        ------
        InputError
            If a value is too large for float64.
        """
        with np.errstate(over="ignore"):
            found = np.ldexp(scaled * self.std + self.mean, self.exponent)
        bad = np.argwhere(~np.isfinite(found))
        if len(bad):
            row, column = bad[0]
            raise InputError(
                f"row {row}, {names[column]!r}: the prediction is "
                f"{scaled[row, column]:.3g} standard deviations from the mean, more "
                "than float64 can hold; expected units in which it can. Change those "
                "of the column and fit again"
            )
        return np.asarray(found, dtype=np.float64)

    def facts(self, name: str) -> dict[str, Any]:
        """Return what a model file keeps, under keys that begin with a name."""
        words = {f"{name}_mean": self.mean.tolist(), f"{name}_std": self.std.tolist()}
        if self.exponent.any():
            words[f"{name}_exponent"] = self.exponent.tolist()
        return words

    @classmethod
    def from_facts(cls, words: Mapping[str, Any], name: str) -> Scale:
        """Return the scale that a model file keeps."""
        mean = np.array(words[f"{name}_mean"], dtype=np.float64)
        std = np.array(words[f"{name}_std"], dtype=np.float64)
        found = words.get(f"{name}_exponent", [0] * len(mean))
        exponent = np.array(found, dtype=np.intc)
        return cls(mean, std, exponent, np.zeros(len(mean), dtype=bool))
