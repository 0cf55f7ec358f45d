"""Solving ``(K + ridge I) X = Y``, from ten rows to a million.

::

    solve.py              fastntk.solve: its arguments
      methods.py          runs a method on a System
        choose.py         which method, and why
        systems.py        network and rows -> operator or matrix
        duplicates.py     equal rows, where there is no ridge
    model.py              fastntk.fit: a model; model_file.py saves and loads it

    cholesky.py           direct; cholesky_factor.py; in_place.py: in K's memory
    spectral.py           eigh, pinv; eigh_factor.py: all ridges, times, leave-one-out
    cg.py                 block conjugate gradients
      cg_run.py           cycles: restarts, refinement, deflation; cg_state.py
      krylov.py           an iteration
      checkpoint.py       the state in a file
      preconditioners/
    falkon.py             inducing points
    askotch.py            block coordinates
    lanczos.py            f(K) B
    quadrature.py         log-determinant, trace of the inverse

    protocol.py           what a solver knows of a matrix
    result.py, status.py  how it went; measure.py: seconds and memory

Only systems.py and model.py know networks; all else knows `KernelOperator`.
"""

from fastntk._errors import ConvergenceError, IndefiniteError
from fastntk.solvers.cg.block import block_cg
from fastntk.solvers.cg.settings import CGStep
from fastntk.solvers.direct.cholesky import cholesky
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.direct.eigh_factor import EighFactor
from fastntk.solvers.direct.spectral import eigh, pinv
from fastntk.solvers.inducing.askotch import askotch
from fastntk.solvers.inducing.falkon import falkon
from fastntk.solvers.lanczos.functions import apply_function
from fastntk.solvers.lanczos.quadrature import Estimate, log_determinant, trace_inverse
from fastntk.solvers.model import KernelModel, fit
from fastntk.solvers.model_file import load_model
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
