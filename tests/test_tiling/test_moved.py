"""Names that the package held before it was the walk alone."""

import pytest

import fastntk
from fastntk import store, tiling


def test_documented_names_are_still_found_where_they_were() -> None:
    assert tiling.StoreReport is store.StoreReport
    assert tiling.StoredGram is store.StoredGram
    assert tiling.VerifyReport is store.VerifyReport
    for name in ("batch", "diagonal", "gram", "gram_to_store", "open_store", "tiles"):
        assert getattr(tiling, name) is getattr(fastntk, name)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match=r"fastntk.tiling.*no attribute 'walker'"):
        _ = tiling.walker
