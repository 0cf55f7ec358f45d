"""``gram``, ``diagonal``, ``tiles`` and memory of networks on whole matrices."""

import re
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.test_layerwise.inputs import S1, S2, X1, X2, first_half, second_half, times

OWN = stax.serial(first_half(), times(2.0), second_half())
POOLED = stax.serial(first_half(), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))
CASES = {
    "own": (OWN, X1, X2),
    "own-symmetric": (OWN, X1, None),
    "positions": (POOLED, S1, S2),
    "positions-symmetric": (POOLED, S1, None),
    "alive": (first_half(), S1, S2),
}


@pytest.mark.parametrize("case", CASES)
def test_gram_is_kernel_fn(case: str) -> None:
    net, x1, x2 = CASES[case]
    expected = net.kernel_fn(x1, x2)
    np.testing.assert_array_equal(fastntk.gram(net, x1, x2), expected.ntk)
    both = fastntk.gram(net, x1, x2, ("ntk", "nngp"), threads=1, max_memory="1MB")
    np.testing.assert_array_equal(both.nngp, expected.nngp)
    single = fastntk.gram(net, x1, x2, "nngp", dtype="float32")
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected.nngp, rtol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_out_and_progress(case: str) -> None:
    net, x1, x2 = CASES[case]
    expected = net.kernel_fn(x1, x2)
    out = np.empty(expected.ntk.shape)
    calls: list[Any] = []
    result = fastntk.gram(net, x1, x2, out=out, progress=lambda *a: calls.append(a))
    assert result is out
    np.testing.assert_allclose(out, expected.ntk, rtol=1e-12)
    total = len(x1) * len(x1 if x2 is None else x2)
    assert calls[-1] == (total, total)
    with pytest.raises(fastntk.InputError, match="out: found shape"):
        fastntk.gram(net, x1, x2, out=np.empty((1, 1)))


@pytest.mark.parametrize("case", ["own-symmetric", "positions-symmetric", "alive"])
def test_diagonal(case: str) -> None:
    net, x, _ = CASES[case]
    many = np.concatenate([x + k for k in range(30)])  # more than a block
    kernel = net.kernel_fn(many)
    index = np.arange(len(many))
    both = fastntk.diagonal(net, many, ("nngp", "ntk"))
    np.testing.assert_allclose(both.nngp, kernel.cov1, rtol=1e-12)
    np.testing.assert_allclose(both.ntk, kernel.ntk[index, index], rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_tiles_say_what_to_call(case: str) -> None:
    net, x1, x2 = CASES[case]
    with pytest.raises(
        fastntk.NotSupportedError, match="Use fastntk.gram or kernel_fn"
    ):
        fastntk.tiles(net, x1, x2)


@pytest.mark.parametrize("case", ["own", "positions"])
def test_a_budget_is_kept(case: str) -> None:
    net, x1, x2 = CASES[case]
    with pytest.raises(fastntk.MemoryBudgetError, match="max_memory is 1,000 bytes"):
        fastntk.gram(net, x1, x2, max_memory=1000)


def test_what_cannot_fit_is_refused_before_it_is_allocated() -> None:
    x = np.ones((20_000, 100, 1), np.float32)
    start = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(fastntk.MemoryBudgetError, match="fewer samples") as caught:
        POOLED.kernel_fn(x, None, "ntk")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.perf_counter() - start < 2
    assert peak < 64 << 20
    needed = max(
        int(n.replace(",", "")) for n in re.findall(r"[\d,]{6,}", str(caught.value))
    )
    assert needed >= 2 * 8 * (20_000 * 100) ** 2
    with pytest.raises(fastntk.MemoryBudgetError):
        OWN.kernel_fn(np.ones((3_000_000, 1)), None, "ntk")


def test_equal_sides_are_one_for_dropout() -> None:
    net = stax.serial(first_half(), stax.Relu(), stax.Dropout(0.5), stax.Dense(1))
    alone = fastntk.gram(net, X1)
    close = X1 + 5e-13
    np.testing.assert_array_equal(fastntk.gram(net, X1, close), alone)
    np.testing.assert_array_equal(net.kernel_fn(X1, close, "ntk"), alone)
    kernel = net.kernel_fn(X1, close)
    assert kernel.x1_is_x2
    np.testing.assert_array_equal(kernel.cov2, kernel.cov1)
    for rows, cols, block in fastntk.tiles(net, X1, close):
        np.testing.assert_array_equal(block, alone[rows, cols])
    apart = fastntk.gram(net, X1, X1 + 2e-12)
    np.testing.assert_allclose(np.diagonal(apart), np.diagonal(alone) / 2, rtol=1e-6)
    test = stax.serial(first_half(), stax.Relu(), stax.Dropout(0.5, "test"))
    np.testing.assert_allclose(
        fastntk.gram(test, X1, X1.copy()), fastntk.gram(test, X1), rtol=1e-12
    )


def test_sparse_sides_are_compared_too() -> None:
    import scipy.sparse as sp

    net = stax.serial(first_half(), stax.Relu(), stax.Dropout(0.5), stax.Dense(1))
    alone = fastntk.gram(net, sp.csr_matrix(X1))
    for other in (sp.csr_matrix(X1), sp.csr_matrix(X1 + 5e-13)):
        value = fastntk.gram(net, sp.csr_matrix(X1), other)
        np.testing.assert_array_equal(value, alone)
    np.testing.assert_allclose(fastntk.gram(net, sp.csr_matrix(X1), X1), alone)
