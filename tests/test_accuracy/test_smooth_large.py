"""Smooth activations at large variances, where the angle between rows is magnified."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from tests.jit_off.smooth import SMOOTH
from tests.networks import DROPOUT, ERF, RELU, build, dense
from tests.reference import naive

GETS = ("nngp", "ntk")
X = np.random.default_rng(81).standard_normal((500, 6))
WITH_DROPOUT = ["serial", dense(1, 0.1), RELU, DROPOUT, dense(1, 0.1), ERF, dense()]


@pytest.mark.parametrize("name", [n for n in SMOOTH if n != "hermite"])
def test_every_entry(name: str) -> None:
    net, y = build(SMOOTH[name]), X[::2] + 0.01
    for x2 in (None, y):
        truth = naive.kernel(SMOOTH[name], X, x2)
        result = fastntk.gram(net, X, x2, GETS)
        for get in GETS:
            exact, value = getattr(truth, get), getattr(result, get)
            # The naive recursion loses half the digits on the diagonal.
            half = np.eye(*exact.shape) * (x2 is None)
            allowed = np.where(half == 0, 1e-11, 1e-7)
            assert (np.abs(value - exact) <= allowed * np.abs(exact).max()).all(), get


def test_dropout_takes_a_copy_for_the_same_rows() -> None:
    """As neural-tangents: all rows within 1e-12 of each other."""
    net = build(WITH_DROPOUT)
    alone = fastntk.gram(net, X, get=GETS)
    for same in (X.copy(), X + 1e-13, np.asfortranarray(X)):
        for result in (fastntk.gram(net, X, same, GETS), net.kernel_fn(X, same, GETS)):
            for get in GETS:
                value = getattr(result, get)
                np.testing.assert_allclose(value, getattr(alone, get), atol=1e-11)


def test_dropout_leaves_other_rows_alone() -> None:
    first = ["serial", dense(1, 0.1), RELU, DROPOUT, dense(1, 0.1)]
    plain = [part for part in first if part is not DROPOUT]
    shifted = X + 1e-9
    kept = fastntk.gram(build(first), X, get=GETS)
    value = fastntk.gram(build(first), X, shifted, GETS)
    without = fastntk.gram(build(plain), X, shifted, GETS)
    for get in GETS:
        apart = getattr(value, get)
        np.testing.assert_allclose(apart, getattr(without, get), rtol=1e-12, atol=1e-13)
        assert (getattr(kept, get).diagonal() > 1.01 * apart.diagonal()).all()


def test_dropout_of_duplicates_within_the_rows() -> None:
    """Two rows of one matrix are two rows, equal or not."""
    x = np.concatenate([X[:20], X[:20]])
    net = build(WITH_DROPOUT)
    value = fastntk.gram(net, x, get="nngp")
    assert (value[:20, 20:].diagonal() < 0.99 * value.diagonal()[:20]).all()
    np.testing.assert_allclose(
        value[:20, 20:], fastntk.gram(net, X[:20], X[:20] + 1e-9, "nngp"), atol=1e-7
    )


def test_dropout_in_tiles_and_of_sparse_rows() -> None:
    net = build(WITH_DROPOUT)
    expected = fastntk.gram(net, X)
    out = np.full_like(expected, np.nan)
    for rows, cols, block in fastntk.tiles(net, X):
        out[rows, cols] = block
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(fastntk.diagonal(net, X), expected.diagonal())
    sparse = sp.csr_matrix(X)
    for x2 in (None, sp.csr_matrix(X)):
        np.testing.assert_allclose(fastntk.gram(net, sparse, x2), expected, atol=1e-12)
