"""Every kernel body on tiny inputs: fast enough to run as plain Python too.

``NUMBA_DISABLE_JIT=1 pytest -m "not compiled_only"`` runs this folder, so that a line
coverage tool sees the bodies of the kernels. Tiles of one by two
vectors meet every edge.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from fastntk.tiling.plan import TilePlan
from tests.inputs import at_angle, direction
from tests.jit_off.smooth import SMOOTH
from tests.networks import (
    ABRELU,
    ABS,
    ERF,
    LEAKY,
    RELU,
    SIGN,
    build,
    dense,
    mlp,
    residual,
    standard,
)
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

pytestmark = [pytest.mark.jit_off, pytest.mark.filterwarnings("ignore:.*Hermite")]

GETS = ("nngp", "ntk")
NETS: dict[str, list[Any]] = {
    "relu": mlp(RELU, 2, b_std=0.1),
    "relu-without-bias": mlp(RELU, 2),
    "leaky": mlp(LEAKY, 1, b_std=0.2),
    "abrelu": mlp(ABRELU, 1),
    "abs": mlp(ABS, 2, b_std=0.1),
    "sign": mlp(SIGN, 1, b_std=0.1),
    "erf": mlp(ERF, 2, b_std=0.1),
    "scaled-erf": mlp(["Erf", {"a": 1.5, "b": 0.7, "c": 0.3}], 1),
    "residual": [
        "serial",
        dense(1.1, 0.1),
        residual(["serial", RELU, dense()]),
        dense(),
    ],
    "standard": ["serial", standard(1.2, 0.0, 4), RELU, standard(1.0, 0.3, 1)],
    **SMOOTH,
}


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def planned(shape: tuple[int, int], **options: Any) -> TilePlan:
        symmetric, step = options["is_symmetric"], options["step"]
        return TilePlan(shape, (step, step if symmetric else 2 * step), symmetric)

    monkeypatch.setattr("fastntk.tiling.setup.plan_tiles", planned)
    yield


def tiny(dtype: type) -> np.ndarray:
    rng = np.random.default_rng(51)
    base = direction(rng, 3)
    small = 1e-7 if dtype is np.float64 else 1e-4
    rows = [base, 4 * base, -base, np.zeros(3), at_angle(rng, base, small)]
    rows += [2 * at_angle(rng, base, np.pi - small)]
    rows += [3 * direction(rng, 3) for _ in range(12)]
    return np.array(rows).astype(dtype)


def check(net: list[Any], x1: Any, x2: Any, value: Any, dtype: type) -> None:
    def full(x: Any) -> Any:
        return x.toarray() if sp.issparse(x) else x

    truth = highprec.kernel(net, full(x1), full(x2))
    for get in GETS:
        error = relative_error(
            getattr(value, get),
            getattr(truth, get),
            getattr(truth, f"{get}1"),
            getattr(truth, f"{get}2"),
        )
        assert error <= tolerance(get, dtype), get


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_symmetric(name: str, dtype: type) -> None:
    x = tiny(dtype)
    value = fastntk.gram(build(NETS[name]), x, get=GETS, threads=1)
    check(NETS[name], x, None, value, dtype)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rectangular(name: str, dtype: type) -> None:
    x = tiny(dtype)
    value = fastntk.gram(build(NETS[name]), x[:5], x[1:], GETS, threads=2)
    check(NETS[name], x[:5], x[1:], value, dtype)


@pytest.mark.parametrize("name", ["relu", "erf", *SMOOTH])
def test_one_kernel_at_a_time(name: str) -> None:
    x = tiny(np.float64)
    both = fastntk.gram(build(NETS[name]), x, get=GETS)
    for get in GETS:
        alone = fastntk.gram(build(NETS[name]), x, get=get)
        np.testing.assert_allclose(alone, getattr(both, get), rtol=1e-13, atol=1e-16)
        np.testing.assert_array_equal(
            fastntk.diagonal(build(NETS[name]), x, get), alone.diagonal()
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse(dtype: type) -> None:
    x = sp.csr_matrix(tiny(dtype))
    net = NETS["relu"]
    check(net, x, None, fastntk.gram(build(net), x, get=GETS), dtype)
    check(net, x, x[:4], fastntk.gram(build(net), x, x[:4], GETS), dtype)


def test_stream_of_tiles() -> None:
    x = tiny(np.float64)
    net = build(NETS["relu"])
    out = np.full((len(x), len(x)), np.nan)
    for rows, cols, block in fastntk.tiles(net, x, threads=1):
        out[rows, cols] = block
    np.testing.assert_array_equal(out, fastntk.gram(net, x))


def test_outputs_of_any_layout() -> None:
    x = tiny(np.float64)
    net = build(NETS["relu"])
    expected = fastntk.gram(net, x)
    for out in (np.empty((18, 18), order="F"), np.empty((18, 36))[:, ::2]):
        np.testing.assert_array_equal(fastntk.gram(net, x, out=out), expected)


def test_rows_of_extreme_norms() -> None:
    """Squares that leave the range of float64 on the way are scaled."""
    x = np.array([[1e-152, 2e-152], [3e-152, -1e-152], [1e153, 1e153]])
    net = ["serial", dense(1.0), RELU, dense()]
    check(net, x, None, fastntk.gram(build(net), x, get=GETS), np.float64)


def test_an_average_that_does_not_exist_names_the_layer() -> None:
    net = build(["serial", dense(), ["Gaussian", {"b": 1.0}], dense()])
    with pytest.raises(fastntk.RangeError, match="Gaussian"):
        fastntk.gram(net, tiny(np.float64))
