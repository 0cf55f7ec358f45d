"""Inputs with positions leave a dtype's range as loudly as rows do."""

from typing import Any

import numpy as np
import pytest

from fastntk import RangeError, stax
from tests.test_layerwise.inputs import times

NET = stax.serial(stax.Dense(4), stax.Relu(), stax.Flatten(), stax.Dense(1))
OWN = stax.serial(stax.Dense(4), times(1.0), stax.Relu(), stax.Dense(1))
X = np.random.default_rng(0).standard_normal((3, 4, 3))


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_positions_beyond_float32(scale: float) -> None:
    x = (X * scale).astype(np.float32)
    with pytest.raises(RangeError, match="range of float32"):
        NET.kernel_fn(x)


@pytest.mark.parametrize("scale", [1e25, 1e-25])
@pytest.mark.parametrize("get", ["nngp", "ntk", None])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_single_sample_beyond_float32(scale: float, get: Any, is_first: bool) -> None:
    x = X.copy()
    x[0] *= scale
    single, plain = x.astype(np.float32), X.astype(np.float32)
    sides: Any = (single, plain) if is_first else (plain, single)
    for net, pick in ((NET, slice(None)), (OWN, (slice(None), 0))):
        for pair in ((single, single), sides):
            one, two = (a[pick] for a in pair)
            with pytest.raises(RangeError, match="range of float32"):
                net.kernel_fn(one, two, get)
    assert np.isfinite(NET.kernel_fn(x, None, "ntk")).all()


def test_samples_of_zeros_stay() -> None:
    x = X.astype(np.float32)
    x[1] = 0.0
    assert (NET.kernel_fn(x, None, "ntk")[1] == 0).all()
