"""A network is the tuple of its three functions, wherever a tuple is used."""

import numpy as np
import pytest

from fastntk import stax

NET = stax.serial(stax.Dense(8), stax.Relu(), stax.Dense(1))
TRIPLE = (NET.init_fn, NET.apply_fn, NET.kernel_fn)


def test_it_is_indexed_sliced_measured_and_unpacked() -> None:
    assert (NET[0], NET[1], NET[2]) == TRIPLE
    assert (NET[-1], NET[np.int64(2)]) == (NET.kernel_fn, NET.kernel_fn)
    assert (NET[:2], NET[1:], NET[::-1]) == (TRIPLE[:2], TRIPLE[1:], TRIPLE[::-1])
    assert len(NET) == 3
    assert NET
    assert tuple(NET) == (*NET,) == TRIPLE
    assert list(reversed(NET)) == list(TRIPLE[::-1])
    assert NET.kernel_fn in NET
    *_, kernel_fn = NET
    assert np.array_equal(
        kernel_fn(np.eye(2), None, "ntk"), NET[2](np.eye(2), None, "ntk")
    )


def test_parts_make_a_layer_again() -> None:
    assert stax.serial((*NET[:2], NET[2]), stax.Relu()) == stax.serial(NET, stax.Relu())


@pytest.mark.parametrize(
    ("index", "error"), [(3, IndexError), (-4, IndexError), ("kernel_fn", TypeError)]
)
def test_other_indices_are_refused_in_words(
    index: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"expected 0 \(init_fn\).*net\.spec"):
        NET[index]  # type: ignore[call-overload]
