"""CPU op bodies, ``forward`` kind: a loop over strips around a scalar formula each.

The inner loops run over contiguous strips of one dtype, without calls or branches, so
that LLVM packs them. i = panel row, j = column in the strip.
"""

from __future__ import annotations

from fastntk._jit import CpuOp
from fastntk.kernels.cpu.activations import abrelu, erf, sign
from fastntk.kernels.cpu.affine import add, affine, copy, mask
from fastntk.kernels.cpu.gelu import gabor, gelu
from fastntk.kernels.cpu.known import known_panel
from fastntk.kernels.cpu.mehler import mehler
from fastntk.kernels.cpu.rectified import rectified
from fastntk.kernels.cpu.series import angle, series
from fastntk.kernels.cpu.smooth import cos, exp, gaussian, sin
from fastntk.kernels.cpu.structure import dropout, floor, multiply

__all__ = ["OPS"]

_BODIES = (
    *(abrelu, sign, erf, rectified, mehler),
    *(exp, sin, cos, gaussian, gelu, gabor),
    *(affine, mask, copy, add, multiply, dropout, floor),
    *(angle, series),
)
OPS = {body.__name__: CpuOp(body, known_panel) for body in _BODIES}
OPS["expansion"] = OPS["mehler"]  # the same pairs; the rows differ
