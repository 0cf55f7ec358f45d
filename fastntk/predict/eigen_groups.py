r"""Products ``left diag(g_t) basis`` at many times, from few products for all of them.

Over eigenvalues within a factor of two ``exp(-l t)`` is a polynomial of degree 15 in l
to 1e-13, whatever t: eigenvalues are grouped so, and in each group the filters of all
times are combinations of those at 16 Chebyshev nodes,

.. math:: A\, g_t\, B = \sum_G \sum_q g_t(l_q)\, A_G\, w_q(l_G)\, B_G,

with the Lagrange polynomials :math:`w_q` of the nodes.  The products of A and B are
independent of time, and 16 products of full size serve every t.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from fastntk._typing import FloatArray
from fastntk.predict.spectrum import growth

__all__ = ["EigenGroups", "group_eigenvalues", "spread_of_groups"]

_NODES = 16  # per group
_RATIO = 2.0  # of the largest to the smallest eigenvalue of a group
_CHUNK = 1 << 23  # numbers in a temporary array


@dataclasses.dataclass(frozen=True, eq=False)
class EigenGroups:
    """Groups of eigenvalues, and how their filters follow from those of nodes.

    Attributes
    ----------
    slices : list of slice
        The groups, which cover all eigenvalues.
    weights : list of ndarray of shape (group size, n_nodes of the group)
        Lagrange polynomials of the nodes at the eigenvalues.
    nodes : list of ndarray of shape (n_nodes of the group,)
        At which filters are evaluated.
    cutoff : float
        Eigenvalues up to here count as zero; a group ends there.
    """

    slices: list[slice]
    weights: list[FloatArray]
    nodes: list[FloatArray]
    cutoff: float

    def filters(self, times: FloatArray) -> FloatArray:
        """Return ``1 - exp(-l t)`` at all nodes, or g below the cut-off.

        Parameters
        ----------
        times : ndarray of shape (n_times,)
            At least 0; infinity allowed.

        Returns
        -------
        ndarray of shape (n_times, total number of nodes)
        """
        parts = []
        for nodes in self.nodes:
            grown = growth(nodes, times, self.cutoff)
            parts.append(grown * nodes if nodes[0] > self.cutoff else grown)
        return np.concatenate(parts, axis=1)

    def is_worthwhile(self, n_times: int) -> bool:
        """Say whether so many times are cheaper together than one by one."""
        sizes = [weights.shape for weights in self.weights]
        together = sum(nodes * (size + n_times) for size, nodes in sizes)
        return bool(3 * together < 2 * n_times * sum(size for size, _ in sizes))

    def divisors(self, values: FloatArray) -> FloatArray:
        """Return what `filters` has too much of: l, or 1 below the cut-off."""
        return np.where(values > self.cutoff, values, 1.0)

    def products(
        self, left: FloatArray, basis: FloatArray, result: FloatArray
    ) -> FloatArray:
        """Write ``left_G w_q basis_G`` for all nodes, (total nodes, m, columns)."""
        columns = basis.shape[1]
        first = 0
        for part, weights in zip(self.slices, self.weights, strict=True):
            scaled = weights.T[:, None, :] * left[:, part]
            flat = scaled.reshape(-1, scaled.shape[-1])
            last = first + weights.shape[1]
            np.matmul(flat, basis[part], out=result[first:last].reshape(-1, columns))
            first = last
        return result


def group_eigenvalues(values: FloatArray, cutoff: float) -> EigenGroups:
    """Group eigenvalues that filters treat alike.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Eigenvalues >= 0, ascending.
    cutoff : float
        Eigenvalues up to here count as zero.

    Returns
    -------
    EigenGroups
        Groups smaller than the number of nodes are their own nodes.
    """
    groups = EigenGroups([], [], [], cutoff)
    for first, last in _ranges(values, cutoff):
        some = values[first:last]
        groups.slices.append(slice(first, last))
        if last - first <= _NODES:
            groups.nodes.append(some)
            groups.weights.append(np.eye(last - first))
            continue
        angles = (np.arange(_NODES) + 0.5) * np.pi / _NODES
        middle, half = (some[-1] + some[0]) / 2, (some[-1] - some[0]) / 2
        nodes = np.clip(middle - half * np.cos(angles), some[0], some[-1])
        groups.nodes.append(nodes if half > 0 else some[:1])
        groups.weights.append(
            _lagrange((some - middle) / half, angles)
            if half > 0
            else np.ones((last - first, 1))
        )
    return groups


def spread_of_groups(
    groups: EigenGroups,
    times: FloatArray,
    left: FloatArray,
    basis: FloatArray,
    rows: FloatArray,
    is_diagonal: bool,
) -> FloatArray:
    """Return ``D D^T`` with ``D = rows - left diag(g_t) basis`` for all times.

    Parameters
    ----------
    groups : EigenGroups
        Of the eigenvalues.
    times : ndarray of shape (n_times,)
        The times.
    left : ndarray of shape (m, n)
        Already divided by `EigenGroups.divisors`.
    basis : ndarray of shape (n, rank)
        ``V^T R``.
    rows : ndarray of shape (m, rank)
        ``R_x``.
    is_diagonal : bool
        Whether only variances are wanted.

    Returns
    -------
    ndarray of shape (n_times, m, m) or (n_times, m)
    """
    m, rank = rows.shape
    filters = groups.filters(times)
    n_times, n_nodes = filters.shape
    result = np.zeros((n_times, m) if is_diagonal else (n_times, m, m))
    width = max(1, min(rank, _CHUNK // (m * max(filters.shape))))
    fixed, moved = (np.empty(size * m * width) for size in (n_nodes, n_times))
    for start in range(0, rank, width):
        some = slice(start, min(start + width, rank))
        entries = m * (some.stop - start)
        parts = fixed[: n_nodes * entries].reshape(n_nodes, m, -1)
        groups.products(left, np.ascontiguousarray(basis[:, some]), parts)
        flat = moved[: n_times * entries].reshape(n_times, entries)
        np.matmul(filters, parts.reshape(n_nodes, entries), out=flat)
        deviations = flat.reshape(n_times, m, -1)
        np.subtract(rows[:, some], deviations, out=deviations)
        if is_diagonal:
            result += np.einsum("tmc,tmc->tm", deviations, deviations)
        else:
            result += deviations @ deviations.transpose(0, 2, 1)
    return result


def _ranges(values: FloatArray, cutoff: float) -> Iterator[tuple[int, int]]:
    """Yield first and last index of every group, ascending."""
    first = int(np.searchsorted(values, cutoff, side="right"))
    if first:
        yield 0, first
    while first < len(values):
        last = int(np.searchsorted(values, _RATIO * values[first], side="right"))
        yield first, last
        first = last


def _lagrange(x: FloatArray, angles: FloatArray) -> FloatArray:
    """Return the Lagrange polynomials of Chebyshev's nodes ``-cos(angles)`` at x."""
    degrees = np.arange(len(angles))
    here = np.cos(np.arccos(np.clip(-x, -1, 1))[:, None] * degrees)
    there = np.cos(angles[:, None] * degrees) * (2.0 / len(angles))
    there[:, 0] /= 2.0
    weights: FloatArray = here @ there.T
    return weights
