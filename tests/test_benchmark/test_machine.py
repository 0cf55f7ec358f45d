"""What a benchmark asks of the machine."""

import os
import subprocess
import sys

import pytest

ALLOCATE = """
import numpy as np
from fastntk.benchmark.machine import fix_malloc
from fastntk._resources import resident_memory
is_glibc = fix_malloc()
array = np.ones(2 << 20)  # 16 MiB
held = resident_memory()
del array
print(int(is_glibc), held - resident_memory())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_arrays_are_mapped_anew_once_malloc_is_fixed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALLOCATE],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    is_glibc, given_back = map(int, done.stdout.split())
    if not is_glibc:
        pytest.skip("not glibc")
    assert given_back > 15 << 20
