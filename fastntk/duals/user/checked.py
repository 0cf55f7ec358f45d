"""A user's dual function, called with care."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import AnyArray, FloatArray

__all__ = ["Checked", "DualFunction"]

DualFunction: TypeAlias = Callable[[AnyArray, AnyArray, AnyArray], Any]
"""``(cov12, var1, var2) -> values``, on arrays that broadcast against each other."""

_EXPECTED = (
    "expected a function of arrays (cov12, var1, var2). Write it with NumPy's "
    "functions, or wrap it in numpy.vectorize"
)


@dataclasses.dataclass(frozen=True)
class Checked:
    """A dual function whose values are float64, of the right shape, and no NaN.

    Parameters
    ----------
    function : callable
        ``(cov12, var1, var2) -> values``.
    name : str
        The layer's argument, "nngp_fn" or "d_nngp_fn".
    label : str
        The layer as shown in messages.
    """

    function: DualFunction
    name: str
    label: str

    def __call__(self, cov12: Any, var1: Any, var2: Any) -> FloatArray:
        """Return the values, broadcast to the shape of the arguments.

        Parameters
        ----------
        cov12, var1, var2 : array-like
            Covariances and variances, of shapes that go together.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        NetworkError
            If the function takes no arrays, or returns something that is no array of
            real numbers of this shape, or NaN.
        """
        values = self.unchecked(cov12, var1, var2)
        bad = np.isnan(values)
        if bad.any():
            where = tuple(int(axis[0]) for axis in np.nonzero(bad))
            arrays = np.broadcast_arrays(cov12, var1, var2)
            at = ", ".join(f"{float(a[where]):.6g}" for a in arrays)
            raise NetworkError(
                f"{self.label}: {self.name} returned NaN at (cov12, var1, var2) = "
                f"({at}); expected a number wherever |cov12| <= sqrt(var1 var2), zero "
                "variances included. Guard divisions and roots, e.g. by numpy.where "
                "and numpy.maximum"
            )
        return values

    def unchecked(self, cov12: Any, var1: Any, var2: Any) -> FloatArray:
        """Return the values as a call does, with NaN where they are NaN.

        Parameters
        ----------
        cov12, var1, var2 : array-like
            Covariances and variances, of shapes that go together.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        NetworkError
            As a call, but for NaN.
        """
        arrays = [_read_only(a) for a in (cov12, var1, var2)]
        values = self._real(self._values(arrays))
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        try:
            return np.broadcast_to(values, shape).copy()
        except ValueError:
            raise NetworkError(
                f"{self.label}: {self.name} returned shape {values.shape} for arrays "
                f"of shape {shape}; {_EXPECTED}"
            ) from None

    def _values(self, arrays: Sequence[FloatArray]) -> Any:
        try:
            with np.errstate(all="ignore"):  # NaN is looked for below
                return self.function(*arrays)
        except Exception as error:
            raise NetworkError(
                f"{self.label}: {self.name} raised {type(error).__name__} ({error}); "
                f"{_EXPECTED}"
            ) from error

    def _real(self, values: Any) -> FloatArray:
        found = np.asarray(values)
        if found.dtype.kind not in "fiub":
            raise NetworkError(
                f"{self.label}: {self.name} returned {type(values).__name__} of dtype "
                f"{found.dtype}; expected real numbers"
            )
        return found.astype(np.float64)


def _read_only(values: Any) -> FloatArray:
    """Return a float64 view that the user's function cannot change."""
    view: FloatArray = np.asarray(values, dtype=np.float64).view()
    view.flags.writeable = False
    return view
