"""Puts the machine in the place of a GPU."""

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastntk.backends.cuda import arrays as cuda_arrays
from fastntk.backends.cuda import backend as cuda
from fastntk.backends.cuda import memory as cuda_memory
from fastntk.backends.cuda import multiply as cuda_multiply
from fastntk.backends.cuda import products as cuda_products
from fastntk.backends.cuda.launch import MICRO
from fastntk.device import blocks as cuda_blocks
from fastntk.device import gram as cuda_device
from fastntk.kernels.cuda import target as cuda_target
from tests.ptx.device import FakeCuda

__all__ = ["install"]

USERS = (cuda, cuda_arrays, cuda_blocks, cuda_device, cuda_memory, cuda_multiply)


class _Library:
    """NumPy, as far as the package uses CuPy."""

    __version__ = "of NumPy"
    matmul = staticmethod(np.matmul)
    cuda = SimpleNamespace(ExternalStream=lambda number: contextlib.nullcontext())

    def asarray(self, array: Any) -> np.ndarray:
        array.mark()  # the machine does not see what is written from here
        host: np.ndarray = array.host
        return host


def install(
    monkeypatch: pytest.MonkeyPatch,
    *,
    error: float = 0.0,
    has_library: bool = False,
    is_small: bool = False,
) -> FakeCuda:
    """Let the package find the machine where it looks for `numba.cuda`.

    Parameters
    ----------
    monkeypatch : MonkeyPatch
        Puts everything back.
    error : float
        Share of the errors that approximate instructions may have.
    has_library : bool
        Whether NumPy multiplies in the place of CuPy.
    is_small : bool
        One pair a thread: the same formulas in kernels that compile in half the time.
    """
    cuda_target.cuda()  # the real one, before it is replaced
    fake = FakeCuda(error)
    monkeypatch.setattr(cuda_target, "cuda", lambda: fake)
    for module in USERS:
        monkeypatch.setattr(module, "cuda", lambda: fake)
    monkeypatch.setattr(cuda_target, "_KERNELS", {})
    library = _Library() if has_library else None
    monkeypatch.setattr(cuda_products, "_cupy", lambda: (library, "not here"))
    if is_small:
        for name in MICRO:
            monkeypatch.setitem(MICRO, name, 1)
    return fake
