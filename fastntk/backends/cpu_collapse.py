"""The exact recursion at given angles, which a collapsed program is fitted to."""

from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.backends.cpu_compiled import CompiledProgram, run_tile
from fastntk.backends.cpu_rows import row_pass
from fastntk.program import Program
from fastntk.program.collapse import Collapsed, collapse, is_homogeneous

__all__ = ["collapsed_program"]


def collapsed_program(program: Program, dtype: np.dtype[Any]) -> Collapsed | None:
    """Return the series that replace a program, None if there are none."""
    if not is_homogeneous(program) or not program.ops:
        return None
    compiled = CompiledProgram.compile(program, np.dtype(np.float64))

    def recursion(theta: FloatArray, variance: float) -> dict[str, FloatArray]:
        near = 2 * np.sin(theta / 2) ** 2
        far = 2 * np.cos(theta / 2) ** 2
        block = np.where(near <= far, near, -far)[None, :]
        rows, _ = row_pass(program, np.array([variance]))
        cols, _ = row_pass(program, np.full(theta.size, variance))
        blocks = [block.copy() for _ in program.get]
        run_tile(
            compiled, blocks, (rows.reshape(-1), 1), (cols.reshape(-1), theta.size)
        )
        return {name: b[0] for name, b in zip(program.get, blocks, strict=True)}

    return collapse(program, recursion, dtype)
