"""Zero rows, duplicates and antiparallel rows, where the answer is known exactly."""

import numpy as np
import pytest

import fastntk
from tests.inputs import direction
from tests.networks import ABRELU, ABS, ERF, LEAKY, RELU, SIGN, build, dense, mlp
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

ALL = {"relu": RELU, "leaky": LEAKY, "abrelu": ABRELU, "abs": ABS, "erf": ERF}
WITH_SIGN = ALL | {"sign": SIGN}
DTYPES = [np.float64, np.float32]
GETS = ("nngp", "ntk")


@pytest.mark.parametrize("b_std", [None, 0.0, 0.3])
@pytest.mark.parametrize("activation", WITH_SIGN)
@pytest.mark.parametrize("dtype", DTYPES)
def test_zero_rows(activation: str, b_std: float | None, dtype: type) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((6, 3)).astype(dtype)
    x[[1, 4]] = 0
    net = mlp(WITH_SIGN[activation], 3, b_std=b_std)
    truth = highprec.kernel(net, x)
    result = fastntk.gram(build(net), x, get=GETS)
    cross = fastntk.gram(build(net), x, x.copy(), get=GETS)
    for get in GETS:
        exact, diagonal = getattr(truth, get), getattr(truth, f"{get}1")
        for value in (getattr(result, get), getattr(cross, get)):
            assert np.isfinite(value).all()
            error = relative_error(value, exact, diagonal, diagonal)
            assert error <= tolerance(get, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", WITH_SIGN)
def test_a_matrix_of_zeros_alone(activation: str, dtype: type) -> None:
    net = mlp(WITH_SIGN[activation], 2)
    result = fastntk.gram(build(net), np.zeros((3, 2), dtype), get=GETS)
    truth = highprec.kernel(net, np.zeros((3, 2)))
    np.testing.assert_allclose(result.nngp, truth.nngp, rtol=1e-6)
    np.testing.assert_allclose(result.ntk, truth.ntk, rtol=1e-6)


@pytest.mark.parametrize("get", GETS)
def test_a_zero_row_has_the_angle_pi_over_2_even_to_itself(get: str) -> None:
    # standard parameterization with b_std = 0.: only the bias reaches a zero row,
    # and the derivative of the rectifier is 1/2 on average, 1/4 at a right angle.
    first = ["Dense", {"out_dim": 4, "b_std": 0.0, "parameterization": "standard"}]
    net = build(["serial", first, RELU, dense(1.0)])
    x = np.array([[0.0, 0.0], [1.0, 0.0]])
    expected = 0.0 if get == "nngp" else 0.25
    assert fastntk.gram(net, x, get=get)[0, 0] == expected
    assert fastntk.diagonal(net, x, get)[0] == expected


@pytest.mark.parametrize("depth", [1, 3, 20, 100])
@pytest.mark.parametrize("activation", ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_duplicates_have_the_kernel_of_the_diagonal(
    activation: str, depth: int, dtype: type
) -> None:
    rng = np.random.default_rng(depth)
    x = rng.standard_normal((5, 7)).astype(dtype)
    net = build(mlp(ALL[activation], depth, b_std=0.1))
    twice = np.concatenate([x, x])
    for get in GETS:
        diagonal = fastntk.diagonal(net, x, get)
        corner = fastntk.gram(net, twice, get=get)[:5, 5:].diagonal()
        cross = fastntk.gram(net, x, x.copy(), get).diagonal()
        allowed = tolerance("invariance", dtype)
        np.testing.assert_allclose(corner, diagonal, rtol=allowed)
        np.testing.assert_allclose(cross, diagonal, rtol=allowed)


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_of_antiparallel_rows_is_zero_without_a_bias(dtype: type) -> None:
    x = direction(np.random.default_rng(1), 6)[None].astype(dtype)
    for scale in (1, 4, 0.125):
        y = -dtype(scale) * x
        result = fastntk.gram(build(mlp(RELU, 1)), x, y, GETS)
        assert abs(result.nngp[0, 0]) <= tolerance("nngp", dtype) * scale / 100
        assert abs(result.ntk[0, 0]) <= tolerance("ntk", dtype) * scale / 100


@pytest.mark.parametrize("activation", ["abs", "erf", "sign"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_parity_is_exact(activation: str, dtype: type) -> None:
    """Even activations do not see a sign of the row, odd ones only change sign."""
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((2, 9, 4)).astype(dtype)
    net = build(mlp(WITH_SIGN[activation], 2))
    plus, minus = (fastntk.gram(net, x, z, GETS) for z in (y, -y))
    parity = {"abs": (1, 1), "erf": (-1, -1), "sign": (-1, -1)}[activation]
    scale = np.abs(plus.ntk).max()
    for get, sign in zip(GETS, parity, strict=True):
        np.testing.assert_allclose(
            getattr(minus, get),
            sign * getattr(plus, get),
            rtol=0,
            atol=tolerance("invariance", dtype) * scale,
        )


def test_one_feature_has_only_two_angles() -> None:
    x = np.array([[1.0], [-2.0], [0.0], [1e-3], [2.0]])
    net = mlp(RELU, 3, b_std=0.2)
    truth = highprec.kernel(net, x)
    result = fastntk.gram(build(net), x, get=GETS)
    for get in GETS:
        diagonal = getattr(truth, f"{get}1")
        error = relative_error(
            getattr(result, get), getattr(truth, get), diagonal, diagonal
        )
        assert error <= tolerance(get, "float64")
