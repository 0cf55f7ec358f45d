"""The infinite-width recursion in multiple precision, at the exact given inputs.

Formulas: Cho and Saul 2009 (rectifiers), Williams 1997 (erf), Jacot et al. 2018 (the
tangent kernel); `duals` for the other activations.  A row of zeros has the angle pi/2
to every row, itself included.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mp, mpf

from tests.reference.pairs import PairState
from tests.reference.spatial import Sequences
from tests.reference.walk import walk

DIGITS = 80


class Truth(NamedTuple):
    """Kernels rounded to float64, and the diagonals that scale their errors."""

    nngp: np.ndarray  # (n1, n2)
    ntk: np.ndarray  # (n1, n2)
    nngp1: np.ndarray  # (n1,)
    nngp2: np.ndarray  # (n2,)
    ntk1: np.ndarray  # (n1,)
    ntk2: np.ndarray  # (n2,)


def _rows(x: np.ndarray) -> list[list[mpf]]:
    return [[mpf(float(v)) for v in row] for row in np.asarray(x)]


def _start(
    x1: np.ndarray, x2: np.ndarray | None, pairs: list[tuple[int, int]]
) -> PairState:
    rows = _rows(x1) if x2 is None else _rows(x1) + _rows(x2)
    d, n1 = len(rows[0]), len(x1)
    q = [mp.fdot(r, r) / d for r in rows]
    c = [q[i] if i == j else mp.fdot(rows[i], rows[j]) / d for i, j in pairs]
    # neural-tangents takes a second matrix this close to the first for the same one
    twice = x2 is not None and x1.shape == x2.shape and np.abs(x1 - x2).max() < 1e-12
    is_same = [i == j or (twice and j == i + n1) for i, j in pairs]
    return PairState(pairs, q, c, [mpf(0)] * len(pairs), d, is_same)


def kernel(
    net: Sequence[Any],
    x1: np.ndarray,
    x2: np.ndarray | None = None,
    digits: int = DIGITS,
) -> Truth:
    """Return the kernels of ``net`` at the given floating-point numbers, exactly."""
    x1 = np.asarray(x1)
    n1 = len(x1)
    n = n1 if x2 is None else n1 + len(x2)
    if x2 is None:
        cross = [(i, j) for i in range(n1) for j in range(i)]
    else:
        cross = [(i, j) for i in range(n1) for j in range(n1, n)]
    with mpmath.workdps(digits):
        state = walk(net, _start(x1, x2, [(i, i) for i in range(n)] + cross))
        c = np.array([float(v) for v in state.c])
        t = np.array([float(v) for v in state.t])
    return _assemble(n1, n, x2 is None, c, t)


def sequences(
    net: Sequence[Any],
    x1: np.ndarray,
    x2: np.ndarray | None = None,
    pattern: tuple[np.ndarray, np.ndarray] | None = None,
    digits: int = DIGITS,
) -> Truth:
    """Return the kernels of a network of inputs (samples, positions, channels)."""
    both = x1 if x2 is None else np.concatenate([x1, x2])
    n, positions, channels = both.shape
    edges = None
    if pattern is not None:
        edges = pattern[0] if x2 is None else np.concatenate(pattern)
    flat = both.reshape(n * positions, channels)
    pairs = [(i, j) for i in range(len(flat)) for j in range(i + 1)]
    with mpmath.workdps(digits):
        start = Sequences(_start(flat, None, pairs), positions, edges)
        state: Sequences = walk(net, start)
        c, t = state.kernels()
    rows, cols = slice(0, len(x1)), slice(0 if x2 is None else len(x1), n)
    dc, dt = c.diagonal(), t.diagonal()
    return Truth(c[rows, cols], t[rows, cols], dc[rows], dc[cols], dt[rows], dt[cols])


def of_case(case: Any) -> Truth:
    """Return the kernels of a stored case."""
    if case.is_sequence:
        pattern = case.kernel_kwargs.get("pattern")
        return sequences(case.net, case.x1, case.x2, pattern)
    return kernel(case.net, case.x1, case.x2)


def _assemble(
    n1: int, n: int, is_symmetric: bool, c: np.ndarray, t: np.ndarray
) -> Truth:
    def block(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        diagonal, cross = values[:n], values[n:]
        if not is_symmetric:
            return cross.reshape(n1, n - n1), diagonal[:n1], diagonal[n1:]
        full = np.diag(diagonal)
        full[np.tril_indices(n, -1)] = cross
        return full + np.tril(full, -1).T, diagonal, diagonal

    (nngp, nngp1, nngp2), (ntk, ntk1, ntk2) = block(c), block(t)
    return Truth(nngp, ntk, nngp1, nngp2, ntk1, ntk2)


def single(net: Sequence[Any], x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return (nngp, ntk) of one pair of vectors."""
    truth = kernel(net, np.atleast_2d(x), np.atleast_2d(y))
    return float(truth.nngp[0, 0]), float(truth.ntk[0, 0])
