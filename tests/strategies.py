"""Hypothesis strategies: small networks and small matrices."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.networks import (
    ABS,
    COS,
    DROPOUT,
    ERF,
    EXP_NORMALIZED,
    GABOR,
    GAUSSIAN,
    GELU,
    LAYER_NORM,
    LEAKY,
    RBF,
    RELU,
    SIGN,
    SIN,
    Net,
    dense,
    fan,
    rectified,
    residual,
)

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


def waves() -> st.SearchStrategy[Net]:
    shift = st.integers(-16, 16).map(lambda k: k / 8)
    parts = st.tuples(st.floats(0.3, 2), st.floats(0.2, 1.5), shift)
    names = st.sampled_from(["Sin", "Cos"])
    return st.tuples(names, parts).map(
        lambda t: [t[0], dict(zip("abc", t[1], strict=True))]
    )


def polynomials() -> st.SearchStrategy[Net]:
    coefs = st.lists(st.integers(-4, 4).map(lambda k: k / 16), min_size=1, max_size=4)
    # without the constant, an unlucky one may vanish everywhere
    return coefs.map(lambda coef: ["Polynomial", {"coef": [0.5, *coef]}])


# Their kernels stay within the range of float32 at every depth.
BOUNDED = st.sampled_from([GELU, SIN, COS, RBF, GAUSSIAN, GABOR, EXP_NORMALIZED])
SMOOTH_NEW = BOUNDED | waves() | st.just(["Sigmoid_like", {}])
ANGULAR = st.sampled_from([RELU, LEAKY, ABS])
# Multiplied by s, a row multiplies what they return by a power of s.
HOMOGENEOUS_NEW = st.sampled_from([RELU, ABS, EXP_NORMALIZED, rectified(2)])


def _branch(draw: Any, width: int) -> Net:
    activation = draw(SMOOTH_NEW | ANGULAR)
    return ["serial", activation, dense(draw(W_STD), draw(B_STD), out_dim=width)]


@st.composite
def structured_networks(draw: Any, with_dropout: bool = False) -> Net:
    """Draw a network of smooth activations, normalisations, products and dropout."""
    net: Net = ["serial"]
    for _ in range(draw(st.integers(1, 2))):
        net += [dense(draw(W_STD), draw(B_STD))]
        kind = draw(st.integers(0, 5))
        if kind == 0:
            net += [LAYER_NORM, draw(polynomials())]
        elif kind <= 2:
            fan_in = ["FanInProd", {}] if kind == 1 else ["FanInConcat", {}]
            wide = 3 if kind == 1 else 5  # a product needs equal widths
            net += [fan(fan_in, _branch(draw, 3), _branch(draw, wide))]
            net += [dense(draw(W_STD), draw(B_STD)), draw(ANGULAR)]
        else:
            net += [draw(SMOOTH_NEW)]
        if with_dropout and draw(st.booleans()):
            net += [DROPOUT]
        net += [dense(draw(W_STD), draw(B_STD)), draw(SMOOTH_NEW | ANGULAR)]
    return [*net, dense(draw(W_STD), draw(B_STD))]


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
