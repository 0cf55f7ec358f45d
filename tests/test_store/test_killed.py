"""A store that is killed at random instants; bench/torture does it 200 times."""

import pytest

from bench.torture.kills import torture
from bench.torture.targets import StoreTarget


@pytest.mark.parametrize(
    ("suffix", "layout", "chunk", "kills"),
    [(".npy", "full", 64, 3), (".npy", "full", None, 3), (".zarr", "lower", 64, 4)],
)
def test_ten_kills(suffix: str, layout: str, chunk: int | None, kills: int) -> None:
    target = StoreTarget(suffix, layout, n=700, options={"chunk": chunk})
    outcome = torture(target, kills, seed=1)
    assert outcome.kills == kills
    assert outcome.runs_to_the_end >= 1
    assert outcome.wrong_results == 0
    assert outcome.parts_computed_again == 0
