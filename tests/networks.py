"""Build networks for the tests as nested lists, and turn these into fastntk's own."""

from typing import Any

from tests.golden.loader import CONTAINERS, arguments
from tests.reference.naive import ACTIVATIONS
from tests.reference.walk import SPATIAL, SPECIAL

Net = list[Any]

# Layers that the reference recursions know.
REFERENCE_LAYERS = frozenset({*SPECIAL, *SPATIAL, *ACTIVATIONS})

RELU: Net = ["Relu", {}]
LEAKY: Net = ["LeakyRelu", {"alpha": 0.1}]
ABS: Net = ["Abs", {}]
ERF: Net = ["Erf", {}]
SIGN: Net = ["Sign", {}]
ABRELU: Net = ["ABRelu", {"a": -0.4, "b": 1.1}]
GELU: Net = ["Gelu", {}]
SIN: Net = ["Sin", {}]
COS: Net = ["Cos", {}]
RBF: Net = ["Rbf", {}]
GABOR: Net = ["Gabor", {}]
GAUSSIAN: Net = ["Gaussian", {}]
EXP: Net = ["Exp", {"a": 0.5, "b": 0.4}]
EXP_NORMALIZED: Net = ["ExpNormalized", {}]
POLYNOMIAL: Net = ["Polynomial", {"coef": [0.2, 0.5, -0.3]}]
LAYER_NORM: Net = ["LayerNorm", {}]
DROPOUT: Net = ["Dropout", {"rate": 0.7}]


def rectified(degree: int) -> Net:
    return ["RectifiedMonomial", {"degree": degree}]


# Weight scales that keep the variance of a rectifier constant from layer to layer.
CRITICAL = {"Relu": 2.0**0.5, "LeakyRelu": (2 / 1.01) ** 0.5, "Abs": 1.0, "Erf": 1.3}


def dense(W_std: float = 1.0, b_std: float | None = None, out_dim: int = 16) -> Net:
    return ["Dense", {"out_dim": out_dim, "W_std": W_std, "b_std": b_std}]


def standard(
    W_std: float = 1.0,
    b_std: float | None = None,
    out_dim: int = 16,
    s: tuple[int, int] = (1, 1),
) -> Net:
    name, params = dense(W_std, b_std, out_dim)
    return [name, params | {"parameterization": "standard", "s": s}]


def mlp(
    activation: Net, depth: int, W_std: float | None = None, b_std: float | None = None
) -> Net:
    """Return a network of ``depth`` hidden layers, all alike, and a readout."""
    w = CRITICAL.get(activation[0], 1.2) if W_std is None else W_std
    layer = ["serial", dense(w, b_std), activation]
    return ["serial", ["repeat", layer, depth], dense(1.0, b_std, out_dim=1)]


def residual(branch: Net, times: int = 1) -> Net:
    """Return ``times`` blocks ``x + branch(x)``."""
    block = [
        "serial",
        ["FanOut", {"num": 2}],
        ["parallel", ["Identity", {}], branch],
        ["FanInSum", {}],
    ]
    return ["repeat", block, times]


def fan(fan_in: Net, *branches: Net) -> Net:
    """Return branches of one input, and the layer that joins them."""
    out = ["FanOut", {"num": len(branches)}]
    return ["serial", out, ["parallel", *branches], fan_in]


def build(net: Net) -> Any:
    """Turn a nested list into a ``stax.Network``."""
    from fastntk import stax  # the references work without it

    name = net[0]
    if name in CONTAINERS:
        return getattr(stax, name)(*(build(child) for child in net[1:]))
    if name == "repeat":
        return stax.repeat(build(net[1]), net[2])
    return getattr(stax, name)(**arguments(name, net[1] if len(net) > 1 else {}))
