"""The table of costs per layer: every op has a line, and its rows stay of order 1."""

import numpy as np
import pytest

import fastntk
from bench.blocks import BLOCKS, Block, repeated
from bench.data import spread_rows
from fastntk import stax
from fastntk.program.ops import OP_COSTS

ONCE = {"angle", "series"}  # of a collapsed network: no cost per layer
BEFORE_DATA = {"numerical"}  # rows make it an expansion, or a host op
TITLES = [block.title for block in BLOCKS]


def ops(block: Block) -> set[str]:
    program = repeated(stax, block, 2).program(np.ones((2, 5)))
    return {op.name for op in program.ops}


def test_every_op_has_a_line() -> None:
    assert len(set(TITLES)) == len(TITLES)
    assert set.union(*map(ops, BLOCKS)) == set(OP_COSTS) - ONCE - BEFORE_DATA


@pytest.mark.parametrize("block", BLOCKS, ids=TITLES)
def test_variances_stay_of_order_one(block: Block) -> None:
    x = spread_rows(40, 20)
    for depth in range(1, 11):
        q = fastntk.diagonal(repeated(stax, block, depth), x, get="nngp")
        assert 0.01 < q.min() <= q.max() < 30
