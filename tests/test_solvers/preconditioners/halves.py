"""What every preconditioner ``P = M M^T`` promises of its halves."""

import numpy as np

from fastntk._typing import FloatArray
from fastntk.solvers import LowRankPreconditioner

__all__ = ["check_halves"]


def check_halves(
    known: LowRankPreconditioner, n: int, left: float, solved: float
) -> FloatArray:
    """Assert that halves, inverses and numbers agree to tolerances; return P."""
    unit = np.eye(n)
    half = known.undo_left(unit)
    whole: FloatArray = half @ half.T
    np.testing.assert_allclose(known.left(half), unit, atol=left)
    np.testing.assert_allclose(known.right(unit), known.left(unit).T, atol=1e-9)
    np.testing.assert_allclose(known.solve(whole), unit, atol=solved)
    assert np.isclose(known.log_determinant(), np.linalg.slogdet(whole)[1])
    assert np.isclose(known.trace_inverse(), np.trace(np.linalg.inv(whole)))
    return whole
