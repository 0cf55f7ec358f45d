"""Rows in any dtype and any number at a time: the same kernel."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from fastntk import stax
from fastntk.backends.cpu import blocks as cpu_blocks
from fastntk.backends.cpu import pairs as cpu_pairs
from fastntk.backends.cpu import rows as cpu_rows
from tests.prepared import prepare

RELU = stax.serial(stax.Dense(8, 1.5, 0.1), stax.Relu(), stax.Dense(1))
STEEP = stax.serial(stax.Dense(8, W_std=1e3), stax.Erf(), stax.Dense(8))


def draw(n: int = 90, d: int = 40) -> np.ndarray:
    """Return small integers: sparse, with equal, opposite, near and zero rows."""
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (n, d)) * (rng.random((n, d)) < 0.3)
    x[5], x[6], x[7], x[8] = x[4], -x[4], 3 * x[4], 0
    x[80], x[81], x[82] = x[4], -x[3], x[4]
    return x.astype(np.int8)


def sides(dtype: Any) -> dict[str, Any]:
    x = draw().astype(dtype)
    return {"dense": x, "sparse": sp.csr_matrix(x), "array": sp.csr_array(x)}


@pytest.fixture(params=["large", "small"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let rows be read all at once, or a few at a time."""
    if request.param == "small":
        monkeypatch.setattr(cpu_pairs, "PIECE_BYTES", 700)
        monkeypatch.setattr(cpu_blocks.row_pieces, "__defaults__", (700,))
        monkeypatch.setattr(cpu_rows, "CONVERT_BYTES", 700)
    return str(request.param)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("net", [RELU, STEEP], ids=["relu", "steep"])
@pytest.mark.parametrize("first", ["dense", "sparse", "array"])
@pytest.mark.parametrize("second", ["dense", "sparse", "array", None])
@pytest.mark.parametrize("dtype", ["int8", "float32", "float64"])
def test_dense_and_sparse_rows_in_any_pair(
    net: Any, first: str, second: str | None, dtype: str
) -> None:
    x = draw().astype("float64")
    other = None if second is None else sides(dtype)[second][3:]
    value = fastntk.gram(net, sides(dtype)[first], other, dtype="float64")
    expected = fastntk.gram(net, x, None if second is None else x[3:])
    diagonal = fastntk.diagonal(net, x)
    scale = np.sqrt(np.outer(diagonal, diagonal[3 if second else 0 :])) + 1e-300
    assert np.max(np.abs(value - expected) / scale) < 2e-12


def test_a_wide_side_is_packed_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    x = draw()
    expected = fastntk.gram(RELU, x, dtype="float32")
    monkeypatch.setattr(cpu_rows, "CONVERT_BYTES", 8)
    np.testing.assert_array_equal(fastntk.gram(RELU, x, dtype="float32"), expected)


def test_sparse_unit_rows_share_their_columns() -> None:
    setup = prepare(RELU, sp.csr_matrix(draw()), None, "ntk")
    setup.prepare_rows()
    assert setup.rows1.raw is setup.x1
    assert setup.rows1.unit.indices is setup.x1.indices
    assert setup.rows1.unit.indptr is setup.x1.indptr
