"""The numbers on which op bodies of other processes are tried suit every body."""

import numpy as np
import pytest

from fastntk._jit import JIT_ENABLED
from fastntk.kernels.cpu.known import known_panel
from fastntk.kernels.cpu.ops import OPS

pytestmark = [
    pytest.mark.jit_off,
    pytest.mark.skipif(JIT_ENABLED, reason="the bodies are Python functions here"),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", OPS)
def test_a_body_reads_and_writes_inside_of_the_arrays(name: str, dtype: type) -> None:
    given, used = known_panel(np.dtype(dtype)), known_panel(np.dtype(dtype))
    assert {part.dtype for part in given} == {np.dtype(dtype), np.dtype(np.int64)}
    with np.errstate(all="ignore"):
        OPS[name].body(*used)
    half = len(given[0]) // 2  # the rest is room for a wider dtype
    np.testing.assert_array_equal(used[0][half:], given[0][half:])
    assert not np.array_equal(used[0][:half], given[0][:half])
    for before, after in zip(given[1:], used[1:], strict=True):
        np.testing.assert_array_equal(after, before)
