"""An activation that a user wrote, called with care."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray

__all__ = ["Called"]


@dataclasses.dataclass(frozen=True)
class Called:
    """A function of an array whose values are float64 and of the right shape.

    Parameters
    ----------
    function : callable
        ``u -> values``.
    name : str
        The layer's argument, "fn" or "df".
    label : str
        The layer as shown in messages.
    """

    function: Callable[..., Any]
    name: str
    label: str

    def __call__(self, u: FloatArray) -> FloatArray:
        """Return the values at every ``u``.

        Parameters
        ----------
        u : ndarray
            Real numbers, any shape.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        NetworkError
            If the function takes no arrays, or returns another shape, something that
            is no array of real numbers, or NaN. Infinity is returned as it is.
        """
        flat = _flat(u)
        values = self._shaped(flat, self._values(flat))
        bad = np.isnan(values)
        if bad.any():
            at = float(flat[int(np.flatnonzero(bad)[0])])
            raise NetworkError(
                f"{self.label}: {self.name}({at:.6g}) is NaN; expected a number for "
                "every real argument. Guard divisions, roots and products of overflow, "
                "e.g. by numpy.where and numpy.maximum"
            )
        return values.reshape(np.shape(u))

    def or_nan(self, u: FloatArray) -> FloatArray:
        """Return the values, NaN where there are none.

        Parameters
        ----------
        u : ndarray
            Real numbers, any shape, some so far from 0 that a formula overflows.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        NetworkError
            As a call, but for NaN. Python's own OverflowError and its like at single
            numbers are NaN.
        """
        flat = _flat(u)
        try:
            with np.errstate(all="ignore"):
                found = self.function(flat)
        except (ArithmeticError, ValueError):
            found = np.array([self._one(flat[i : i + 1]) for i in range(len(flat))])
        except Exception:
            found = self._values(flat)  # the error in words
        return self._shaped(flat, found).reshape(np.shape(u))

    def _one(self, u: FloatArray) -> float:
        """Return the value at one number, NaN if it raises an arithmetic error."""
        try:
            with np.errstate(all="ignore"):
                return float(self._shaped(u, self.function(u))[0])
        except (ArithmeticError, ValueError):
            return np.nan

    def _shaped(self, flat: FloatArray, found: Any) -> FloatArray:
        """Return values as float64, one for each number."""
        values = self._real(found)
        if values.shape != flat.shape:
            raise NetworkError(
                f"{self.label}: {self.name} returned shape {values.shape} for an array "
                f"of shape {flat.shape}; expected one value for each element. "
                f"Write it with NumPy's functions, or wrap it in numpy.vectorize"
            )
        return values

    def _values(self, u: FloatArray) -> Any:
        try:
            with np.errstate(all="ignore"):  # NaN is looked for
                return self.function(u)
        except Exception as error:
            raise NetworkError(
                f"{self.label}: {self.name} raised {type(error).__name__} ({error}) "
                "for an array; expected a function of an array that works on every "
                "element. Write it with NumPy's functions, or wrap it in "
                "numpy.vectorize"
            ) from error

    def _real(self, values: Any) -> FloatArray:
        found = np.asarray(values)
        if found.dtype.kind == "c":
            raise NetworkError(
                f"{self.label}: {self.name} returned complex numbers ({found.dtype}); "
                "expected real ones. Return .real, or the absolute value"
            )
        if found.dtype.kind not in "fiub":
            raise NetworkError(
                f"{self.label}: {self.name} returned {type(values).__name__} of dtype "
                f"{found.dtype}; expected an array of real numbers"
            )
        if found.dtype.kind == "f" and found.dtype.itemsize < 8:
            raise NetworkError(
                f"{self.label}: {self.name} returned {found.dtype}, whose rounding is "
                "no smooth function; expected float64. Compute in float64"
            )
        return found.astype(np.float64, copy=False)


def _flat(u: FloatArray) -> FloatArray:
    """Return a view of one axis that the user's function cannot change."""
    flat = np.asarray(u, dtype=np.float64).reshape(-1).view()
    flat.flags.writeable = False
    return flat
