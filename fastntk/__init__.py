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

if TYPE_CHECKING:
    from fastntk import predict, stax, theory
    from fastntk._errors import (
        ConditionWarning,
        FastntkError,
        InputError,
        MemoryBudgetError,
        NetworkError,
        NotSupportedError,
        RangeError,
    )
    from fastntk._kernel import Kernel
    from fastntk.tiling import batch, diagonal, gram, tiles

__version__ = "0.1.0"

__all__ = [
    "ConditionWarning",
    "FastntkError",
    "InputError",
    "Kernel",
    "MemoryBudgetError",
    "NetworkError",
    "NotSupportedError",
    "RangeError",
    "__version__",
    "batch",
    "diagonal",
    "gram",
    "predict",
    "stax",
    "theory",
    "tiles",
]

_ERRORS = "fastntk._errors"
_TILES = "fastntk.tiling"
_PACKAGES = ("predict", "stax", "theory")
_HOMES = {
    "ConditionWarning": _ERRORS,
    "FastntkError": _ERRORS,
    "InputError": _ERRORS,
    "Kernel": "fastntk._kernel",
    "MemoryBudgetError": _ERRORS,
    "NetworkError": _ERRORS,
    "NotSupportedError": _ERRORS,
    "RangeError": _ERRORS,
    "batch": _TILES,
    "diagonal": _TILES,
    "gram": _TILES,
    "tiles": _TILES,
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name in _PACKAGES:
        return import_module(f"fastntk.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'fastntk' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
