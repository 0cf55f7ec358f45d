"""Inputs of shape (n, positions, channels)."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.test_layerwise.inputs import S1, S2, X1, assert_same, first_half, second_half

ROWS = stax.serial(first_half(), second_half())
GRAPHS = tuple(
    np.random.default_rng(5).integers(0, 2, (n, 3, 3)).astype(float) for n in (4, 3)
)


def per_position(net: Any, x1: np.ndarray, x2: np.ndarray, get: str) -> Any:
    """Compute every pair of positions by rows."""
    n1, t, d = x1.shape
    full = net.kernel_fn(x1.reshape(-1, d), x2.reshape(-1, d), get)
    return full.reshape(n1, t, len(x2), t).transpose(0, 2, 1, 3)


def test_every_layer_acts_on_each_position() -> None:
    kernel = ROWS.kernel_fn(S1, S2)
    for get in ("nngp", "ntk"):
        expected = per_position(ROWS, S1, S2, get)
        np.testing.assert_allclose(getattr(kernel, get), expected, rtol=1e-11)
    for cov, x in ((kernel.cov1, S1), (kernel.cov2, S2)):
        expected = per_position(ROWS, x, x, "nngp")
        index = np.arange(len(x))
        np.testing.assert_allclose(cov, expected[index, index], rtol=1e-11)
    assert (kernel.shape1, kernel.shape2) == ((4, 3, 1), (3, 3, 1))


def test_one_side_is_symmetric() -> None:
    kernel, cross = ROWS.kernel_fn(S1), ROWS.kernel_fn(S1, S1.copy())
    np.testing.assert_array_equal(kernel.nngp, kernel.nngp.transpose(1, 0, 3, 2))
    np.testing.assert_allclose(kernel.ntk, cross.ntk, rtol=1e-11)
    np.testing.assert_allclose(kernel.cov1, cross.cov2, rtol=1e-11)
    assert kernel.cov2 is None


def linear(kernel: Any, one: Any, two: Any) -> dict[str, np.ndarray]:
    """Apply weights of positions, (n, to, from), to both sides."""
    cross = "isp,ijpq,jtq->ijst"
    own = "isp,ipq,itq->ist"
    return {
        "nngp": np.einsum(cross, one, kernel.nngp, two),
        "ntk": np.einsum(cross, one, kernel.ntk, two),
        "cov1": np.einsum(own, one, kernel.cov1, one),
        "cov2": np.einsum(own, two, kernel.cov2, two),
    }


AXIS = (((1,), (0,)), ((), ()))
MATRIX = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
LAYERS = {
    "sum": (stax.GlobalSumPool(), np.ones((1, 3))),
    "mean": (stax.GlobalAvgPool(), np.full((1, 3), 1 / 3)),
    "index": (stax.Index(stax.Slice[:, 1]), np.eye(3)[[1]]),
    "slice": (stax.Index(stax.Slice[..., ::-2, :]), np.eye(3)[[2, 0]]),
    "all": (stax.Index(stax.Slice[...]), np.eye(3)),
    "vector": (
        stax.DotGeneral(rhs=[1.0, -1.0, 0.5], dimension_numbers=AXIS),
        np.array([[1.0, -1.0, 0.5]]),
    ),
    "matrix": (stax.DotGeneral(rhs=MATRIX, dimension_numbers=AXIS), MATRIX.T),
    "left": (
        stax.DotGeneral(lhs=MATRIX.T, dimension_numbers=(((1,), (1,)), ((), ()))),
        MATRIX.T,
    ),
    "graph": (stax.Aggregate(), None),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_that_mix_positions_are_linear_maps(name: str) -> None:
    layer, weights = LAYERS[name]
    before = first_half().kernel_fn(S1, S2)
    keywords: dict[str, Any] = {}
    if weights is None:
        keywords["pattern"] = GRAPHS
        one, two = (g.transpose(0, 2, 1) for g in GRAPHS)
    else:
        one, two = (np.broadcast_to(weights, (n, *weights.shape)) for n in (4, 3))
    kernel = stax.serial(first_half(), layer).kernel_fn(S1, S2, **keywords)
    for key, expected in linear(before, one, two).items():
        value = getattr(kernel, key)
        shaped = expected.reshape(value.shape)
        np.testing.assert_allclose(value, shaped, rtol=1e-11, atol=1e-13)
    assert kernel.is_gaussian
    after = stax.serial(first_half(), layer, second_half())
    assert np.isfinite(after.kernel_fn(S1, S2, "ntk", **keywords)).all()


def test_flatten_is_the_mean_of_equal_positions() -> None:
    before = first_half().kernel_fn(S1, S2)
    kernel = stax.serial(first_half(), stax.Flatten()).kernel_fn(S1, S2)
    np.testing.assert_allclose(
        kernel.ntk, np.einsum("ijtt->ij", before.ntk) / 3, rtol=1e-12
    )
    assert not kernel.is_gaussian
    assert kernel.shape1 == (4, 24)


def test_flatten_first_is_a_reshape() -> None:
    net = stax.serial(stax.Flatten(), ROWS)
    expected = ROWS.kernel_fn(S1.reshape(4, -1), S2.reshape(3, -1))
    assert_same(net.kernel_fn(S1, S2), expected, rtol=1e-13)
    large = np.ones((3, 20_000, 2))  # whole matrices of positions would not fit
    assert net.kernel_fn(large, None, "ntk").shape == (3, 3)


def test_lists_of_edges_are_graphs() -> None:
    lists = []
    for graphs in GRAPHS:
        edges = np.full((len(graphs), 9, 2), -1)
        for k, graph in enumerate(graphs):
            found = np.argwhere(graph)
            edges[k, : len(found)] = found
        lists.append(edges)
    dense = stax.serial(first_half(), stax.Aggregate())
    sparse = stax.serial(first_half(), stax.Aggregate(implementation="SPARSE"))
    expected = dense.kernel_fn(S1, S2, pattern=GRAPHS)
    assert_same(sparse.kernel_fn(S1, S2, pattern=tuple(lists)), expected)
    lists[0] = lists[0][:, :, None]
    assert_same(sparse.kernel_fn(S1, S2, pattern=tuple(lists)), expected)


def test_patterns_of_one_side() -> None:
    net = stax.serial(first_half(), stax.Aggregate())
    both = net.kernel_fn(S1, None, "ntk", pattern=(GRAPHS[0], GRAPHS[0]))
    one = net.kernel_fn(S1, None, "ntk", pattern=(GRAPHS[0], None))
    np.testing.assert_array_equal(both, one)
    none = net.kernel_fn(S1, None, "ntk", pattern=(None, None))
    np.testing.assert_array_equal(none, first_half().kernel_fn(S1, None, "ntk"))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (GRAPHS[0], "found ndarray; expected a pair"),
        ((GRAPHS[0], None), "one array and None; expected both, or neither"),
        (GRAPHS[::-1], r"pattern\[0\]: found shape \(3, 3, 3\); expected \(4, 3, 3\)"),
        ((GRAPHS[0], GRAPHS[1] * np.nan), "expected finite numbers"),
    ],
)
def test_patterns_that_do_not_fit(pattern: Any, message: str) -> None:
    net = stax.serial(first_half(), stax.Aggregate())
    with pytest.raises(fastntk.InputError, match=message):
        net.kernel_fn(S1, S2, pattern=pattern)


def test_two_patterns_need_two_sides() -> None:
    net = stax.serial(first_half(), stax.Aggregate())
    with pytest.raises(
        fastntk.InputError, match="two different arrays, but x2 is None"
    ):
        net.kernel_fn(S1, pattern=(GRAPHS[0], 1 - GRAPHS[0]))
    sparse = stax.serial(first_half(), stax.Aggregate(implementation="SPARSE"))
    with pytest.raises(fastntk.InputError, match="expected integers below 3"):
        sparse.kernel_fn(S1, pattern=(np.full((4, 2, 2), 3), None))


def test_residual_graph_blocks() -> None:
    block = stax.serial(
        stax.FanOut(2),
        stax.parallel(
            stax.serial(stax.Aggregate(), stax.Relu(), stax.Dense(8)), stax.Identity()
        ),
        stax.FanInSum(),
    )
    net = stax.serial(first_half(), block, stax.GlobalAvgPool(), stax.Dense(1))
    kernel = net.kernel_fn(S1, S2, pattern=GRAPHS)
    inner = stax.serial(first_half(), stax.Aggregate(), stax.Relu(), stax.Dense(8))
    side = inner.kernel_fn(S1, S2, "nngp", pattern=GRAPHS)
    expected = (side + first_half().kernel_fn(S1, S2, "nngp")).mean(axis=(2, 3))
    np.testing.assert_allclose(kernel.nngp, expected, rtol=1e-11)


def test_dropout_keeps_the_positions_of_one_sample_apart() -> None:
    dropped = stax.serial(stax.Dense(8), stax.Relu(), stax.Dropout(0.5))
    plain = stax.serial(stax.Dense(8), stax.Relu())
    expected = plain.kernel_fn(S1).nngp.copy()
    n, t = np.arange(4)[:, None], np.arange(3)
    expected[n, n, t, t] *= 2
    for x2 in (None, S1.copy()):
        kernel = dropped.kernel_fn(S1, x2)
        np.testing.assert_allclose(kernel.nngp, expected, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(kernel.cov1, expected[n[:, 0], n[:, 0]], rtol=1e-10)
    cross = dropped.kernel_fn(S1, S2)
    expected = plain.kernel_fn(S1, S2, "nngp")
    np.testing.assert_allclose(cross.nngp, expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(cross.cov1, kernel.cov1, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64])
def test_dtypes(dtype: type) -> None:
    x = (8 * S1).astype(dtype)
    value = stax.serial(ROWS, stax.GlobalAvgPool()).kernel_fn(x, None, "ntk")
    assert value.dtype == (np.float64 if dtype == np.int64 else np.float32)
    exact = stax.serial(ROWS, stax.GlobalAvgPool()).kernel_fn(x.astype(float))
    np.testing.assert_allclose(value, exact.ntk, rtol=1e-6)


@pytest.mark.parametrize(
    ("x1", "x2", "message"),
    [
        (S1, X1, r"shapes \(3, 2\) and \(4,\)"),
        (S1, S2[:, :2], r"shapes \(3, 2\) and \(2, 2\); expected the same"),
        (S1 * np.nan, None, "x1: found nan at row 0, column 0"),
        (S1[:, :0], None, r"empty array of shape \(4, 0, 2\)"),
        (S1[..., None], None, "found 4 dimensions.*images come later"),
        (S1.astype(complex), None, "found dtype complex128"),
    ],
)
def test_samples_that_do_not_fit(x1: Any, x2: Any, message: str) -> None:
    with pytest.raises(fastntk.InputError, match=message):
        ROWS.kernel_fn(x1, x2)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (stax.Index(stax.Slice[:, 3]), "NetworkError", "out of bounds.*of 3 positions"),
        (stax.Index(stax.Slice[:, 3:]), "NetworkError", "no position left"),
        (stax.Index(stax.Slice[::2]), "NotSupportedError", "index of samples"),
        (stax.Index(stax.Slice[..., 0]), "NotSupportedError", "samples or channels"),
        (
            stax.DotGeneral(rhs=[1.0, 2.0], dimension_numbers=AXIS),
            "NetworkError",
            "found 2 numbers along the contracted axis; expected 3",
        ),
        (
            stax.DotGeneral(rhs=[1.0, 2.0]),
            "NotSupportedError",
            "contraction of the axis of positions",
        ),
    ],
)
def test_layers_that_do_not_fit(layer: Any, error: str, message: str) -> None:
    with pytest.raises(getattr(fastntk, error), match=message):
        stax.serial(first_half(), layer).kernel_fn(S1)
