"""What tests on Numba's simulator share: marks, arrays, and a memory that is short."""

import os
from typing import Any

import numpy as np
import pytest

from fastntk.kernels import cuda_target

SIMULATED = [
    pytest.mark.jit_off,
    pytest.mark.filterwarnings("ignore:.*encountered in scalar:RuntimeWarning"),
    pytest.mark.skipif(
        os.environ.get("NUMBA_ENABLE_CUDASIM") != "1",
        reason="needs NUMBA_ENABLE_CUDASIM=1",
    ),
]


def device(x: np.ndarray) -> Any:
    """Return a copy of an array on the device."""
    return cuda_target.cuda().to_device(x)


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
