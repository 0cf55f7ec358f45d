"""Exact infinite-width neural tangent kernels at the speed of the hardware.

Public names are loaded on first use: ``import fastntk`` alone loads neither NumPy,
SciPy nor Numba.

Examples
--------
>>> import numpy as np
>>> import fastntk
>>> from fastntk import stax
>>> net = stax.serial(stax.Dense(512), stax.Relu(), stax.Dense(1))
>>> fastntk.gram(net, np.eye(2), get="nngp")
array([[0.25      , 0.07957747],
       [0.07957747, 0.25      ]])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastntk._version import __version__

if TYPE_CHECKING:
    from fastntk import predict, solvers, stax, theory
    from fastntk._errors import (
        ConditionWarning,
        ConvergenceError,
        FastntkError,
        IndefiniteError,
        InputError,
        MemoryBudgetError,
        NetworkError,
        NotSupportedError,
        RangeError,
        StoreError,
        ToleranceNotReached,
    )
    from fastntk._kernel import Kernel
    from fastntk.calls.batch import batch  # modules have the names of these
    from fastntk.calls.diagonal import diagonal
    from fastntk.calls.gram import gram
    from fastntk.calls.tiles import tiles
    from fastntk.duals import dual_activation
    from fastntk.operators import operator
    from fastntk.solvers import KernelModel, SolveResult, fit, load_model
    from fastntk.solvers.solve import solve  # a module has its name
    from fastntk.store.gram_to_store import gram_to_store
    from fastntk.store.open import open_store
    from fastntk.store.verify import verify_store

__all__ = [
    "ConditionWarning",
    "ConvergenceError",
    "FastntkError",
    "IndefiniteError",
    "InputError",
    "Kernel",
    "KernelModel",
    "MemoryBudgetError",
    "NetworkError",
    "NotSupportedError",
    "RangeError",
    "SolveResult",
    "StoreError",
    "ToleranceNotReached",
    "__version__",
    "batch",
    "diagonal",
    "dual_activation",
    "fit",
    "gram",
    "gram_to_store",
    "load_model",
    "open_store",
    "operator",
    "predict",
    "solve",
    "solvers",
    "stax",
    "theory",
    "tiles",
    "verify_store",
]

_ERRORS = "fastntk._errors"
_CALLS = "fastntk.calls"
_STORE = "fastntk.store"
_SOLVERS = "fastntk.solvers"
_PACKAGES = ("predict", "solvers", "stax", "theory")
_HOMES = {
    "ConditionWarning": _ERRORS,
    "ConvergenceError": _ERRORS,
    "FastntkError": _ERRORS,
    "IndefiniteError": _ERRORS,
    "InputError": _ERRORS,
    "Kernel": "fastntk._kernel",
    "KernelModel": _SOLVERS,
    "MemoryBudgetError": _ERRORS,
    "NetworkError": _ERRORS,
    "NotSupportedError": _ERRORS,
    "RangeError": _ERRORS,
    "SolveResult": _SOLVERS,
    "StoreError": _ERRORS,
    "ToleranceNotReached": _ERRORS,
    "batch": _CALLS,
    "diagonal": _CALLS,
    "dual_activation": "fastntk.duals",
    "fit": _SOLVERS,
    "gram": _CALLS,
    "gram_to_store": _STORE,
    "load_model": _SOLVERS,
    "open_store": _STORE,
    "operator": "fastntk.operators",
    "solve": _SOLVERS,
    "tiles": _CALLS,
    "verify_store": _STORE,
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name in _PACKAGES:
        return import_module(f"fastntk.{name}")
    if name not in _HOMES:
        from fastntk._absent import TOP, missing

        raise missing(__name__, name, TOP)
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
