"""``gram`` in all shapes, dtypes and outputs, against the naive recursion."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from tests.inputs import spread
from tests.networks import ERF, RELU, build, dense, mlp, residual
from tests.reference import naive
from tests.tolerances import tolerance

GETS = ("nngp", "ntk")
NETS = {
    "relu": mlp(RELU, 2, b_std=0.1),
    "erf": mlp(ERF, 2, b_std=0.1),
    "residual": [
        "serial",
        dense(1.1),
        residual(["serial", RELU, dense(0.8)], 2),
        dense(),
    ],
}
RNG = np.random.default_rng(21)
X = spread(RNG, 300, 6)
Y = spread(RNG, 170, 6)


def close(value: np.ndarray, expected: np.ndarray, dtype: Any = np.float64) -> None:
    """Compare with the naive recursion, which loses half the digits at duplicates."""
    scale = np.abs(expected).max()
    allowed = 1e-7 if np.dtype(dtype) == np.float64 else tolerance("ntk", "float32")
    np.testing.assert_allclose(value, expected, rtol=0, atol=allowed * scale)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("get", GETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_symmetric_and_rectangular(name: str, get: str, dtype: type) -> None:
    net = build(NETS[name])
    x, y = X.astype(dtype), Y.astype(dtype)
    close(
        fastntk.gram(net, x, get=get), getattr(naive.kernel(NETS[name], x), get), dtype
    )
    cross = fastntk.gram(net, x, y, get)
    close(cross, getattr(naive.kernel(NETS[name], x, y), get), dtype)
    assert cross.dtype == dtype


@pytest.mark.parametrize("n", [1, 2, 3, 7, 15, 16, 17, 63, 64, 65, 129, 257])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sizes_around_the_tile_and_vector_lengths(n: int, dtype: type) -> None:
    net = build(NETS["relu"])
    x = X[:n].astype(dtype)
    close(fastntk.gram(net, x), naive.kernel(NETS["relu"], x).ntk, dtype)
    wide = fastntk.gram(net, x, Y.astype(dtype))
    close(wide, naive.kernel(NETS["relu"], x, Y.astype(dtype)).ntk, dtype)
    tall = fastntk.gram(net, Y.astype(dtype), x)
    allowed = tolerance("invariance", dtype) * np.abs(wide).max()
    np.testing.assert_allclose(tall, wide.T, rtol=0, atol=allowed)


@pytest.mark.parametrize("d", [1, 2, 3, 8, 33, 1000])
def test_numbers_of_features(d: int) -> None:
    x = np.random.default_rng(d).standard_normal((40, d))
    close(fastntk.gram(build(NETS["erf"]), x), naive.kernel(NETS["erf"], x).ntk)


def _memmap(folder: Path, shape: tuple[int, int]) -> np.ndarray:
    return np.memmap(folder / "k.bin", dtype=np.float64, mode="w+", shape=shape)


OUTPUTS = {
    "c order": lambda _, s: np.full(s, np.nan),
    "fortran order": lambda _, s: np.full(s, np.nan, order="F"),
    "column slice": lambda _, s: np.full((s[0], 2 * s[1]), np.nan)[:, 3 : 3 + s[1]],
    "every second column": lambda _, s: np.full((s[0], 2 * s[1]), np.nan)[:, ::2],
    "every second row": lambda _, s: np.full((2 * s[0], s[1]), np.nan)[::2],
    "backwards rows": lambda _, s: np.full(s, np.nan)[::-1],
    "backwards columns": lambda _, s: np.full(s, np.nan)[:, ::-1],
    "unaligned": lambda _, s: (
        np.zeros(8 * s[0] * s[1] + 1, np.uint8)[1:].view(np.float64).reshape(s)
    ),
    "memmap": _memmap,
}


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("x2", [None, Y], ids=["symmetric", "rectangular"])
def test_any_writable_output(kind: str, x2: np.ndarray | None, tmp_path: Path) -> None:
    net = build(NETS["relu"])
    expected = fastntk.gram(net, X, x2)
    out = OUTPUTS[kind](tmp_path, expected.shape)
    result = fastntk.gram(net, X, x2, out=out)
    assert result is out
    np.testing.assert_array_equal(out, expected)


def test_writing_into_a_slice_leaves_the_rest_alone() -> None:
    big = np.full((310, 320), 7.0)
    fastntk.gram(build(NETS["relu"]), X, out=big[5:305, 10:310])
    border = np.ones(big.shape, bool)
    border[5:305, 10:310] = False
    assert (big[border] == 7.0).all()


def test_a_memmap_is_on_disk_afterwards(tmp_path: Path) -> None:
    out = _memmap(tmp_path, (300, 300))
    expected = fastntk.gram(build(NETS["relu"]), X)
    fastntk.gram(build(NETS["relu"]), X, out=out)
    stored = np.fromfile(tmp_path / "k.bin").reshape(300, 300)
    np.testing.assert_array_equal(stored, expected)


def test_a_tuple_of_outputs() -> None:
    net = build(NETS["erf"])
    outs = (np.empty((300, 170)), np.empty((300, 170), order="F"))
    result = fastntk.gram(net, X, Y, ("ntk", "nngp"), out=outs)
    assert result.ntk is outs[0]
    assert result.nngp is outs[1]
    expected = fastntk.gram(net, X, Y, ("ntk", "nngp"))
    for value, other in zip(result, expected, strict=True):
        np.testing.assert_array_equal(value, other)


def test_float32_inputs_with_float64_output_are_exact() -> None:
    x = X.astype(np.float32)
    net = build(NETS["relu"])
    wide = fastntk.gram(net, x, dtype=np.float64)
    expected = fastntk.gram(net, x.astype(np.float64))
    np.testing.assert_allclose(wide, expected, rtol=1e-13)


SPARSE = {
    "csr matrix": sp.csr_matrix,
    "csr array": sp.csr_array,
    "csc": sp.csc_matrix,
    "coo": sp.coo_matrix,
    "lil": sp.lil_matrix,
    "dok": sp.dok_array,
}


def thin(seed: int, n: int, dtype: type = np.float64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 30)) * (rng.random((n, 30)) < 0.2)
    x[3] = 0  # an empty row
    x[5] = x[4]  # a duplicate
    x[6] = -2 * x[4]
    return x.astype(dtype)


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("get", [*GETS, GETS])
def test_sparse_equals_dense(kind: str, get: Any) -> None:
    net = build(NETS["relu"])
    x, y = thin(1, 90), thin(2, 70)
    a, b = SPARSE[kind](x), SPARSE[kind](y)
    scale = np.abs(fastntk.gram(net, x)).max()
    for left, right, dense_right in ((a, None, None), (a, b, y), (a, y, y), (x, b, y)):
        sparse = fastntk.gram(net, left, right, get)
        full = fastntk.gram(net, x, dense_right, get)
        for value, expected in zip(
            np.atleast_3d(sparse), np.atleast_3d(full), strict=True
        ):
            np.testing.assert_allclose(value, expected, rtol=0, atol=2e-12 * scale)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_near_duplicates_are_as_exact_as_dense_ones(dtype: type) -> None:
    x = thin(3, 20, dtype)
    near = (x * (1 + 1e-6 * np.random.default_rng(4).standard_normal(x.shape))).astype(
        dtype
    )
    net = build(NETS["relu"])
    rows = np.concatenate([x, near, -near])
    sparse = fastntk.gram(net, sp.csr_matrix(rows))
    full = fastntk.gram(net, rows)
    unit = np.sqrt(np.outer(full.diagonal(), full.diagonal()))
    assert (np.abs(sparse - full) <= tolerance("ntk", dtype) * unit).all()


def test_sparse_inputs_are_not_modified() -> None:
    x = sp.csr_matrix(thin(5, 40))
    x.indices[:2] = x.indices[:2][::-1].copy()  # unsorted within a row
    x.data[:2] = x.data[:2][::-1].copy()
    x.has_sorted_indices = False
    before = (x.data.copy(), x.indices.copy(), x.indptr.copy())
    value = fastntk.gram(build(NETS["relu"]), x)
    for part, copy in zip((x.data, x.indices, x.indptr), before, strict=True):
        np.testing.assert_array_equal(part, copy)
    expected = fastntk.gram(build(NETS["relu"]), x.toarray())
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12 * expected.max())


def test_sparse_duplicate_entries_are_summed() -> None:
    data, indices, indptr = np.array([1.0, 2.0, 5.0]), [1, 1, 0], [0, 2, 3]
    x = sp.csr_matrix((data, indices, indptr), shape=(2, 2))
    value = fastntk.gram(build(NETS["relu"]), x)
    full = fastntk.gram(build(NETS["relu"]), np.array([[0.0, 3.0], [5.0, 0.0]]))
    np.testing.assert_allclose(value, full, rtol=1e-13)
    assert x.nnz == 3


def test_sparse_integers_are_promoted() -> None:
    x = sp.csr_matrix(np.array([[0, 2], [1, 0]]))
    assert fastntk.gram(build(NETS["relu"]), x).dtype == np.float64


def test_sparse_has_diagonal_tiles_and_kernel_fn_too() -> None:
    x = thin(6, 50)
    net = build(NETS["relu"])
    sparse = sp.csr_matrix(x)
    np.testing.assert_allclose(
        fastntk.diagonal(net, sparse), fastntk.diagonal(net, x), rtol=1e-13
    )
    result = net.kernel_fn(sparse)
    np.testing.assert_allclose(result.cov1, net.kernel_fn(x).cov1, rtol=1e-13)
    total = sum(float(block.sum()) for _, _, block in fastntk.tiles(net, sparse))
    assert abs(total - fastntk.gram(net, x).sum()) <= 1e-9 * abs(total)


def test_a_spec_will_do_in_place_of_a_network() -> None:
    net = build(NETS["relu"])
    np.testing.assert_array_equal(fastntk.gram(net.spec, X), fastntk.gram(net, X))


def test_progress_counts_every_entry_once() -> None:
    seen: list[tuple[int, int]] = []
    fastntk.gram(
        build(NETS["relu"]), X, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (300 * 300, 300 * 300)
    assert all(a <= b for (a, _), (b, _) in pairwise(seen))
