"""The result does not depend on how the matrix is walked."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.tiling.plan import TilePlan
from tests.inputs import grid, spread
from tests.networks import (
    COS,
    ERF,
    EXP,
    EXP_NORMALIZED,
    GABOR,
    GAUSSIAN,
    GELU,
    POLYNOMIAL,
    RBF,
    RELU,
    SIGN,
    SIN,
    build,
    dense,
    fan,
    mlp,
    rectified,
    residual,
)
from tests.tolerances import tolerance

GETS = ("nngp", "ntk")
NORMED: list[Any] = ["serial", dense(1.2, 0.1), ["LayerNorm", {"eps": 1e-6}]]


def chain(*activations: list[Any]) -> list[Any]:
    return [part for layer in activations for part in (layer, dense(1.1, 0.1))]


NETS: dict[str, list[Any]] = {
    "relu": mlp(RELU, 3, b_std=0.1),
    "relu-without-bias": mlp(RELU, 3),
    "erf": mlp(ERF, 3, b_std=0.1),
    "sign": mlp(SIGN, 1, b_std=0.1),
    "residual": [
        "serial",
        dense(1.2, 0.1),
        residual(["serial", RELU, dense(0.8, 0.1)], 2),
        dense(),
    ],
    "smooth": [
        *NORMED,
        *chain(GELU, SIN, RBF, COS, EXP_NORMALIZED, GAUSSIAN, GABOR),
        *chain(EXP, POLYNOMIAL, rectified(2), RELU),
        dense(),
    ],
    "structure": [
        *NORMED,
        fan(["FanInProd", {}], ["serial", RELU, dense()], ["serial", ERF, dense()]),
        fan(["FanInConcat", {}], dense(), ["serial", dense(0.8, 0.1), GELU]),
        dense(1.1),
        RELU,
        dense(),
    ],
}
DTYPES = [np.float64, np.float32]
RNG = np.random.default_rng(41)


def rows(dtype: type) -> np.ndarray:
    """Return generic rows, and every special one."""
    special = grid(3, dtype)
    return np.concatenate([spread(RNG, 90, special.shape[1]).astype(dtype), special])


@pytest.fixture
def tile_side(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that fixes the shape of all tiles, in vectors."""

    def fix(n_rows: int, n_cols: int) -> None:
        def planned(shape: tuple[int, int], **options: Any) -> Any:
            symmetric, step = options["is_symmetric"], options["step"]
            side = (n_rows * step, step * (n_rows if symmetric else n_cols))
            return TilePlan(shape, side, symmetric)

        monkeypatch.setattr("fastntk.tiling.setup.plan_tiles", planned)

    return fix


def check(value: Any, expected: Any, net: Any, x1: np.ndarray, x2: Any) -> None:
    """Compare to the last bits, in units of sqrt(K(x, x) K(y, y))."""
    for get in GETS:
        d1 = fastntk.diagonal(net, x1, get).astype(np.float64)
        d2 = d1 if x2 is None else fastntk.diagonal(net, x2, get).astype(np.float64)
        unit = np.sqrt(d1)[:, None] * np.sqrt(d2)
        a = getattr(value, get).astype(np.float64)
        error = np.abs(a - getattr(expected, get))
        assert (error <= tolerance("invariance", x1.dtype) * unit).all(), get


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", [(1, 1), (1, 3), (3, 1), (2, 50), (50, 2)])
def test_tile_shape(
    name: str, dtype: type, side: tuple[int, int], tile_side: Any
) -> None:
    net, x = build(NETS[name]), rows(dtype)
    y = x[::2].copy()
    expected, cross = fastntk.gram(net, x, get=GETS), fastntk.gram(net, x, y, GETS)
    tile_side(*side)
    check(fastntk.gram(net, x, get=GETS), expected, net, x, None)
    check(fastntk.gram(net, x, y, GETS), cross, net, x, y)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_thread_count_bitwise(name: str, dtype: type, tile_side: Any) -> None:
    """For one tile plan the result is the same to the last bit."""
    net, x = build(NETS[name]), rows(dtype)
    tile_side(1, 2)
    for x2 in (None, x[::3].copy()):
        one = fastntk.gram(net, x, x2, GETS, threads=1)
        for threads in (2, 3, 8):
            many = fastntk.gram(net, x, x2, GETS, threads=threads)
            for a, b in zip(one, many, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_repeated_calls_are_bitwise_equal(name: str, dtype: type, threads: int) -> None:
    """Whatever happens to be in fresh memory must not decide a rounding."""
    net, x = build(NETS[name]), rows(dtype)
    first = fastntk.gram(net, x, get=GETS, threads=threads)
    for repetition in range(12):
        garbage = [
            np.full(size, np.sin(repetition), dtype) for size in (len(x) ** 2, 4096)
        ]
        del garbage
        again = fastntk.gram(net, x, get=GETS, threads=threads)
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_symmetric_and_full_walk(name: str, dtype: type) -> None:
    net, x = build(NETS[name]), rows(dtype)
    half, full = fastntk.gram(net, x, get=GETS), fastntk.gram(net, x, x.copy(), GETS)
    # A zero row has an angle of pi/2 to itself in both walks.
    check(full, half, net, x, None)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_output_layout_bitwise(name: str, dtype: type) -> None:
    net, x = build(NETS[name]), rows(dtype)
    expected = fastntk.gram(net, x)
    n = len(x)
    for out in (
        np.empty((n, n), dtype, order="F"),
        np.empty((n, 2 * n), dtype)[:, ::2],
        np.empty((2 * n, 2 * n), dtype)[n:, n:],
        np.empty((n, n), dtype)[::-1, ::-1],
    ):
        fastntk.gram(net, x, out=out)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tiles_and_gram(name: str, dtype: type) -> None:
    net, x = build(NETS[name]), rows(dtype)
    expected = fastntk.gram(net, x, get=GETS)
    outs = tuple(np.full((len(x), len(x)), np.nan, dtype) for _ in GETS)
    for part_rows, part_cols, blocks in fastntk.tiles(net, x, get=GETS):
        for out, block in zip(outs, blocks, strict=True):
            out[part_rows, part_cols] = block
    check(type(expected)(*outs), expected, net, x, None)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_sub_block_of_the_rows_gives_the_sub_block(dtype: type) -> None:
    net, x = build(NETS["relu"]), rows(dtype)
    part = slice(37, 80)
    whole = fastntk.gram(net, x, get=GETS)
    small = fastntk.gram(net, x[part], x, get=GETS)
    expected = type(whole)(*(k[part] for k in whole))
    check(small, expected, net, x[part], x)
