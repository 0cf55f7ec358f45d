"""Hypothesis strategies: small networks and small matrices."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.networks import ABS, ERF, LEAKY, RELU, SIGN, Net, dense, residual

W_STD = st.floats(0.25, 2.0)
B_STD = st.none() | st.just(0.0) | st.floats(0.01, 1.0)
SLOPE = st.integers(-12, 12).map(lambda k: k / 8)
# Multiples of 1/8: sums and differences stay exact, and duplicates are frequent.
ENTRY = st.integers(-40, 40).map(lambda k: k / 8)


def abrelus() -> st.SearchStrategy[Net]:
    slopes = st.tuples(SLOPE, SLOPE).filter(lambda s: abs(s[0]) + abs(s[1]) > 0.1)
    return slopes.map(lambda s: ["ABRelu", {"a": s[0], "b": s[1]}])


def erfs() -> st.SearchStrategy[Net]:
    parts = st.tuples(
        st.floats(0.2, 2), st.floats(0.2, 2), st.integers(0, 4).map(lambda k: k / 4)
    )
    return parts.map(lambda p: ["Erf", dict(zip("abc", p, strict=True))])


HOMOGENEOUS = st.sampled_from([RELU, LEAKY, ABS]) | abrelus()
SMOOTH = HOMOGENEOUS | st.just(ERF) | erfs()
ANY = SMOOTH | st.just(SIGN)


@st.composite
def networks(
    draw: Any,
    activations: st.SearchStrategy[Net] = SMOOTH,
    biases: st.SearchStrategy[Any] = B_STD,
    max_depth: int = 3,
) -> Net:
    """Draw a multi-layer network, now and then with a residual branch."""
    net: Net = ["serial"]
    for _ in range(draw(st.integers(1, max_depth))):
        net += [dense(draw(W_STD), draw(biases))]
        if draw(st.integers(0, 4)) == 0:
            branch = ["serial", draw(activations), dense(draw(W_STD), draw(biases))]
            net += [residual(branch)]
        net += [draw(activations)]
    return [*net, dense(draw(W_STD), draw(biases))]


def matrices(
    max_rows: int = 7, features: int | None = None
) -> st.SearchStrategy[np.ndarray]:
    columns = st.integers(1, 5) if features is None else st.just(features)
    shapes = st.tuples(st.integers(1, max_rows), columns)
    return hnp.arrays(np.float64, shapes, elements=ENTRY)


@st.composite
def matrix_pairs(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    d = draw(st.integers(1, 5))
    return draw(matrices(features=d)), draw(matrices(features=d))
