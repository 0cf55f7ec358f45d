"""Solving ``(K + ridge I) X = Y``, from ten rows to a million.

::

    solve.py              fastntk.solve: its arguments
      methods.py          runs a method on a System
        choose.py         which method, and why
        systems.py        from a network and rows to an operator or a matrix
    fitting.py, model.py  fastntk.fit: a model; model_file.py: its two files
    load.py               fastntk.load_model

    direct/               factorisations of a matrix in memory
      cholesky.py         Cholesky; in_place.py keeps K and its factor in one array
      spectral.py         eigh and pinv; eigh_factor.py: all ridges, leave-one-out
      duplicates.py       equal rows, where there is no ridge
    cg/                   block conjugate gradients
      block.py            block_cg: its arguments
      run.py              cycles: restarts, refinement, deflation
      krylov.py           one iteration; state.py: what an iteration depends on
      checkpoint.py       the state in a file
    preconditioners/      low rank and local, for conjugate gradients
    inducing/             falkon.py: inducing points; askotch.py: block coordinates
    lanczos/              functions.py: f(K) B
      quadrature.py       log-determinant, trace of the inverse

    protocol.py           what a solver knows of a matrix
    result.py, status.py  how it went; measure.py: seconds and memory

Only systems.py and model.py know networks; everything else knows `KernelOperator`.
"""

from fastntk._errors import ConvergenceError, IndefiniteError
from fastntk.solvers.cg.block import block_cg
from fastntk.solvers.cg.settings import CGStep
from fastntk.solvers.direct.cholesky import cholesky
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.direct.eigh_factor import EighFactor
from fastntk.solvers.direct.spectral import eigh, pinv
from fastntk.solvers.fitting import fit
from fastntk.solvers.inducing.askotch import askotch
from fastntk.solvers.inducing.falkon import falkon
from fastntk.solvers.lanczos.functions import apply_function
from fastntk.solvers.lanczos.quadrature import Estimate, log_determinant, trace_inverse
from fastntk.solvers.load import load_model
from fastntk.solvers.model import KernelModel
from fastntk.solvers.preconditioners import (
    LowRankPreconditioner,
    identity,
    nystrom,
    rpcholesky,
)
from fastntk.solvers.protocol import DenseOperator, KernelOperator
from fastntk.solvers.result import SolveInterrupted, SolveResult
from fastntk.solvers.solve import solve
from fastntk.solvers.status import Status

__all__ = [
    "CGStep",
    "CholeskyFactor",
    "ConvergenceError",
    "DenseOperator",
    "EighFactor",
    "Estimate",
    "IndefiniteError",
    "KernelModel",
    "KernelOperator",
    "LowRankPreconditioner",
    "SolveInterrupted",
    "SolveResult",
    "Status",
    "apply_function",
    "askotch",
    "block_cg",
    "cholesky",
    "eigh",
    "falkon",
    "fit",
    "identity",
    "load_model",
    "log_determinant",
    "nystrom",
    "pinv",
    "rpcholesky",
    "solve",
    "trace_inverse",
]
