"""The inner loops of product, distance and transpose: compiled, or in Python."""

from __future__ import annotations

from typing import Any

from fastntk._jit import JIT_ENABLED
from fastntk.kernels.vector import ir as vector_ir
from fastntk.kernels.vector import moves as vector_moves
from fastntk.kernels.vector import python as vector_python
from fastntk.kernels.vector import series as vector_series
from fastntk.kernels.vector import strided as vector_strided
from fastntk.kernels.vector.ir import GROUP_ROWS, TRANSPOSE_BYTES, panel_width

__all__ = [
    "GROUP_ROWS",
    "TRANSPOSE_BYTES",
    "hermite_sums",
    "hermite_values",
    "least_size",
    "micro_distance",
    "micro_product",
    "panel_width",
    "stream_square",
    "stream_vector",
    "strided_product",
    "strided_product_half",
    "transpose_square",
]

_products: Any = vector_ir if JIT_ENABLED else vector_python
_series: Any = vector_series if JIT_ENABLED else vector_python
_strided: Any = vector_strided if JIT_ENABLED else vector_python
_moves: Any = vector_moves if JIT_ENABLED else vector_python
hermite_sums = _series.hermite_sums
hermite_values = _series.hermite_values
least_size = _series.least_size
micro_distance = _products.micro_distance
micro_product = _products.micro_product
stream_square = _moves.stream_square
stream_vector = _moves.stream_vector
strided_product = _strided.strided_product
strided_product_half = _strided.strided_product_half
transpose_square = _moves.transpose_square
