"""The inner loops of product, distance and transpose: compiled, or in Python."""

from __future__ import annotations

from typing import Any

from fastntk._jit import JIT_ENABLED
from fastntk.kernels import vector_ir, vector_python
from fastntk.kernels.vector_ir import GROUP_ROWS, TRANSPOSE_BYTES, panel_width

__all__ = [
    "GROUP_ROWS",
    "TRANSPOSE_BYTES",
    "micro_distance",
    "micro_product",
    "panel_width",
    "stream_square",
    "stream_vector",
    "transpose_square",
]

_loops: Any = vector_ir if JIT_ENABLED else vector_python
micro_distance = _loops.micro_distance
micro_product = _loops.micro_product
stream_square = _loops.stream_square
stream_vector = _loops.stream_vector
transpose_square = _loops.transpose_square
