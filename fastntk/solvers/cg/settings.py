"""What an iteration is told, and what it tells."""

import dataclasses

from fastntk._typing import FloatArray
from fastntk.solvers.ridges import Ridge

__all__ = ["CGSettings", "CGStep"]


@dataclasses.dataclass(frozen=True)
class CGStep:
    """What a callback is told after each iteration.

    Attributes
    ----------
    iteration : int
        From 1.
    residuals : ndarray of shape (n_outputs,)
        Relative residuals: by the recurrence for columns at work, else true.
    seconds : float
        Since the solve began.
    """

    iteration: int
    residuals: FloatArray
    seconds: float


@dataclasses.dataclass(frozen=True)
class CGSettings:
    """How to iterate: see `block_cg`; the ridge is a number, or one per row."""

    ridge: Ridge
    rtol: float
    max_iter: int
    width: int
    max_width: int
    check_every: int
    reduction: float
    seed: int
