"""Operators and solvers whose products run on the device; simulated."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import fastntk
from fastntk import stax
from fastntk.backends import select as base
from fastntk.backends.cuda import memory as cuda_memory
from fastntk.backends.cuda import multiply as cuda_multiply
from fastntk.backends.cuda.multiply import Products
from fastntk.operators import gram_operator
from tests.prepared import prepare
from tests.test_cuda.nets import rows
from tests.test_cuda.simulated.simulator import SIMULATED, ShortMemory, device
from tests.test_cuda.simulated.test_networks import RELU, on_device

pytestmark = SIMULATED


def columns(n: int, k: int = 3) -> Any:
    return np.random.default_rng(1).standard_normal((n, k))


def test_products_with_columns() -> None:
    x, v = rows(), columns(9)
    expected = fastntk.gram(RELU, x)
    setup = on_device(RELU, x)
    for side in (4, 9):
        products = Products(setup.program, setup.rows1, setup.rows2, side=side)
        for _ in range(2):  # the second finds kernels and memory there
            np.testing.assert_allclose(products(v), expected @ v, rtol=1e-12)
    setup = on_device(RELU, x, x[:4])
    products = Products(setup.program, setup.rows1, setup.rows2, side=3)
    found = products(v[:4])
    np.testing.assert_allclose(found, expected[:, :4] @ v[:4], rtol=1e-12)
    found = products(v, is_transposed=True)
    np.testing.assert_allclose(found, expected[:, :4].T @ v, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_products_by_a_library(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy takes the place of CuPy, and looks into the simulator's arrays."""
    library = SimpleNamespace(asarray=lambda array: array._ary)
    monkeypatch.setattr(cuda_multiply, "cupy_module", lambda: library)
    monkeypatch.setattr(cuda_multiply, "as_stream", lambda *_: nullcontext())
    x, v = rows(dtype), columns(9)
    expected, rtol = fastntk.gram(RELU, x), 1e-12 if dtype == "float64" else 1e-5
    setup = on_device(RELU, x)
    found = Products(setup.program, setup.rows1, setup.rows2, side=4)(v)
    np.testing.assert_allclose(found, expected @ v, rtol=rtol, atol=10 * rtol)
    setup = on_device(RELU, x, x[:4])
    products = Products(setup.program, setup.rows1, setup.rows2, side=3)
    found, k = products(v, is_transposed=True), expected[:, :4]
    np.testing.assert_allclose(found, k.T @ v, rtol=rtol, atol=10 * rtol)


def test_products_of_operators_stay_on_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*args: Any, **options: Any) -> None:
        raise AssertionError("tiles were copied to the host")

    monkeypatch.setattr(gram_operator, "walk", refused)
    x, v, done = rows(), columns(9), []
    k = fastntk.gram(RELU, x)
    a = fastntk.operator(
        RELU, x, backend="cuda", progress=lambda *now: done.append(now)
    )
    np.testing.assert_allclose(a @ v, k @ v, rtol=1e-12)
    np.testing.assert_allclose(a.T @ v[:, 0], k @ v[:, 0], rtol=1e-12)
    np.testing.assert_allclose(a @ (v + 1j), k @ (v + 1j), rtol=1e-12)
    assert done[-1] == (81, 81)
    assert 0 < a.flops_per_entry < fastntk.operator(RELU, x).flops_per_entry
    b = fastntk.operator(RELU, x, x[:4], backend="cuda")
    np.testing.assert_allclose(b.rmatmat(v), k[:, :4].T @ v, rtol=1e-12)
    np.testing.assert_allclose(b @ v[:4], k[:, :4] @ v[:4], rtol=1e-12)


@pytest.mark.parametrize("size", [1e-60, 1.0, 1e60])
def test_products_of_float32_tiles_scale_their_columns(size: float) -> None:
    x, v = rows(np.float32), size * columns(9)
    v[:, 1] = 0.0
    v[4, 2] = np.nan
    a = fastntk.operator(RELU, x, backend="cuda")
    expected = fastntk.gram(RELU, x).astype(float) @ v
    found = a @ v
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=1e-4, atol=1e-5 * size)
    assert (found[:, 1] == 0).all()
    assert np.isnan(found[:, 2]).all()


def test_products_fall_back_to_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, v = rows(), columns(9)
    setup = on_device(RELU, x)
    products = Products(setup.program, setup.rows1, setup.rows2, side=9)
    memory = ShortMemory(30)
    monkeypatch.setattr(cuda_multiply, "empty", memory.empty)
    monkeypatch.setattr(cuda_multiply, "MIN_SIDE", 2)
    np.testing.assert_allclose(products(v), fastntk.gram(RELU, x) @ v, rtol=1e-12)
    assert memory.refused == 1


def test_products_fall_back_to_fewer_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    x, v = rows(), columns(9)
    setup = on_device(RELU, x)
    copy, most = cuda_memory.to_device, [9]

    def to_device(values: Any, stream: Any = 0) -> Any:
        if values.size > most[0]:
            raise RuntimeError("CUDA_ERROR_OUT_OF_MEMORY")
        return copy(values, stream)

    monkeypatch.setattr(cuda_multiply, "to_device", to_device)
    monkeypatch.setattr(cuda_multiply, "MIN_SIDE", 9)
    products = Products(setup.program, setup.rows1, setup.rows2, side=9)
    np.testing.assert_allclose(products(v), fastntk.gram(RELU, x) @ v, rtol=1e-12)
    most[0] = 8
    with pytest.raises(fastntk.MemoryBudgetError, match="product by blocks of 9 rows"):
        products(v)


# --- rows and columns on the device ---------------------------------------------------


def test_products_of_rows_and_columns_on_the_device() -> None:
    x, v = rows(), columns(9)
    k = fastntk.gram(RELU, x)
    a = fastntk.operator(RELU, device(x))
    assert isinstance(a.x1, np.ndarray)
    np.testing.assert_allclose(a @ v, k @ v, rtol=1e-12)
    for given in (v, v[:, 0].copy()):
        found = a @ device(given)
        assert found.shape == given.shape
        np.testing.assert_allclose(found.copy_to_host(), k @ given, rtol=1e-12)
    found = a.matmat(device(v))
    np.testing.assert_allclose(found.copy_to_host(), k @ v, rtol=1e-12)


def test_products_solve_for_rows_on_the_device() -> None:
    x = rows()
    y = np.sin(x[:, 0])
    for method in ("cholesky", "cg"):
        expected = fastntk.solve(RELU, x, y, ridge=0.1, method=method, rtol=1e-10)
        options: Any = {"ridge": 0.1, "method": method, "rtol": 1e-10}
        found = fastntk.solve(RELU, device(x), device(y), **options)
        np.testing.assert_allclose(found.x, expected.x, rtol=1e-7)


# --- "auto" ---------------------------------------------------------------------------


def test_products_by_auto_where_the_gpu_suits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_has_cuda", lambda: True)
    monkeypatch.setattr(base, "CUDA_ENTRIES", 81)
    x = rows()
    assert prepare(RELU, x, None, "ntk").backend.name == "cuda"
    assert prepare(RELU, x[:8], None, "ntk").backend.name == "cpu"
    sparse = scipy.sparse.csr_matrix(x)
    assert prepare(RELU, sparse, None, "ntk").backend.name == "cpu"
    called = stax.Elementwise(nngp_fn=lambda c, p, q: c)
    net = stax.serial(stax.Dense(1), called, stax.Dense(1))
    assert prepare(net, x, None, "nngp").backend.name == "cpu"
    assert np.isfinite(fastntk.gram(net, x, get="nngp")).all()
    monkeypatch.setattr(base, "CUDA_ENTRIES", 1)
    monkeypatch.setattr(base, "_has_cuda", lambda: pytest.fail("it is O(n)"))
    assert np.isfinite(fastntk.diagonal(RELU, x)).all()
