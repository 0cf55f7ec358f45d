"""What tests share whose kernels are compiled, on machines without a GPU."""

import os

import pytest

from fastntk.kernels.cuda import target as cuda_target

COMPILED = [
    pytest.mark.skipif(
        cuda_target.package_version() is None,
        reason="needs numba-cuda (pip install 'numba-cuda[cu13]')",
    ),
    pytest.mark.skipif(
        os.environ.get("NUMBA_ENABLE_CUDASIM") == "1",
        reason="the simulator compiles nothing",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
