"""Functions of a matrix times a block, by block Lanczos: ``f(K) B`` without ``K``."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import eigh, qr

from fastntk._errors import IndefiniteError, InputError
from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._typing import FloatArray
from fastntk._validation import check_max_memory, to_array
from fastntk._validation.arguments import check_function
from fastntk.solvers.checks import check_count, check_rtol, check_targets
from fastntk.solvers.protocol import as_operator, product, rounding_unit

__all__ = ["BlockLanczos", "apply_function"]

SpectralFunction = Callable[[FloatArray], FloatArray]
"""Values at eigenvalues (k,): shape (k,), or (m, k) for m functions at once."""

SETTLED = 2  # checks in a row that must agree


@memory_told("apply_function", FEWER_ROWS)
def apply_function(
    operator: Any,
    f: SpectralFunction,
    b: Any,
    rtol: float = 1e-6,
    *,
    max_iter: int | None = None,
    max_memory: int | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return ``f(K) B`` for one function, or for several at once.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        Symmetric positive semi-definite ``K``; only ``matmat`` is called.
    f : callable
        Takes eigenvalues of shape (k,) and returns values of shape (k,), or (m, k) for
        m functions at once (many training times cost one factorisation). It should be
        smooth on the spectrum.
    b : array-like of shape (n, s) or (n,)
        The block.
    rtol : float, default=1e-6
        Stop when the estimated error is at most this, relative to ``|f(K) b|`` per
        function and column.
    max_iter : int, optional
        Blocks at most; by default as many as there are rows, or as fit `max_memory`.
    max_memory : int, optional
        Bytes for the basis, 2 GiB by default.

    Returns
    -------
    values : ndarray of shape (n, s), (n,), (m, n, s) or (m, n)
        ``f(K) B``, in float64.
    errors : ndarray of shape (s,), (), (m, s) or (m,)
        Estimated relative errors: above `rtol` where the iterations were not enough.

    Raises
    ------
    InputError
        For bad shapes or values, or an ``f`` that returns something else.
    IndefiniteError
        If ``K`` has an eigenvalue that is negative beyond rounding.

    Notes
    -----
    With the orthonormal basis ``V`` of the block Krylov space and ``T = V^T K V``,
    ``f(K) B ~ V f(T) V^T B`` (equation 13.4 of [1]_). The basis is orthogonalised in
    full, twice, so no copies of eigenvalues appear; dependent columns are left out
    (columns of ``B`` may be zero, equal or dependent). The error is the change over the
    last blocks, an estimate and no bound: for a function with slow stretches, ask for
    less. Cost: a product with s columns and ``O(n s^2 j)`` in iteration j. Memory:
    ``8 n s`` bytes each iteration.

    References
    ----------
    .. [1] N. J. Higham, "Functions of Matrices", SIAM 2008, section 13.2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import apply_function
    >>> matrix = np.diag([0.5, 1.0, 2.0])
    >>> root, error = apply_function(matrix, np.sqrt, np.ones(3))
    >>> root.round(6)
    array([0.707107, 1.      , 1.414214])
    >>> bool(error < 1e-6)
    True
    """
    known = as_operator(operator)
    n = known.shape[0]
    columns, is_vector = check_targets(b, n, "b")
    rtol = check_rtol(rtol)
    basis = BlockLanczos(known, columns)
    check_function(f, "f", "of an array of eigenvalues")
    allowed = check_max_memory(max_memory) or 2 << 30
    room = max(2, int(allowed // (8 * n * columns.shape[1])))
    limit = min(room, n) if max_iter is None else check_count(max_iter, "max_iter", 1)
    found = _iterate(basis, f, rtol, limit)
    values = basis.assemble(found.coefficients)
    errors = found.errors
    if is_vector:
        values, errors = values[..., 0], errors[..., 0]
    return values, errors


@dataclasses.dataclass
class _Found:
    coefficients: FloatArray
    errors: FloatArray


def _iterate(
    basis: "BlockLanczos", f: SpectralFunction, rtol: float, limit: int
) -> _Found:
    """Extend the basis until the coefficients of ``f(K) B`` rest."""
    last: FloatArray | None = None
    errors: FloatArray = np.zeros(0)
    settled, check_at = 0, 1
    while True:
        basis.extend()
        is_last = basis.is_invariant or basis.n_blocks >= limit
        if basis.n_blocks < check_at and not is_last:
            continue
        now = basis.coefficients(f)
        errors = _change(now, last)
        if basis.is_invariant:
            return _Found(now, np.zeros_like(errors))
        settled = settled + 1 if (errors <= rtol).all() else 0
        if settled >= SETTLED or is_last:
            return _Found(now, errors)
        last = now
        check_at = basis.n_blocks + max(1, basis.n_blocks // 10)


def _change(now: FloatArray, last: FloatArray | None) -> FloatArray:
    """Return how much coefficients (..., k, s) changed, relative to their norms."""
    norms = np.linalg.norm(now, axis=-2)
    if last is None:
        return np.where(norms > 0, 1.0, 0.0)
    moved = now.copy()
    moved[..., : last.shape[-2], :] -= last
    changes = np.linalg.norm(moved, axis=-2)
    result: FloatArray = changes / np.where(norms > 0, norms, 1.0)
    return result


def _values_of(f: SpectralFunction, eigenvalues: FloatArray) -> FloatArray:
    """Return a function's values, in words if they are no numbers."""
    values = to_array(f(eigenvalues), "f(eigenvalues)")
    if values.dtype.kind not in "fiub":
        raise InputError(
            f"f: found values of dtype {values.dtype}; expected real numbers"
        )
    return values.astype(np.float64, copy=False)


class BlockLanczos:
    """An orthonormal basis of the block Krylov space, and ``T = V^T K V``.

    Parameters
    ----------
    operator : KernelOperator
        ``K``.
    b : ndarray of shape (n, s)
        First block, float64; its rank may be less than s.

    Attributes
    ----------
    blocks : list of ndarray of shape (n, s_j)
        The basis; the width falls where directions run out.
    is_invariant : bool
        The space is closed under ``K``: functions on it are exact.
    """

    def __init__(self, operator: Any, b: FloatArray) -> None:
        self._operator = operator
        self._unit = rounding_unit(operator)
        norms = np.linalg.norm(b, axis=0)
        scaled = b / np.where(norms > 0, norms, 1.0)
        first, rest = _orthonormal(scaled, 1e-13)
        self.blocks: list[FloatArray] = [first]
        self._start: FloatArray = rest * norms
        self._projected: FloatArray = np.zeros((0, 0))
        self._next: FloatArray | None = first
        self._size = 0.0  # of K, as far as seen
        self.is_invariant = first.shape[1] == 0

    @property
    def n_blocks(self) -> int:
        """Blocks multiplied so far."""
        return len(self.blocks) - (self._next is not None)

    def extend(self) -> None:
        """Multiply the last block by ``K`` and orthogonalise what comes."""
        block = self._next
        if block is None or self.is_invariant:
            self._next = None
            return
        image = product(self._operator, block, 0.0)
        scale = float(np.abs(image).max(initial=0.0))
        parts = self._orthogonalise(image)
        for part, more in zip(parts, self._orthogonalise(image), strict=True):
            np.add(part, more, out=part)
        self._grow(parts)
        self._size = max(self._size, float(np.linalg.norm(parts[-1], 2)), scale)
        fresh, _ = _orthonormal(image, 1e-12, self._size)
        self.is_invariant = fresh.shape[1] == 0
        self._next = None if self.is_invariant else fresh
        if not self.is_invariant:
            self.blocks.append(fresh)

    def coefficients(self, f: SpectralFunction) -> FloatArray:
        """Return ``f(T) V^T B`` of shape (k, s) or (m, k, s)."""
        size = len(self._projected)
        if not size:
            return np.zeros((0, self._start.shape[1]))
        values, vectors = eigh(self._projected, check_finite=False)
        values = self._clipped(values)
        weights = _values_of(f, values)
        if weights.shape[-1:] != (size,) or weights.ndim not in (1, 2):
            raise InputError(
                f"f: found values of shape {weights.shape} at {size} eigenvalues; "
                f"expected ({size},), or (m, {size}) for m functions"
            )
        rank = len(self._start)
        start = vectors[:rank].T @ self._start
        result: FloatArray = vectors @ (weights[..., :, None] * start)
        return result

    def assemble(self, coefficients: FloatArray) -> FloatArray:
        """Return ``V c`` for coefficients of shape (k, s) or (m, k, s)."""
        n = len(self.blocks[0])
        shape = (*coefficients.shape[:-2], n, coefficients.shape[-1])
        result = np.zeros(shape)
        at = 0
        for block in self.blocks:
            width = min(block.shape[1], coefficients.shape[-2] - at)
            if width <= 0:
                break
            result += block[:, :width] @ coefficients[..., at : at + width, :]
            at += width
        return result

    def _orthogonalise(self, image: FloatArray) -> list[FloatArray]:
        """Subtract the basis from a block, in place; return the coefficients."""
        parts: list[FloatArray] = []
        for block in self.blocks:
            part = block.T @ image
            image -= block @ part
            parts.append(part)
        return parts

    def _grow(self, parts: list[FloatArray]) -> None:
        """Add the columns of ``V^T K V`` that belong to the last block."""
        column = np.vstack(parts)
        size, width = column.shape
        grown = np.zeros((size, size))
        grown[: size - width, : size - width] = self._projected
        grown[:, size - width :] = column
        grown[size - width :, : size - width] = column[: size - width].T
        last = grown[size - width :, size - width :]
        last[...] = (last + last.T) / 2
        self._projected = grown

    def _clipped(self, values: FloatArray) -> FloatArray:
        """Return eigenvalues >= 0; refuse those that rounding does not explain."""
        lowest, largest = float(values[0]), float(np.abs(values).max())
        n = len(self.blocks[0])
        if lowest < -min(100 * n * self._unit, 0.1) * largest:
            raise IndefiniteError(
                f"operator: found the quadratic form {lowest:.3g} of a unit vector "
                f"(the largest is {largest:.3g}); expected a positive semi-definite "
                "matrix. Compute it from the same rows on both sides, in float64"
            )
        return np.maximum(values, 0.0)


def _orthonormal(
    block: FloatArray, tolerance: float, size: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return Q of full rank with ``Q R = block``, dependent columns left out of Q.

    Columns below ``tolerance * size`` count as zero; `size` is by default the largest.
    """
    q, r, order = qr(block, mode="economic", pivoting=True, check_finite=False)
    pivots = np.abs(r.diagonal())
    reference = size if size is not None else float(pivots.max(initial=0.0))
    rank = int((pivots > tolerance * reference).sum()) if reference > 0 else 0
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return np.ascontiguousarray(q[:, :rank]), r[:rank][:, back]
