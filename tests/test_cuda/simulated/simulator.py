"""What tests on Numba's simulator share: marks, arrays, and a memory that is short."""

import functools
import os
from typing import Any

import numpy as np
import pytest

from fastntk.kernels.cuda import target as cuda_target

SIMULATED = [
    pytest.mark.jit_off,
    pytest.mark.filterwarnings("ignore:.*encountered in scalar:RuntimeWarning"),
    pytest.mark.skipif(
        os.environ.get("NUMBA_ENABLE_CUDASIM") != "1",
        reason="needs NUMBA_ENABLE_CUDASIM=1",
    ),
]


def device(x: np.ndarray) -> Any:
    """Return a copy of an array on the device, which NumPy cannot read."""
    array: Any = cuda_target.cuda().to_device(x)
    kind: Any = type(array)
    return _strict(kind)(array._ary)


@functools.cache
def _strict(kind: Any) -> Any:
    """Return arrays of the simulator that NumPy cannot read, as those of a GPU."""

    class StrictArray(kind):  # type: ignore[misc]
        def __getattr__(self, name: str) -> Any:
            if name in ("__array_interface__", "__array_struct__"):
                raise AttributeError(name)
            return super().__getattr__(name)

        def __array__(self, *args: Any, **options: Any) -> Any:
            raise TypeError("Implicit conversion to a NumPy array is not allowed")

    return StrictArray


class ShortMemory:
    """Device memory that has no room for arrays above a size."""

    def __init__(self, limit: int) -> None:
        self.limit, self.refused = limit, 0

    def empty(self, size: int, dtype: Any) -> Any:
        if size > self.limit:
            self.refused += 1
            raise RuntimeError(
                "[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY"
            )
        return device(np.empty(max(1, size), dtype))
