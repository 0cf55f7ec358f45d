"""Inputs and outputs of every layout on the device, the host, or both; simulated."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import fastntk
from fastntk import stax
from tests.test_cuda.nets import rows
from tests.test_cuda.simulated.simulator import SIMULATED, device
from tests.test_cuda.simulated.test_networks import BOTH, RELU

pytestmark = SIMULATED
X = rows()
GIVEN: dict[str, Any] = {  # what is done to rows on the device, and on the host
    "from the last": lambda x: x[::-1],
    "features turned": lambda x: x[:, ::-1],
    "every second": lambda x: x[::2],
    "one row": lambda x: x[:1],
    "one feature": lambda x: x[:, :1],
    "one number": lambda x: x[:1, :1],
}


def near(found: Any, expected: Any) -> None:
    assert hasattr(found, "copy_to_host")
    np.testing.assert_allclose(found.copy_to_host(), expected, rtol=1e-5, atol=1e-5)


def check_all(there: Any, here: np.ndarray) -> None:
    near(fastntk.gram(RELU, there), fastntk.gram(RELU, here))
    near(fastntk.gram(RELU, there, here[:1]), fastntk.gram(RELU, here, here[:1]))
    near(fastntk.gram(RELU, here[:1], there), fastntk.gram(RELU, here[:1], here))
    near(fastntk.diagonal(RELU, there), fastntk.diagonal(RELU, here))
    for i, j, block in fastntk.tiles(RELU, there):
        near(block, fastntk.gram(RELU, here)[i, j])
    v = np.ones(len(here))
    found = fastntk.operator(RELU, there) @ v
    np.testing.assert_allclose(found, fastntk.gram(RELU, here) @ v, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_rows_of_every_layout(name: str) -> None:
    check_all(GIVEN[name](device(X)), GIVEN[name](X))


@pytest.mark.parametrize("kind", ["f4", "i1", "u1", "i8", "?"])
def test_rows_of_every_dtype(kind: str) -> None:
    with np.errstate(invalid="ignore"):
        x = np.abs(4 * X[:4]).astype(kind)
    check_all(device(x), x)


def test_sides_of_different_kinds() -> None:
    single = X.astype(np.float32)
    found = fastntk.gram(RELU, device(single), device(X))
    assert found.dtype == np.float64
    near(found, fastntk.gram(RELU, single, X))
    sparse = scipy.sparse.csr_matrix(X)
    near(fastntk.gram(RELU, device(X), sparse), fastntk.gram(RELU, X, sparse))
    near(fastntk.gram(RELU, sparse, device(X)), fastntk.gram(RELU, sparse, X))


def test_rows_of_the_host() -> None:
    known, whole = fastntk.gram(RELU, X, None, BOTH), np.zeros((2, 9, 9))
    for i, j, blocks in fastntk.tiles(RELU, X, None, BOTH, backend="cuda"):
        assert isinstance(blocks.ntk, np.ndarray)
        whole[:, i, j] = blocks
    np.testing.assert_allclose(whole, known, atol=1e-12)
    for dtype in ("float64", "float32"):
        found = fastntk.diagonal(RELU, X, BOTH, dtype=dtype, backend="cuda")
        assert found.ntk.dtype == dtype
        expected = fastntk.diagonal(RELU, X, BOTH, dtype=dtype)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_samples_with_positions_come_from_the_host() -> None:
    samples = np.random.default_rng(0).standard_normal((3, 2, 4))
    found = fastntk.gram(RELU, samples, backend="cuda")
    np.testing.assert_allclose(found, fastntk.gram(RELU, samples), atol=1e-12)


# --- outputs --------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_result_of_device_rows_streams_to_the_host(order: Any) -> None:
    known = fastntk.gram(RELU, X)
    out = np.full((9, 9), np.nan, order=order)
    assert fastntk.gram(RELU, device(X), out=out) is out
    np.testing.assert_allclose(out, known, atol=1e-12)
    out = np.full((9, 9), np.nan, order=order)
    fastntk.gram(RELU, device(X), device(X), out=out, backend="cpu")
    np.testing.assert_allclose(out, known, atol=1e-12)


def test_device_rows_are_written_to_a_store(tmp_path: Path) -> None:
    path = tmp_path / "kernel.npy"
    report = fastntk.gram_to_store(RELU, device(X), path=path)
    assert report.shape == (9, 9)
    np.testing.assert_allclose(np.load(path), fastntk.gram(RELU, X), atol=1e-12)


def test_results_of_host_rows_stay_on_the_device() -> None:
    out = device(np.full((9, 9), np.nan))
    assert fastntk.gram(RELU, X, out=out) is out
    near(out, fastntk.gram(RELU, X))
    pair: Any = [device(np.empty((9, 9))) for _ in range(2)]
    found = fastntk.gram(RELU, X, None, BOTH, out=pair)
    for a, b in zip(found, fastntk.gram(RELU, X, None, BOTH), strict=True):
        near(a, b)


def test_outputs_that_do_not_fit() -> None:
    there, here = device(np.empty((9, 9))), np.empty((9, 9))
    for rows_given in (X, device(X)):
        outs: Any = (there, here)
        with pytest.raises(fastntk.InputError, match=r"out: found a numpy\.ndarray in"):
            fastntk.gram(RELU, rows_given, None, BOTH, out=outs)
        with pytest.raises(fastntk.InputError, match="shared with an input or another"):
            fastntk.gram(RELU, rows_given, None, BOTH, out=(there, there))
    square = device(np.eye(5))
    with pytest.raises(fastntk.InputError, match="shared with an input or another"):
        fastntk.gram(RELU, square, out=square)
    with pytest.raises(fastntk.InputError, match="found an output on a GPU"):
        fastntk.gram(RELU, X, out=there, backend="cpu")
    wrong: Any = "no"
    with pytest.raises(fastntk.InputError, match="out: found"):
        fastntk.gram(RELU, device(X), out=wrong)


# --- options --------------------------------------------------------------------------


@pytest.mark.parametrize("call", [fastntk.gram, fastntk.tiles])
def test_options_are_checked_at_the_call(call: Any) -> None:
    x = device(X)
    wrong: list[dict[str, Any]] = [
        {"backend": "gpu"},
        {"threads": -1},
        {"max_memory": "lots"},
        {"collapse": "no"},
        {"get": "nothing"},
        {"dtype": "float16"},
        {"x2": device(np.eye(2))},
    ]
    for options in wrong:
        with pytest.raises(fastntk.InputError, match=next(iter(options))):
            call(RELU, x, **options)
    with pytest.raises(fastntk.InputError, match="backend is 'gpu'"):
        fastntk.diagonal(RELU, x, backend="gpu")
    with pytest.raises(fastntk.InputError, match="found a tuple of arrays on the dev"):
        call(RELU, (x, x))
    with pytest.raises(fastntk.InputError, match=r"\(1, 9, 5\).*positions to the host"):
        call(RELU, device(X[None].copy()))


def test_tiles_collapse_only_if_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastntk.backends.cpu.backend import CpuBackend

    asked: list[Any] = []

    def optimise(self: Any, program: Any, rows1: Any, rows2: Any) -> Any:
        asked.append(program)
        return program

    monkeypatch.setattr(CpuBackend, "optimise", optimise)
    list(fastntk.tiles(RELU, device(X), collapse=False))
    assert not asked
    list(fastntk.tiles(RELU, device(X)))
    assert asked


def test_equal_sides_share_what_dropout_drops() -> None:
    net = stax.serial(stax.Dense(1), stax.Relu(), stax.Dropout(0.8), stax.Dense(1))
    known = fastntk.gram(net, X, X.copy())
    near(fastntk.gram(net, device(X), device(X)), known)
    near(fastntk.gram(net, device(X), X), known)
    other = X[::-1].copy()
    near(fastntk.gram(net, device(X), device(other)), fastntk.gram(net, X, other))
    near(fastntk.gram(net, device(X), X[:4]), fastntk.gram(net, X, X[:4]))
