"""The simulator's tests, in a process where Numba has chosen the simulator."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# a few; `.ci/run` runs all
CHOSEN = (
    "test_two_sides and relu or test_block_shapes or test_python_functions or "
    "test_out_of_memory_says"
)


@pytest.mark.skipif(
    os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="they run here anyway"
)
def test_kernels_run_on_the_simulator() -> None:
    options = ["-q", "-p", "no:cacheprovider", "-k", CHOSEN]
    command = [
        sys.executable,
        "-m",
        "pytest",
        *options,
        "test_networks.py",
        "test_arrays.py",
        "test_columns.py",
        "test_errors.py",
        "test_products.py",
    ]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "0"}
    result = subprocess.run(
        command,
        cwd=Path(__file__).parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
    assert " skipped" not in result.stdout.splitlines()[-1]
