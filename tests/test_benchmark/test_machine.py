"""What a benchmark asks of the machine."""

import sys

import numpy as np
import pytest

from fastntk.benchmark.machine import fix_malloc


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_arrays_are_mapped_anew_once_malloc_is_fixed() -> None:
    if not fix_malloc():
        pytest.skip("not glibc")
    from fastntk.benchmark.machine import _status

    array = np.ones(2 << 20)  # 16 MiB
    held = _status("VmRSS")
    del array
    left = _status("VmRSS")
    assert held is not None and left is not None
    assert held - left > 15 << 20
