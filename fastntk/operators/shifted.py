"""``K + ridge I`` as an operator."""

from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import refuse_masked, to_array
from fastntk.operators.anywhere import AnywhereOperator
from fastntk.operators.on_device import columns_anywhere
from fastntk.request.placement import to_host

__all__ = ["ShiftedOperator", "check_ridge"]


def check_ridge(ridge: Any, n: int) -> Any:
    """Return a ridge as a float, or as an array of one per row.

    Raises
    ------
    InputError
        If it is no finite number >= 0, or not one per row.
    """
    refuse_masked(ridge, "ridge")
    try:
        values = to_array(to_host(ridge), "ridge")
        if values.dtype.kind not in "fiub" or isinstance(ridge, bool):
            raise TypeError
        values = np.array(values, dtype=np.float64)  # it is kept
    except (TypeError, ValueError):
        raise InputError(
            f"ridge: found {shown(ridge)}; expected a number >= 0, or one per row"
        ) from None
    if values.shape not in ((), (n,)):
        raise InputError(
            f"ridge: found shape {values.shape}; expected a number, or shape ({n},), "
            "one per row"
        )
    if not np.all(np.isfinite(values)) or np.any(values < 0):
        worst = values.ravel()[
            np.argmin(np.where(np.isfinite(values), values, -np.inf))
        ]
        raise InputError(
            f"ridge: found {worst!s}; expected finite numbers >= 0, in the units of "
            "the kernel"
        )
    return float(values) if values.ndim == 0 else values


class ShiftedOperator(AnywhereOperator):
    """``K + ridge I``: products, diagonal and blocks of a shifted kernel matrix.

    Made by `GramOperator.shifted`.

    Parameters
    ----------
    operator : GramOperator of shape (n, n)
        Symmetric ``K``.
    ridge : float or ndarray of shape (n,)
        Added to the diagonal; >= 0, in squared output units.
    """

    def __init__(self, operator: Any, ridge: Any) -> None:
        if not isinstance(operator, AnywhereOperator):
            raise InputError(
                f"operator: found {shown(operator)}; expected what fastntk.operator "
                "returns"
            )
        n1, n2 = operator.shape
        if not operator.is_symmetric:
            raise InputError(
                f"shifted: found a kernel of two sides, shape {(n1, n2)}; expected a "
                "symmetric one. Leave x2 out"
            )
        self.operator = operator
        self.ridge = check_ridge(ridge, n1)
        super().__init__(dtype=operator.dtype, shape=operator.shape)

    is_symmetric = True

    def diagonal(self) -> FloatArray:
        """Return the diagonal, float64 of shape (n,)."""
        values: FloatArray = self.operator.diagonal() + self.ridge
        return values

    def block(self, rows: Any, cols: Any) -> AnyArray:
        """Return some rows and columns; see `GramOperator.block`."""
        values: AnyArray = self.operator.block(rows, cols)
        n = self.shape[0]
        i, j = np.arange(n)[rows], np.arange(n)[cols]
        same = i[:, None] == j[None, :]
        shift = np.broadcast_to(np.asarray(self.ridge), (n,))[i]
        values += (same * shift[:, None]).astype(values.dtype)
        return values

    def shifted(self, ridge: Any) -> "ShiftedOperator":
        """Return ``K + (this ridge + ridge) I``."""
        return ShiftedOperator(
            self.operator, self.ridge + check_ridge(ridge, self.shape[0])
        )

    @columns_anywhere
    def matvec(self, x: Any) -> AnyArray:
        """Return ``(K + ridge I) x``."""
        vector = np.asarray(x)
        product = self.operator.matvec(vector)
        ridge = self.ridge
        if vector.ndim == 2 and np.ndim(ridge):
            ridge = ridge[:, None]
        result: AnyArray = product + ridge * vector
        return result

    @columns_anywhere
    def matmat(self, X: Any) -> AnyArray:
        """Return ``(K + ridge I) X``."""
        ridge = np.asarray(self.ridge)
        shift = ridge[:, None] if ridge.ndim else ridge
        result: AnyArray = self.operator.matmat(X) + shift * np.asarray(X)
        return result

    def _matvec(self, x: Any) -> AnyArray:
        result: AnyArray = self.matvec(x)
        return result

    def _matmat(self, X: Any) -> AnyArray:
        result: AnyArray = self.matmat(X)
        return result

    def _adjoint(self) -> "ShiftedOperator":
        return self

    _transpose = _adjoint

    @columns_anywhere
    def rmatvec(self, x: Any) -> AnyArray:
        """Return the same as `matvec`: the matrix is symmetric."""
        result: AnyArray = self.matvec(x)
        return result

    @columns_anywhere
    def rmatmat(self, X: Any) -> AnyArray:
        """Return the same as `matmat`: the matrix is symmetric."""
        result: AnyArray = self.matmat(X)
        return result
