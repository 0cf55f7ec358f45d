r"""Products ``left diag(g_t) basis`` at many times, from few products for all of them.

Over eigenvalues within a factor of two ``exp(-l t)`` is a polynomial of degree 15 in l
to 1e-13, whatever t: eigenvalues are grouped so, and over the times asked for some
dozen functions :math:`w_q` of l carry a group,

.. math:: A\, g_t\, B = \sum_G \sum_q c_{tq}\, A_G\, w_q(l_G)\, B_G.

The products of A and B are independent of time: a dozen of full size serve every t.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
from scipy.linalg.blas import dsyrk
from threadpoolctl import threadpool_limits

from fastntk._typing import FloatArray, IntArray
from fastntk.solvers.direct.leavable import leavable
from fastntk.solvers.direct.psd import growth

__all__ = ["FilterBasis", "covariances", "filter_basis", "variances"]

_NODES = 16  # per group
_RATIO = 2.0  # of the largest to the smallest eigenvalue of a group
_CHUNK = 1 << 23  # numbers in a temporary array
_LARGE = 1 << 24  # numbers that all times share
_TINY = float(np.finfo(np.float64).tiny)
_KEPT = 1e-14  # smallest singular value kept, relative to the largest of a group


@dataclasses.dataclass(frozen=True, eq=False)
class FilterBasis:
    """Filters of many times as combinations of few functions of the eigenvalue.

    Attributes
    ----------
    slices : list of slice
        Groups, which cover all eigenvalues.
    weights : list of ndarray of shape (group size, r of the group)
        Functions of the eigenvalues, of the group alone.
    combine : ndarray of shape (n_times, sum of r)
        Filters ``(1 - exp(-l t)) / l`` are ``combine @ weights^T``.
    """

    slices: list[slice]
    weights: list[FloatArray]
    combine: FloatArray

    @property
    def size(self) -> int:
        """Return how many functions there are."""
        return int(self.combine.shape[1])

    def is_worthwhile(self) -> bool:
        """Say whether these times are cheaper together than one by one."""
        n_times, sizes = len(self.combine), [w.shape for w in self.weights]
        together = sum(r * (size + n_times) for size, r in sizes)
        return bool(3 * together < 2 * n_times * sum(size for size, _ in sizes))

    def products(
        self, left: FloatArray, basis: FloatArray, result: FloatArray
    ) -> FloatArray:
        """Write ``left_G w_q basis_G`` for all functions, (size, m, columns)."""
        columns = basis.shape[1]
        first = 0
        for part, weights in zip(self.slices, self.weights, strict=True):
            scaled = weights.T[:, None, :] * left[:, part]
            flat = scaled.reshape(-1, scaled.shape[-1])
            last = first + weights.shape[1]
            np.matmul(flat, basis[part], out=result[first:last].reshape(-1, columns))
            first = last
        return result


def filter_basis(values: FloatArray, times: FloatArray, cutoff: float) -> FilterBasis:
    """Find few functions of the eigenvalue that carry the filters of many times.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Eigenvalues >= 0, ascending.
    times : ndarray of shape (n_times,)
        At least 0; infinity allowed.
    cutoff : float
        Eigenvalues up to here count as zero, see `fastntk.solvers.direct.psd.growth`; a
        group ends there.

    Returns
    -------
    FilterBasis
    """
    slices: list[slice] = []
    all_weights: list[FloatArray] = []
    parts: list[FloatArray] = []
    for first, last in _ranges(values, cutoff):
        some = values[first:last]
        nodes, weights = _interpolated(some)
        filters = growth(nodes, times, cutoff)
        if nodes[0] > cutoff:
            filters *= nodes  # 1 - exp(-l t): smooth in l, and at most 1
            divisors = some
        else:
            divisors = np.full(len(some), 1.0 / max(float(filters.max()), _TINY))
            filters *= divisors[0]
        combine, weights = _compressed(filters, weights)
        slices.append(slice(first, last))
        all_weights.append(weights / divisors[:, None])
        parts.append(combine)
    return FilterBasis(slices, all_weights, np.concatenate(parts, axis=1))


def variances(
    filters: FilterBasis, left: FloatArray, basis: FloatArray, rows: FloatArray
) -> FloatArray:
    """Return the diagonal of ``D D^T``, ``D = rows - left diag(g_t) basis``, any time.

    Parameters
    ----------
    filters : FilterBasis
        The times.
    left : ndarray of shape (m, n)
        ``Theta(x, X) V``.
    basis : ndarray of shape (n, rank)
        ``V^T R``.
    rows : ndarray of shape (m, rank)
        ``R_x``.

    Returns
    -------
    ndarray of shape (n_times, m)

    Notes
    -----
    A row of D is ``sum_a c_ta P_a``, with s functions and ``rows`` as one more: its
    square is a form in ``c_t`` with the matrix ``P P^T``, of s + 1 rows.  With some
    40 combinations of the functions in their place these are 2 T 800 flops a point.
    """
    grams, pairs, mixed = _forms(filters, left, basis, rows)
    result = np.empty((len(mixed), len(rows)))
    step = max(1, _CHUNK // grams.shape[1])
    for start in range(0, len(mixed), step):
        some = slice(start, start + step)
        products = mixed[some, pairs[0]] * mixed[some, pairs[1]]
        np.matmul(products, grams.T, out=result[some])
    return np.maximum(result, 0.0, out=result)


def covariances(
    filters: FilterBasis, left: FloatArray, basis: FloatArray, rows: FloatArray
) -> FloatArray:
    """Return ``D D^T`` with ``D = rows - left diag(g_t) basis`` at every time.

    Parameters
    ----------
    filters, left, basis, rows
        As for `variances`.

    Returns
    -------
    ndarray of shape (n_times, m, m)
    """
    m, rank = rows.shape
    n_times, size = filters.combine.shape
    result = np.zeros((n_times, m, m))
    n_chunks = max(1, -(-max(size, n_times) * m * rank // _LARGE))
    width = max(1, -(-rank // n_chunks))
    fixed, moved = (np.empty(count * m * width) for count in (size, n_times))
    for start in range(0, rank, width):
        some = slice(start, min(start + width, rank))
        entries = m * (some.stop - start)
        parts = fixed[: size * entries].reshape(size, m, -1)
        filters.products(left, np.ascontiguousarray(basis[:, some]), parts)
        flat = moved[: n_times * entries].reshape(n_times, entries)
        np.matmul(filters.combine, parts.reshape(size, entries), out=flat)
        flat -= rows[:, some].ravel()
        deviations = flat.reshape(n_times, m, -1)
        with threadpool_limits(1, user_api="blas"):  # small: threads would only wait
            for one, total in zip(deviations, result, strict=True):
                # in Fortran's order, so the transposes: D^T D, the lower triangle
                dsyrk(1.0, one.T, 1.0, total.T, trans=1, lower=1, overwrite_c=1)
    for k in range(n_times):
        result[k] += np.triu(result[k], 1).T
    return result


def _forms(
    filters: FilterBasis, left: FloatArray, basis: FloatArray, rows: FloatArray
) -> tuple[FloatArray, tuple[IntArray, ...], FloatArray]:
    """Return the forms of `variances` for every point.

    Returns
    -------
    grams : ndarray of shape (m, n_pairs)
        Upper triangles, entries off the diagonal twice.
    pairs : tuple of two ndarrays of shape (n_pairs,)
        Which entries these are.
    mixed : ndarray of shape (n_times, size of a form)
        Their arguments.
    """
    m, rank = rows.shape
    n_times, size = filters.combine.shape
    mixed, turn = _orthogonal(np.hstack([np.ones((n_times, 1)), -filters.combine]))
    pairs = np.triu_indices(mixed.shape[1])
    grams = np.empty((m, len(pairs[0])))
    step = max(1, _CHUNK // ((size + 1) * max(1, rank)))
    buffer = np.empty((size + 1) * min(step, m) * rank)
    for start in range(0, m, step):
        some = slice(start, min(start + step, m))
        count = some.stop - start
        parts = buffer[: (size + 1) * count * rank].reshape(size + 1, count, rank)
        parts[0] = rows[some]
        filters.products(left[some], basis, parts[1:])
        own = parts.transpose(1, 0, 2)
        grams[some] = (turn @ (own @ own.transpose(0, 2, 1)) @ turn.T)[:, *pairs]
    grams[:, pairs[0] != pairs[1]] *= 2.0
    return grams, pairs, mixed


def _ranges(values: FloatArray, cutoff: float) -> Iterator[tuple[int, int]]:
    """Yield first and last index of every group, ascending."""
    first = int(np.searchsorted(values, cutoff, side="right"))
    if first:
        yield 0, first
    while first < len(values):
        last = int(np.searchsorted(values, _RATIO * values[first], side="right"))
        yield first, last
        first = last


def _interpolated(some: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return nodes of a group, and their Lagrange polynomials at its eigenvalues.

    Groups smaller than the number of nodes are their own nodes.
    """
    if len(some) <= _NODES:
        return some, np.eye(len(some))
    middle, half = (some[-1] + some[0]) / 2, (some[-1] - some[0]) / 2
    if half <= 0:
        return some[:1], np.ones((len(some), 1))
    angles = (np.arange(_NODES) + 0.5) * np.pi / _NODES
    nodes = np.clip(middle - half * np.cos(angles), some[0], some[-1])
    return nodes, _lagrange((some - middle) / half, angles)


def _compressed(
    filters: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return factors of ``filters weights^T`` with as few columns as rounding allows.

    The second has orthonormal columns.
    """
    directions, triangle = np.linalg.qr(weights)
    left, sizes, right = _svd(filters @ triangle.T)
    rank = max(1, int((sizes > _KEPT * sizes[0]).sum()))
    return left[:, :rank] * sizes[:rank], directions @ right[:rank].T


def _orthogonal(combine: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return factors of coefficients (n_times, s), the first with few columns."""
    left, sizes, right = _svd(combine)
    rank = max(1, int((sizes > 0.1 * _KEPT * sizes[0]).sum()))
    return left[:, :rank] * sizes[:rank], right[:rank]


def _svd(matrix: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the thin decomposition, by NumPy's call, which holds no lock."""
    found = leavable(
        lambda: np.linalg.svd(matrix, full_matrices=False),
        4 * matrix.nbytes,
        min(matrix.shape),
    )
    return found[0], found[1], found[2]


def _lagrange(x: FloatArray, angles: FloatArray) -> FloatArray:
    """Return the Lagrange polynomials of Chebyshev's nodes ``-cos(angles)`` at x."""
    degrees = np.arange(len(angles))
    here = np.cos(np.arccos(np.clip(-x, -1, 1))[:, None] * degrees)
    there = np.cos(angles[:, None] * degrees) * (2.0 / len(angles))
    there[:, 0] /= 2.0
    weights: FloatArray = here @ there.T
    return weights
