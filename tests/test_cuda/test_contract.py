"""The CUDA backend keeps the contract: simulated, compiled, and on a card."""

import os
from typing import Any

import pytest

from fastntk.kernels import cuda_target
from tests.backend_contract import BackendContract
from tests.ptx.fixture import install
from tests.test_cuda.simulator import SIMULATED

IS_SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


class OnDevice(BackendContract):
    """What the three have in common."""

    name = "cuda"


class TestSimulated(OnDevice):
    """On Numba's simulator: the text of kernels, interpreted."""

    pytestmark = SIMULATED


@pytest.mark.skipif(
    IS_SIMULATED or cuda_target.package_version() is None,
    reason="needs numba-cuda (pip install 'numba-cuda[cu13]')",
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestCompiled(OnDevice):
    """On the machine for PTX: what a card would run."""

    @pytest.fixture(autouse=True)
    def machine(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        return install(monkeypatch)


@pytest.mark.gpu
@pytest.mark.skipif(IS_SIMULATED, reason="not on the simulator")
class TestCard(OnDevice):
    """On a real one."""
