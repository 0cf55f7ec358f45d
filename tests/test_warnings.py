"""Warnings point at the user's own line."""

import inspect

import numpy as np
import pytest

import fastntk
from fastntk import stax


def test_a_warning_names_the_line_of_the_call() -> None:
    net = stax.serial(stax.Dense(8, W_std=1.1), stax.Hermite(2), stax.Dense(1))
    x = np.random.default_rng(0).standard_normal((4, 3))
    with pytest.warns(UserWarning, match="variance 1") as found:
        frame = inspect.currentframe()
        fastntk.gram(net, x)
    assert frame is not None
    assert found[0].filename == __file__
