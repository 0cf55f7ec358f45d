"""A store that is killed at random instants; bench/torture does it 200 times."""

import pytest

from bench.torture.kills import torture
from bench.torture.targets import StoreTarget


@pytest.mark.parametrize(("suffix", "layout"), [(".npy", "full"), (".zarr", "lower")])
def test_five_kills(suffix: str, layout: str) -> None:
    target = StoreTarget(suffix, layout, n=700)
    outcome = torture(target, 5, seed=1)
    assert outcome.kills == 5
    assert outcome.runs_to_the_end >= 1
    assert outcome.wrong_results == 0
    assert outcome.parts_computed_again == 0
