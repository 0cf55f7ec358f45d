"""Linear operators whose products take columns in host memory or on a GPU."""

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from fastntk._errors import InputError
from fastntk._typing import AnyArray
from fastntk._validation import refuse_masked
from fastntk.operators.on_device import columns_anywhere
from fastntk.request.placement import as_device_array, is_on_device, to_host

__all__ = ["AnywhereOperator", "anywhere"]


class AnywhereOperator(LinearOperator):  # type: ignore[misc]
    """A linear operator, and all that is made of it, for columns of any library.

    A product with columns on a GPU is an array there. So it is with transposes, sums,
    multiples, powers and products of operators, which SciPy makes.
    """

    def dot(self, x: Any) -> Any:
        """Return ``A @ x``: `matvec`, `matmat`, or a product of operators."""
        if is_on_device(x):
            return _beside(self.dot, x)
        _check_rank(x)
        return anywhere(super().dot(x))

    matvec = columns_anywhere(LinearOperator.matvec)
    rmatvec = columns_anywhere(LinearOperator.rmatvec)
    matmat = columns_anywhere(LinearOperator.matmat)
    rmatmat = columns_anywhere(LinearOperator.rmatmat)

    def _rdot(self, x: Any) -> Any:
        if is_on_device(x):
            return _beside(self._rdot, x)
        _check_rank(x)
        return anywhere(super()._rdot(x))

    def _adjoint(self) -> Any:
        return anywhere(super()._adjoint())

    def _transpose(self) -> Any:
        return anywhere(super()._transpose())

    def __rmul__(self, x: Any) -> Any:
        return anywhere(super().__rmul__(x))

    def __truediv__(self, x: Any) -> Any:
        return anywhere(super().__truediv__(x))

    def __pow__(self, p: Any) -> Any:
        return anywhere(super().__pow__(p))

    def __add__(self, x: Any) -> Any:
        return anywhere(super().__add__(x))

    def __neg__(self) -> Any:
        return anywhere(super().__neg__())


class _Made(AnywhereOperator):
    """What SciPy made of operators: a sum, a product, a transpose."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        super().__init__(dtype=inner.dtype, shape=inner.shape)

    def _matvec(self, x: AnyArray) -> Any:
        return self.inner.matvec(x)

    def _rmatvec(self, x: AnyArray) -> Any:
        return self.inner.rmatvec(x)

    def _matmat(self, X: AnyArray) -> Any:
        return self.inner.matmat(X)

    def _rmatmat(self, X: AnyArray) -> Any:
        return self.inner.rmatmat(X)

    def _adjoint(self) -> Any:
        return anywhere(self.inner.adjoint())

    def _transpose(self) -> Any:
        return anywhere(self.inner.transpose())


def anywhere(found: Any) -> Any:
    """Return an operator of SciPy as one that takes columns on a GPU; else as it is."""
    is_plain = isinstance(found, LinearOperator)
    if is_plain and not isinstance(found, AnywhereOperator):
        return _Made(found)
    return found


def _beside(product: Any, x: Any) -> Any:
    """Return the product with an array on a GPU as an array there."""
    values = to_host(x)
    if values.ndim == 0:  # a multiple of the operator
        return product(values.item())
    return as_device_array(product(values), x)


def _check_rank(x: Any) -> None:
    """Refuse what is neither a vector nor columns, and masks."""
    refuse_masked(x, "A @ x")
    shape = getattr(x, "shape", ())
    if not isinstance(x, LinearOperator) and not np.isscalar(x) and len(shape) > 2:
        raise InputError(
            f"A @ x: found an array of shape {tuple(shape)}; expected a vector, or "
            "columns of shape (n, columns)"
        )
