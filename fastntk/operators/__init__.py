"""Kernel matrices as linear operators: products without the matrix.

::

    operator (build.py)              checks, memory, the tile cache
      GramOperator (gram_operator.py)  what SciPy's solvers and ours see
        ProductSink (product_sink.py)    tiles -> products, summed in plan order
          kernels/product/columns.py          a tile times V, and its transpose times V
        TileCache (tile_cache.py)        tiles kept in memory, then on disk
        blocks.py                        some rows and columns of the matrix
        on_device.py                     products where a backend has some of its own
      ShiftedOperator (shifted.py)     K + ridge I
"""

from fastntk.operators.build import operator
from fastntk.operators.gram_operator import GramOperator
from fastntk.operators.shifted import ShiftedOperator

__all__ = ["GramOperator", "ShiftedOperator", "operator"]
