"""Equal rows: without a ridge they make the matrix singular, and they can be merged."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._typing import FloatArray, IntArray

__all__ = ["Merged", "merge"]


@dataclasses.dataclass(frozen=True)
class Merged:
    """Groups of equal rows.

    Attributes
    ----------
    first : ndarray of shape (n_groups,)
        A row of each group.
    group : ndarray of shape (n,)
        The group of each row.
    counts : ndarray of shape (n_groups,)
        Rows of each group.

    Notes
    -----
    With ``S`` the indicator of groups, ``K = S K_u S^T``. Where ``K_u`` is regular,
    ``K_u b = mean of y over groups`` and ``x = S b / counts`` is the pseudoinverse's
    answer: the solution of least norm among those of least error.
    """

    first: IntArray
    group: IntArray
    counts: IntArray

    def means(self, y: FloatArray) -> FloatArray:
        """Return means over the groups, shape (n_groups, n_outputs)."""
        total = np.zeros((len(self.first), y.shape[1]))
        np.add.at(total, self.group, y)
        return total / self.counts[:, None]

    def spread(self, x: FloatArray) -> FloatArray:
        """Return coefficients of all rows from those of groups."""
        result: FloatArray = (x / self.counts[:, None])[self.group]
        return result


def merge(x: Any, ridge: Any = 0.0) -> Merged | None:
    """Return the groups of equal rows, or None if all rows differ.

    Parameters
    ----------
    x : ndarray of shape (n, d)
        Zeros of both signs are equal. Sparse rows are not looked at.
    ridge : float or ndarray of shape (n,), default=0.0
        Rows with a ridge are left alone: they make no matrix singular.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers.direct.duplicates import merge
    >>> merge(np.array([[1.0], [2.0], [1.0]])).group
    array([0, 1, 0])
    """
    if not isinstance(x, np.ndarray):
        return None
    groups: dict[int, list[int]] = {}
    first: list[int] = []
    group = np.empty(len(x), dtype=np.intp)
    has_ridge = np.broadcast_to(np.asarray(ridge) > 0, (len(x),))
    for i, row in enumerate(x):
        if has_ridge[i]:
            group[i] = len(first)
            first.append(i)
            continue
        plain = np.ascontiguousarray(row) + 0.0  # -0.0 becomes 0.0
        candidates = groups.setdefault(hash(plain.tobytes()), [])
        for number in candidates:
            if np.array_equal(x[first[number]], row):
                group[i] = number
                break
        else:
            candidates.append(len(first))
            group[i] = len(first)
            first.append(i)
    if len(first) == len(x):
        return None
    return Merged(np.array(first), group, np.bincount(group))
