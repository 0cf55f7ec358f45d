"""Kernels that leave the range of the output dtype, and those that just do not."""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.networks import ABS, ERF, LEAKY, RELU, build, dense, mlp
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
ROWS = np.random.default_rng(3).standard_normal((4, 6))


@pytest.mark.parametrize("activation", [RELU, LEAKY, ABS], ids=lambda a: str(a[0]))
@pytest.mark.parametrize("get", [*GETS, GETS])
def test_vanishing_kernels_name_the_layer(activation: list[Any], get: str) -> None:
    net = build(mlp(activation, 100, W_std=0.5))
    with pytest.raises(fastntk.RangeError, match=r"(Dense|Relu|Abs).*float32"):
        fastntk.gram(net, ROWS.astype(np.float32), get=get)


@pytest.mark.parametrize("get", GETS)
def test_exploding_kernels_name_the_layer(get: str) -> None:
    net = build(mlp(RELU, 100, W_std=4.0))
    with pytest.raises(fastntk.RangeError, match=r"(Dense|Relu).*float32"):
        fastntk.gram(net, ROWS.astype(np.float32), get=get)


@pytest.mark.parametrize("W_std", [1e-2, 1e3])
def test_float64_has_its_limits_too(W_std: float) -> None:
    net = build(mlp(RELU, 100, W_std=W_std))
    with pytest.raises(fastntk.RangeError, match=r"(Dense|Relu).*float64"):
        fastntk.gram(net, ROWS)


@pytest.mark.parametrize("W_std", [0.5, 4.0])
def test_the_error_comes_from_every_entry_point(W_std: float) -> None:
    net = build(mlp(RELU, 100, W_std=W_std))
    x = ROWS.astype(np.float32)
    with pytest.raises(fastntk.RangeError, match="float32"):
        net.kernel_fn(x)
    with pytest.raises(fastntk.RangeError, match="float32"):
        fastntk.gram(net, x, x.copy())
    with pytest.raises(fastntk.RangeError, match="float32"):
        fastntk.diagonal(net, x)
    with pytest.raises(fastntk.RangeError, match="float32"):
        list(fastntk.tiles(net, x))


@pytest.mark.parametrize("norm", [1e-30, 1e30])
def test_rows_out_of_range_are_an_error_too(norm: float) -> None:
    x = (norm * ROWS).astype(np.float32)
    with pytest.raises(fastntk.RangeError, match="Dense.*float32"):
        fastntk.gram(build(mlp(RELU, 2)), x)


@pytest.mark.parametrize("W_std", [0.5, 4.0])
def test_the_same_network_in_float64_is_right(W_std: float) -> None:
    net = mlp(RELU, 100, W_std=W_std)
    truth = highprec.kernel(net, ROWS)
    result = fastntk.gram(build(net), ROWS, get=GETS)
    for get in GETS:
        diagonal = getattr(truth, f"{get}1")
        error = relative_error(
            getattr(result, get), getattr(truth, get), diagonal, diagonal
        )
        assert error <= tolerance(get, "float64")


def test_float32_inputs_with_float64_output_have_the_wider_range() -> None:
    net = mlp(RELU, 100, W_std=0.5)
    x = ROWS.astype(np.float32)
    truth = highprec.kernel(net, x)
    value = fastntk.gram(build(net), x, get="nngp", dtype="float64")
    assert value.dtype == np.float64
    error = relative_error(value, truth.nngp, truth.nngp1, truth.nngp1)
    assert error <= tolerance("nngp", "float64")


def test_a_small_start_may_recover_before_the_output() -> None:
    """Scales in the middle may leave the dtype: only the output counts."""
    middle = ["repeat", ["serial", dense(0.01), RELU], 12]
    net = ["serial", dense(1e24), RELU, middle, dense(1.0)]
    x = ROWS.astype(np.float32)
    truth = highprec.kernel(net, x)
    assert 1e-20 < truth.nngp1.min() < truth.nngp1.max() < 1e20
    value = fastntk.gram(build(net), x, get="nngp")
    error = relative_error(value, truth.nngp, truth.nngp1, truth.nngp1)
    assert error <= tolerance("nngp", "float32")


def test_bounded_activations_never_overflow() -> None:
    x = (1e15 * ROWS).astype(np.float32)
    value = fastntk.gram(build(mlp(ERF, 3, b_std=0.1)), x, get="nngp")
    assert np.isfinite(value).all()


def test_zero_rows_are_not_an_underflow() -> None:
    x = ROWS.astype(np.float32)
    x[1] = 0
    value = fastntk.gram(build(mlp(RELU, 3)), x, get="ntk")
    assert (value[1] == 0).all()
    assert (value[0, [0, 2, 3]] > 0).all()


def test_zero_weights_are_not_an_underflow() -> None:
    net = build(["serial", dense(0.0), RELU, dense(1.0)])
    np.testing.assert_array_equal(fastntk.gram(net, ROWS, get="nngp"), np.zeros((4, 4)))
