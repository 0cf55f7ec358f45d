"""The CPU backend below the checks of the public functions."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.backends import get_backend
from tests.networks import ABS, ERF, LEAKY, RELU, SIGN, build, dense, mlp, residual
from tests.prepared import prepare

NETS: dict[str, list[Any]] = {
    "relu": mlp(RELU, 2, b_std=0.1),
    "relu-without-bias": mlp(RELU, 2),
    "leaky": mlp(LEAKY, 2),
    "abs": mlp(ABS, 2, b_std=0.1),
    "erf": mlp(ERF, 2, b_std=0.1),
    "sign": mlp(SIGN, 2),
    "residual": ["serial", dense(), residual(["serial", RELU, dense()]), dense()],
}
X = np.random.default_rng(61).standard_normal((40, 3))


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nan_surfaces_and_stays_in_its_row(name: str, dtype: type) -> None:
    """No fast-math flag may assume that there are no NaNs."""
    x = X.astype(dtype)
    setup = prepare(build(NETS[name]), x, x, "nngp")
    plan = setup.plan()
    setup.prepare_rows()
    # The first number in memory belongs to the first row, however rows are packed.
    setup.rows1.unit.reshape(-1)[0] = np.nan
    (block,) = setup.new_worker(plan).run(slice(0, 40), slice(0, 40))
    assert np.isnan(block[0]).all()
    assert np.isfinite(block[1:]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_row_that_is_not_finite_is_an_error_here_too(bad: float, dtype: type) -> None:
    setup = prepare(build(NETS["relu"]), X.astype(dtype), None, "ntk")
    x: Any = setup.x1
    x[7, 1] = bad
    with pytest.raises(fastntk.RangeError, match=r"row 7|variance"):
        setup.prepare_rows()


@pytest.mark.parametrize("name", ["auto", "cpu"])
def test_backends_by_name(name: str) -> None:
    assert get_backend(name).name == "cpu"


def test_unknown_backends() -> None:
    with pytest.raises(fastntk.InputError, match="'tpu'; expected 'auto', 'cpu' or"):
        get_backend("tpu")
