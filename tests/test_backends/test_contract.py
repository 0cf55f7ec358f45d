"""The CPU backend keeps the contract of all backends."""

import pytest

from tests.backend_contract import BackendContract


@pytest.mark.jit_off
class TestCpu(BackendContract):
    """On this machine's cores."""

    name = "cpu"
