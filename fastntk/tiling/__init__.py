"""How a Gram matrix is walked: tile by tile, by several threads, into a sink.

::

    gram, tiles (gram.py)        the public calls: check, prepare, walk
    kernel_fn (calls.py)         what kernel_fn does with its arguments
      evaluate (evaluate.py)     a Kernel of data or of another Kernel
      stages.py, whole.py        networks on whole matrices, runs of the engine on these
      TilePlan (plan.py)         which tiles, in which order, within which memory
      walk (driver.py)           threads, progress, Ctrl-C
      Sink (sinks.py)            where a finished tile and its mirror image go
"""

from fastntk.tiling.batching import batch
from fastntk.tiling.diagonal import diagonal
from fastntk.tiling.gram import gram
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.store import gram_to_store
from fastntk.tiling.store_fill import StoreReport
from fastntk.tiling.store_open import StoredGram, open_store
from fastntk.tiling.store_verify import VerifyReport, verify_store
from fastntk.tiling.stream import tiles

__all__ = [
    "StoreReport",
    "StoredGram",
    "Tile",
    "TilePlan",
    "VerifyReport",
    "batch",
    "diagonal",
    "gram",
    "gram_to_store",
    "open_store",
    "tiles",
    "verify_store",
]
