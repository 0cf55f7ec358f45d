"""Inputs with positions leave a dtype's range as loudly as rows do."""

import numpy as np
import pytest

from fastntk import RangeError, stax


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_positions_beyond_float32(scale: float) -> None:
    x = (np.random.default_rng(0).standard_normal((3, 4, 3)) * scale).astype(np.float32)
    net = stax.serial(stax.Dense(4), stax.Relu(), stax.Flatten(), stax.Dense(1))
    with pytest.raises(RangeError, match="range of float32"):
        net.kernel_fn(x)
