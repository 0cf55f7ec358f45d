"""How a Gram matrix of rows on the host is walked: by tiles and threads, into a sink.

::

    Setup (setup.py)             rows checked and prepared, a program, a backend
      TilePlan (plan.py)         which tiles, in which order, within which memory
      walk (driver.py)           threads, progress, Ctrl-C
      Sink (sinks.py)            where a finished tile and its mirror image go
"""

from importlib import import_module
from typing import Any

from fastntk.tiling.plan import Tile, TilePlan

__all__ = ["Tile", "TilePlan"]

# Names that the reference showed here in 0.1; they go with 0.3.
_MOVED = {
    "StoreReport": "fastntk.store",
    "StoredGram": "fastntk.store",
    "VerifyReport": "fastntk.store",
    "batch": "fastntk.calls",
    "diagonal": "fastntk.calls",
    "gram": "fastntk.calls",
    "gram_to_store": "fastntk.store",
    "open_store": "fastntk.store",
    "tiles": "fastntk.calls",
    "verify_store": "fastntk.store",
}


def __getattr__(name: str) -> Any:
    """Return what this package held before it was the walk alone."""
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MOVED[name]), name)
