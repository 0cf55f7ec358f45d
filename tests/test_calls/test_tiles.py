"""``tiles``: the blocks cover the matrix, once, and belong to the caller."""

import threading
from typing import Any

import numpy as np
import pytest

import fastntk
from tests.inputs import spread
from tests.networks import RELU, build, mlp

NET = build(mlp(RELU, 2, b_std=0.1))
RNG = np.random.default_rng(31)
X, Y = spread(RNG, 400, 5), spread(RNG, 150, 5)


def assemble(parts: Any, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix, and how often each entry came."""
    matrix, count = np.full(shape, np.nan), np.zeros(shape, int)
    for rows, cols, block in parts:
        matrix[rows, cols] = block
        count[rows, cols] += 1
    return matrix, count


@pytest.mark.parametrize("x2", [None, Y], ids=["symmetric", "rectangular"])
@pytest.mark.parametrize("budget", [None, "1MB", "400kB"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_blocks_cover_the_matrix_once(
    x2: np.ndarray | None, budget: str | None, threads: int
) -> None:
    parts = fastntk.tiles(NET, X, x2, max_memory=budget, threads=threads)
    expected = fastntk.gram(NET, X, x2)
    matrix, count = assemble(parts, expected.shape)
    assert (count == 1).all()
    np.testing.assert_allclose(matrix, expected, rtol=1e-12)


def test_a_budget_makes_more_and_smaller_blocks() -> None:
    few = list(fastntk.tiles(NET, X, Y, threads=1))
    many = list(fastntk.tiles(NET, X, Y, threads=1, max_memory="300kB"))
    assert len(many) > len(few)
    rows, cols, block = many[0]
    assert isinstance(rows, slice)
    assert isinstance(cols, slice)
    assert block.shape == (rows.stop - rows.start, cols.stop - cols.start)


def test_tuples_give_named_tuples() -> None:
    for rows, cols, blocks in fastntk.tiles(NET, X, Y, ("ntk", "nngp")):
        assert blocks._fields == ("ntk", "nngp")
        expected = fastntk.gram(NET, X[rows], Y[cols], "nngp")
        np.testing.assert_allclose(blocks.nngp, expected, rtol=1e-12)


def test_blocks_may_be_changed_and_kept() -> None:
    kept = []
    for rows, cols, block in fastntk.tiles(NET, X, max_memory="500kB"):
        kept.append((rows, cols, block.copy(), block))
        np.negative(block, out=block)
        np.negative(block, out=block)
    for _, _, copy, block in kept:
        np.testing.assert_array_equal(block, copy)
        block[...] = 0
    expected = fastntk.gram(NET, X)
    matrix, _ = assemble(((r, c, b) for r, c, b, _ in kept), expected.shape)
    np.testing.assert_allclose(matrix, expected, rtol=1e-12)


def test_closing_the_iterator_stops_the_threads() -> None:
    parts: Any = fastntk.tiles(NET, X, max_memory="500kB", threads=2)
    next(parts)
    assert any("fastntk" in t.name for t in threading.enumerate())
    parts.close()
    assert not any("fastntk" in t.name for t in threading.enumerate())


def test_an_iterator_never_started_has_no_threads() -> None:
    parts = fastntk.tiles(NET, X, threads=2)
    assert not any("fastntk" in t.name for t in threading.enumerate())
    del parts


def test_two_iterators_at_once() -> None:
    expected = fastntk.gram(NET, X)
    first = fastntk.tiles(NET, X, max_memory="500kB")
    second = fastntk.tiles(NET, X, max_memory="500kB")
    for (rows, cols, a), (_, _, b) in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, expected[rows, cols], rtol=1e-12)
