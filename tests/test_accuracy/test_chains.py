"""Chains that are steep in the angle: Sign after Sign, and Erf at large variances.

A small angle grows from layer to layer, by a square root after Sign and by a large
factor after Erf. Its relative error must not, so that the strict tolerances hold.
"""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.inputs import at_angle, direction
from tests.networks import ERF, RELU, SIGN, build, dense, mlp
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
DTYPES = [np.float64, np.float32]
DIGITS = 400  # four roots of what is rounded leave 25
SMALLEST: dict[type, float] = {np.float64: 1e-9, np.float32: 1e-6}
ONE_SIGN = ["serial", dense(), SIGN, dense(), RELU, dense()]


def check(net: list[Any], x: np.ndarray) -> None:
    """Compare with multiple precision: the whole matrix, and against its own rows."""
    truth = highprec.kernel(net, x, digits=DIGITS)
    whole = fastntk.gram(build(net), x, get=GETS)
    cross = fastntk.gram(build(net), x, x.copy(), get=GETS)
    for get in GETS:
        exact = getattr(truth, get)
        diagonal = getattr(truth, f"{get}1")
        for value in (getattr(whole, get), getattr(cross, get)):
            error = relative_error(value, exact, diagonal, diagonal)
            assert error <= tolerance(get, x.dtype), (get, error)


def near_rows(dtype: type, angles: tuple[float, ...], d: int = 5) -> np.ndarray:
    """Return a row, rows at these angles from it and from its opposite, and others."""
    rng = np.random.default_rng(15)
    base = direction(rng, d)
    both = [*angles, *(np.pi - angle for angle in angles)]
    norms = [1.0, 0.3, 7.0]
    near = [norms[k % 3] * at_angle(rng, base, a) for k, a in enumerate(both)]
    others = [2 * direction(rng, d), at_angle(rng, base, 1.0)]
    return np.array([base, *near, *others]).astype(dtype)


def sign_chain(depth: int, b_std: float | None = 0.1) -> list[Any]:
    layer = ["serial", dense(1.0, b_std), SIGN]
    return ["serial", ["repeat", layer, depth], dense(1.0, b_std, out_dim=1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("b_std", [0.1, None])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_sign_after_sign(depth: int, b_std: float | None, dtype: type) -> None:
    angles = (SMALLEST[dtype], 1e-6, 1e-3)
    check(sign_chain(depth, b_std), near_rows(dtype, angles))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("angle", ["smallest", 1e-6, 1e-3])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_sign_of_one_pair(depth: int, angle: float | str, dtype: type) -> None:
    """Rows of equal norm, two at a time: no other pair decides how they are run."""
    rng = np.random.default_rng(16)
    small = SMALLEST[dtype] if isinstance(angle, str) else angle
    base = direction(rng, 6)
    for a in (small, np.pi - small):
        check(sign_chain(depth), np.array([base, at_angle(rng, base, a)]).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_sign_of_exactly_parallel_rows(depth: int, dtype: type) -> None:
    """An angle of 1e-16 that rounding leaves would be 1e-8 after one more Sign."""
    rng = np.random.default_rng(17)
    # few bits, so that the multiples are exact
    v = rng.integers(-40, 40, (6, 7)) / 8
    x = np.concatenate([v, 3 * v, -5 * v]).astype(dtype)
    check(ONE_SIGN, x)
    check(sign_chain(depth, None), x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_parallel_rows_stay_parallel_through_sign(dtype: type) -> None:
    """Known without a reference: what `Sign` returns does not depend on the norm."""
    v = (np.random.default_rng(18).integers(-40, 40, (9, 5)) / 8).astype(dtype)
    nngp = fastntk.gram(build(ONE_SIGN), v, 3 * v, "nngp").diagonal()
    np.testing.assert_allclose(nngp, 0.5, rtol=tolerance("nngp", dtype))
    opposite = fastntk.gram(build(ONE_SIGN), v, -3 * v, "nngp").diagonal()
    np.testing.assert_allclose(opposite, 0.0, atol=tolerance("nngp", dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_sign_of_one_feature(depth: int, dtype: type) -> None:
    x = np.random.default_rng(19).standard_normal((23, 1)) * 5
    check(ONE_SIGN, x.astype(dtype))
    check(sign_chain(depth, None), x.astype(dtype))
    check(sign_chain(depth), x.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("b_std", [0.1, None])
def test_sign_in_a_nested_parallel(b_std: float | None, dtype: type) -> None:
    branch = ["serial", SIGN, dense(0.9, b_std)]
    inner = [
        "serial",
        RELU,
        dense(1.1, b_std),
        ["FanOut", {"num": 2}],
        ["parallel", ["Identity", {}], branch],
        ["FanInSum", {}],
    ]
    net = [
        "serial",
        dense(1.2, b_std),
        ["FanOut", {"num": 2}],
        ["parallel", branch, inner],
        ["FanInSum", {}],
        ERF,
        dense(1.0, b_std),
        SIGN,
        dense(),
    ]
    x = near_rows(dtype, (SMALLEST[dtype], 1e-6, 1e-3))
    check(net, np.concatenate([x, 3 * x[:1]]))


@pytest.mark.parametrize(
    ("W_std", "depth", "angle", "dtype"),
    [
        (20.0, 16, 1e-9, np.float64),
        (100.0, 10, 1e-9, np.float64),
        (5.0, 16, 1e-5, np.float32),
    ],
)
@pytest.mark.parametrize("b_std", [None, 0.1])
def test_erf_after_erf(
    W_std: float, depth: int, angle: float, dtype: type, b_std: float | None
) -> None:
    rng = np.random.default_rng(20)
    net = mlp(ERF, depth, W_std=W_std, b_std=b_std)
    base = direction(rng, 6)
    for a in (angle, np.pi - angle):
        check(net, np.array([base, at_angle(rng, base, a)]).astype(dtype))
    check(net, near_rows(dtype, (angle, 10 * angle, 1e-3)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_erf_of_parallel_rows_of_other_norms(dtype: type) -> None:
    """Parallel is not equal: the angle after erf comes from the norms alone."""
    v = np.random.default_rng(21).integers(-40, 40, (3, 5)) / 8
    x = np.concatenate([v, 3 * v, (1 + 2.0**-20) * v, -v]).astype(dtype)
    check(mlp(ERF, 10, W_std=5.0), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("W_std", [1e-7, 1e-6, 1e-4, 1e-2, 1.0])
def test_erf_of_parallel_rows_whose_norms_are_far_apart(
    W_std: float, dtype: type
) -> None:
    """pi/2 less a small variance is pi/2: differences of it are noise."""
    v = np.random.default_rng(22).integers(-40, 40, (3, 5)) / 8
    x = np.concatenate([v * 2.0**-10, v, v * 2.0**10]).astype(dtype)
    check(mlp(ERF, 1, W_std=W_std), x)
