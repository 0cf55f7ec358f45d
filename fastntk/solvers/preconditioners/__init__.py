"""Preconditioners ``P = F F^T + D`` for ``K + ridge I``: low rank and local.

::

    base.py          LowRankPreconditioner: P^-1, its halves, its log-determinant
    rpcholesky.py    F from columns of K at randomly chosen pivots
    nystrom.py       F from products of K with random columns
    local.py         D: a diagonal, or blocks of close rows
    partition.py     which rows are close
    rank.py          when another column costs more than it saves
"""

from fastntk.solvers.preconditioners.base import LowRankPreconditioner, identity
from fastntk.solvers.preconditioners.nystrom import nystrom
from fastntk.solvers.preconditioners.rpcholesky import rpcholesky

__all__ = ["LowRankPreconditioner", "identity", "nystrom", "rpcholesky"]
