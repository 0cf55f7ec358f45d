"""How large a preconditioner should be: until another column costs more than it saves.

Counted in flops, not in seconds: the same problem gets the same rank on every machine
and in every run, so that a resumed solve can be the same to the last bit.
"""

import dataclasses
import math
from typing import Any

__all__ = ["RankRule", "largest_rank"]

FLOPS_PER_ENTRY = 300.0  # of a kernel entry, in units of those of a matrix product
BUILD_FLOPS = 10.0  # per row and pair of columns: updates and two Cholesky QR


def largest_rank(n: int, itemsize: int, budget: int | None) -> int:
    """Return the largest rank that is tried.

    Parameters
    ----------
    n : int
        Rows.
    itemsize : int
        Bytes per number of the factor.
    budget : int or None
        Bytes it may take.
    """
    limit = max(n // 20, min(n // 3, 500))
    if budget is not None:
        # n k itemsize + 4 k^2 8 <= budget, a tenth of it left for blocks of columns
        a, b, c = 32.0, float(n * itemsize), -0.9 * budget
        limit = min(limit, int((-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)))
    return max(limit, 0)


@dataclasses.dataclass
class RankRule:
    """Decides after each block of columns whether to stop.

    Parameters
    ----------
    n : int
        Rows.
    ridge : float
        Of the system.
    columns : int
        Right-hand sides solved together.
    scale : float
        Mean diagonal.
    rtol : float
        Of the solve.
    flops_per_entry : float
        What an entry of the matrix costs.
    """

    n: int
    ridge: float
    columns: int
    scale: float
    rtol: float = 1e-6
    flops_per_entry: float = FLOPS_PER_ENTRY

    def __post_init__(self) -> None:
        self._history: list[tuple[int, float]] = []

    def is_enough(self, rank: int, tail: float, gained: float) -> bool:
        """Say whether to stop at a rank.

        Parameters
        ----------
        rank : int
            Columns so far.
        tail : float
            Mean of what is left of the diagonal.
        gained : float
            Trace captured per column of the last block: about the eigenvalue there.
        """
        ridge = max(self.ridge, 1e-10 * self.scale)
        self._history.append((rank, max(gained, 1e-300)))
        if tail * self.n <= ridge:
            return True  # nothing is left that the ridge does not cover
        if rank < 32:
            return False
        decay = self._decay()
        iterations = self._iterations(gained, ridge)
        a, s, n = self.flops_per_entry / 2, self.columns, self.n
        product = n * (n * (a + 2.0 * s) + 12.0 * rank * s)
        saved = iterations * decay / (2.0 * rank) * product
        cost = n * (self.flops_per_entry + BUILD_FLOPS * rank + 12.0 * s * iterations)
        return saved < cost

    def _iterations(self, eigenvalue: float, ridge: float) -> float:
        condition = 1.0 + eigenvalue / ridge
        return max(2.0, 0.25 * math.sqrt(condition) * math.log(2.0 / self.rtol))

    def _decay(self) -> float:
        """Return p where eigenvalues fall like k^-p, from the last half of columns."""
        rank, now = self._history[-1]
        for earlier, value in self._history:
            if earlier >= rank / 2 and earlier < rank:
                p = math.log(value / now) / math.log(rank / earlier)
                return min(max(p, 0.05), 4.0)
        return 1.0


def rule_for(operator: Any, ridge: float, columns: int, rtol: float) -> RankRule:
    """Return the rule for an operator; its ``flops_per_entry`` is asked if it has."""
    n = operator.shape[0]
    scale = float(operator.diagonal().mean())
    flops = float(getattr(operator, "flops_per_entry", FLOPS_PER_ENTRY))
    return RankRule(n, ridge, columns, scale, rtol, flops)
