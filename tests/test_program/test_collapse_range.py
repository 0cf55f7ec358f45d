"""The series in the angle where one part of the kernel dwarfs the other.

Layers whose tangent has a constant of its own give ``T = r1 r2 F + G``: at large rows
the kernel is F, at small ones G, and each must be right by itself.
"""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.networks import ABS, LEAKY, RELU, build, mlp, standard
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
DTYPES = [np.float64, np.float32]
N = 300  # large enough to be collapsed
FEW = slice(0, 10)


def tangent_bias(
    activation: list[Any], depth: int, W_std: float, s: tuple[float, float] = (1, 1)
) -> list[Any]:
    """Return layers of the standard parameterization with a bias of variance zero."""
    layer = ["Dense", standard(W_std, 0.0, 6)[1] | {"s": s}]
    hidden = ["serial", layer, activation]
    return ["serial", ["repeat", hidden, depth], standard(1.0, 0.0, 1)]


NETS: dict[str, list[Any]] = {
    "relu": tangent_bias(RELU, 4, 2**0.5),
    "leaky": tangent_bias(LEAKY, 4, 1.3),
    "abs": tangent_bias(ABS, 5, 1.0),
    "steep": tangent_bias(RELU, 4, 30.0),
    "weak": tangent_bias(RELU, 4, 1 / 30),
    "large-s": tangent_bias(RELU, 4, 2**0.5, (1e8, 1.0)),
    "large-s-steep": tangent_bias(RELU, 4, 30.0, (1e8, 1.0)),
    "large-s-after": tangent_bias(RELU, 4, 2**0.5, (1.0, 1e8)),
    "no-tangent-bias": mlp(RELU, 4),
    "no-tangent-bias-steep": mlp(RELU, 4, W_std=30.0),
}


def rows(kind: str, dtype: type) -> np.ndarray:
    """Return rows of a norm, with near, parallel and opposite ones at the front."""
    rng = np.random.default_rng(23)
    x = rng.standard_normal((N, 6))
    x[1], x[2], x[3], x[4] = x[0] * (1 + 1e-4), 3 * x[0], -x[0], x[0]
    x[4, 0] += 1e-5
    if kind == "mixed":
        x[5:] *= 10.0 ** rng.uniform(-6, 6, (N - 5, 1))
    else:
        x *= float(kind)
    return np.asarray(x.astype(dtype))


def layer_by_layer(net: Any, x: np.ndarray, x2: np.ndarray | None) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastntk.backends.cpu.collapse.MIN_FLOPS", 1 << 60)
        return fastntk.gram(net, x, x2, GETS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", ["1e-6", "1", "1e6", "mixed"])
@pytest.mark.parametrize("name", NETS)
def test_series_layers_and_truth_agree(name: str, scale: str, dtype: type) -> None:
    net, x = build(NETS[name]), rows(scale, dtype)
    y = x[::-1].copy()
    truth = highprec.kernel(NETS[name], x[FEW])
    whole, cross = (fastntk.gram(net, x, other, GETS) for other in (None, y))
    layers = layer_by_layer(net, x, None), layer_by_layer(net, x, y)
    for get in GETS:
        allowed = tolerance(get, dtype)
        exact, small = getattr(truth, get), getattr(truth, f"{get}1")
        value = getattr(whole, get)
        error = relative_error(value[FEW, FEW], exact, small, small)
        assert error <= allowed, (get, "truth", error)
        reversed_columns = getattr(cross, get)[:, ::-1]
        error = relative_error(reversed_columns[FEW, FEW], exact, small, small)
        assert error <= allowed, (get, "truth of the rectangle", error)
        diagonal = fastntk.diagonal(net, x.astype(np.float64), get)
        for result, plain, other in (
            (value, layers[0], diagonal),
            (getattr(cross, get), layers[1], diagonal[::-1]),
        ):
            expected = np.asarray(getattr(plain, get), dtype=np.float64)
            error = relative_error(result, expected, diagonal, other)
            assert error <= 2 * allowed, (get, "layers", error)


@pytest.mark.parametrize("get", GETS)
@pytest.mark.parametrize("scale", ["1e-6", "1e6"])
def test_one_kernel_is_what_both_give(scale: str, get: str) -> None:
    net, x = build(NETS["relu"]), rows(scale, np.float64)
    both = getattr(fastntk.gram(net, x, get=GETS), get)
    diagonal = both.diagonal()
    one = fastntk.gram(net, x, get=get)
    assert relative_error(one, both, diagonal, diagonal) <= tolerance(get, x.dtype)
