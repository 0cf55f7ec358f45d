"""How a Gram matrix of rows on the host is walked: by tiles and threads, into a sink.

::

    Setup (setup.py)             rows checked and prepared, a program, a backend
      TilePlan (plan.py)         which tiles, in which order, within which memory
      walk (driver.py)           threads, progress, Ctrl-C
      Sink (sinks.py)            where a finished tile and its mirror image go
"""

from fastntk.tiling.plan import Tile, TilePlan

__all__ = ["Tile", "TilePlan"]
