"""The CUDA backend keeps the contract: simulated, compiled, and on a card."""

import os
from typing import Any

import pytest

from tests.backend_contract import BackendContract
from tests.ptx.fixture import install
from tests.test_cuda.compiled import COMPILED
from tests.test_cuda.simulated.simulator import SIMULATED


class OnDevice(BackendContract):
    """What the three have in common."""

    name = "cuda"


class TestSimulated(OnDevice):
    """On Numba's simulator: the text of kernels, interpreted."""

    pytestmark = SIMULATED


class TestCompiled(OnDevice):
    """On the machine for PTX: what a card would run."""

    pytestmark = COMPILED

    @pytest.fixture(autouse=True)
    def machine(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        return install(monkeypatch)


@pytest.mark.gpu
@pytest.mark.skipif(
    os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="not on the simulator"
)
class TestCard(OnDevice):
    """On a real one."""
