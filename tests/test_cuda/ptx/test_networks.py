"""Compiled kernels, run from their PTX on the CPU, against the CPU backend.

Every launch is watched as compute-sanitizer would (`tests.ptx`). Compiling takes some
seconds a kernel: most networks are among the slow tests, which ``.ci/run`` runs too.
"""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.backends.cuda.backend import CudaBackend
from tests.networks import SIGN, build, dense
from tests.ptx.fixture import install
from tests.test_cuda.compiled import COMPILED
from tests.test_cuda.nets import NETS, rows
from tests.tolerances import relative_error, tolerance

pytestmark = [
    *COMPILED,
    pytest.mark.filterwarnings("ignore:.*Hermite"),
]
BOTH = ("nngp", "ntk")
FEW = ("relu", "gelu", "steep-erf")


def some(names: Any, *always: str) -> list[Any]:
    """Return parameters, those that are not run always marked as slow."""
    return [
        pytest.param(name, marks=[] if name in always else [pytest.mark.slow])
        for name in names
    ]


def spread(n: int, d: int, dtype: Any) -> np.ndarray:
    """Return rows, among them duplicates, near and opposite ones, and a zero."""
    x = np.random.default_rng(n + d).standard_normal((n, d))
    x[: min(n, 9), : min(d, 5)] = rows()[:n, :d]
    x[min(n, 8) - 1 : min(n, 8)] = 0.0
    return x.astype(dtype)


def check(net: Any, x: Any, y: Any, dtype: str) -> None:
    """Compare both kernels of both backends within the promise on accuracy."""
    cpu = fastntk.gram(net, x, y, BOTH, dtype=dtype, backend="cpu")
    gpu = fastntk.gram(net, x, y, BOTH, dtype=dtype, backend="cuda")
    for get, a, b in zip(BOTH, cpu, gpu, strict=True):
        sides = [fastntk.diagonal(net, z, get) for z in (x, x if y is None else y)]
        assert relative_error(b, a, *sides) <= tolerance(get, dtype), get
        if y is None:
            np.testing.assert_array_equal(b, b.T)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", some(sorted(NETS), *FEW, "hermite", "gaussian"))
def test_every_network(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, error=1.0, is_small=name not in FEW)
    net = build(NETS[name])
    for n, d in ((70, 20), (9, 5)):
        x = spread(n, d, dtype)
        check(net, x, None, dtype)
        check(net, x, x[:33], dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", some(FEW, "relu"))
def test_shapes_that_fill_tiles_and_do_not(
    name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    for n, d in ((1, 3), (64, 16), (65, 1), (130, 100)):
        x = spread(n, d, dtype)
        check(build(NETS[name]), x, None, dtype)
        check(build(NETS[name]), x, x[: (n + 1) // 2], dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", some(FEW, "relu"))
def test_products_by_a_library(
    name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernels that start from correlations, which NumPy writes."""
    install(monkeypatch, has_library=True)
    x = spread(70, 80, dtype)
    check(build(NETS[name]), x, None, dtype)
    check(build(NETS[name]), x, x[:33], dtype)


@pytest.mark.parametrize("has_library", [False, True])
def test_operators_and_solvers(
    has_library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, has_library=has_library)
    net, x = build(NETS["relu"]), spread(70, 70, np.float64)
    v = np.random.default_rng(1).standard_normal((70, 3))
    k = fastntk.gram(net, x, backend="cpu")
    a = fastntk.operator(net, x, backend="cuda")
    np.testing.assert_allclose(a @ v, k @ v, rtol=1e-10, atol=1e-10)
    b = fastntk.operator(net, x, x[:9], backend="cuda")
    np.testing.assert_allclose(b.rmatmat(v), k[:, :9].T @ v, rtol=1e-10, atol=1e-10)
    options: Any = {"ridge": 0.1, "method": "cg", "rtol": 1e-10}
    y = np.sin(x[:, 0])
    known = fastntk.solve(net, x, y, **options)
    found = fastntk.solve(net, x, y, backend="cuda", **options)
    np.testing.assert_allclose(found.x, known.x, rtol=1e-6, atol=1e-8)


def test_arrays_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda: Any = install(monkeypatch)
    net, x = build(NETS["relu"]), spread(70, 20, np.float32)
    known, sides = fastntk.gram(net, x, backend="cpu"), fastntk.diagonal(net, x)
    out = cuda.device_array((70, 70), np.float32)
    given = cuda.to_device(x)
    assert fastntk.gram(net, given, out=out) is out
    assert relative_error(out.copy_to_host(), known, sides, sides) <= 1e-5
    block = cuda.device_array((80, 90), np.float32)[5:75, 10:80]
    fastntk.gram(net, given, out=block)
    np.testing.assert_array_equal(block.copy_to_host(), out.copy_to_host())
    diagonal = fastntk.diagonal(net, given).copy_to_host()
    np.testing.assert_array_equal(diagonal, np.diag(out.copy_to_host()))
    part: Any
    for i, j, part in fastntk.tiles(net, given):
        np.testing.assert_array_equal(part.copy_to_host(), out.copy_to_host()[i, j])


def test_workers_fill_host_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads of the host, each with a stream and buffers, tile by tile."""
    install(monkeypatch)
    net, x = build(NETS["relu"]), spread(300, 20, np.float32)
    whole = fastntk.gram(net, x, backend="cuda")
    monkeypatch.setattr(CudaBackend, "max_side", 64)
    tiled = fastntk.gram(net, x, backend="cuda", threads=3)
    np.testing.assert_array_equal(tiled, whole)


def test_steep_networks_read_only_what_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, is_small=True)
    check(build(NETS["sign"]), spread(70, 20, "float64"), None, "float64")


@pytest.mark.parametrize("d", [5, 33])
def test_rows_that_are_parallel_but_for_rounding(
    d: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two signs take the fourth root of an angle that rounding left: 1e-16."""
    install(monkeypatch, is_small=True)
    x = np.random.default_rng(3).standard_normal((4, d))
    x[1] = 1.001 * x[0]
    x[2] = -0.3 * x[3]
    net = ["serial", dense(), SIGN, dense(0.5, 0.1), SIGN, dense(1.0, 0.1)]
    check(build(net), x, None, "float64")
    check(build(net), x, x[:2].copy(), "float64")
