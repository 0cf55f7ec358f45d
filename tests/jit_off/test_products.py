"""A tile times columns, and the checksum, line by line."""

import numpy as np
import pytest

from fastntk.kernels.checksum import fold_words
from fastntk.kernels.product.columns import (
    add_product,
    add_rows,
    multiply_tile,
    multiply_transposed,
)
from fastntk.kernels.vector.chosen import GROUP_ROWS, panel_width

pytestmark = pytest.mark.jit_off


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 5), (17, 9), (34, 40)])
def test_products_of_a_tile(shape: tuple[int, int], dtype: type) -> None:
    rng = np.random.default_rng(0)
    width = panel_width(np.dtype(dtype))
    block = rng.standard_normal(shape).astype(dtype)
    v = rng.standard_normal((50, width)).astype(dtype)
    side = max(*shape, width)
    strip, edge = np.empty(side * side, dtype), np.empty(GROUP_ROWS * width)
    source, space = (v.reshape(-1), 4, 50, width), (strip, edge)
    scales = np.full(2, 0.5)
    right = 0.5 * block @ v[4 : 4 + shape[1], :2]
    for n_columns in (width // 2, width):
        out, total = np.zeros((shape[0], n_columns)), np.zeros((shape[0], 2))
        multiply_tile(block, *source, out, *space)
        add_rows(total, out, scales)
        assert np.allclose(total, right, rtol=1e-4, atol=1e-6)
    out, total = np.zeros((GROUP_ROWS, shape[1])), np.zeros((shape[1], 2))
    multiply_transposed(block, *source, out, *space)
    add_product(total, out, scales)
    right = 0.5 * block.T @ v[4 : 4 + shape[0], :2]
    assert np.allclose(total, right, rtol=1e-4, atol=1e-6)


def test_the_checksum_depends_on_every_word() -> None:
    words = np.arange(70, dtype=np.uint64)
    sums = set()
    with np.errstate(over="ignore"):
        for k in range(71):
            other = words.copy()
            other[k:][:1] += np.uint64(1)
            lanes = np.arange(32, dtype=np.uint64)
            fold_words(other, lanes)
            sums.add(lanes.tobytes())
    assert len(sums) == 71
