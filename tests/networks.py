"""Build networks for the tests as nested lists, and turn these into fastntk's own."""

from typing import Any

from fastntk import stax
from tests.golden.loader import CONTAINERS

Net = list[Any]

# Layers that the reference recursions know.
REFERENCE_LAYERS = frozenset(
    "Dense Relu LeakyRelu ABRelu Abs Sign Erf Identity FanOut FanInSum".split()
)

RELU: Net = ["Relu", {}]
LEAKY: Net = ["LeakyRelu", {"alpha": 0.1}]
ABS: Net = ["Abs", {}]
ERF: Net = ["Erf", {}]
SIGN: Net = ["Sign", {}]
ABRELU: Net = ["ABRelu", {"a": -0.4, "b": 1.1}]

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


def build(net: Net) -> Any:
    """Turn a nested list into a ``stax.Network``."""
    name = net[0]
    if name in CONTAINERS:
        return getattr(stax, name)(*(build(child) for child in net[1:]))
    if name == "repeat":
        return stax.repeat(build(net[1]), net[2])
    params = {k: _tuples(v) for k, v in (net[1] if len(net) > 1 else {}).items()}
    return getattr(stax, name)(**params)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def known_layers() -> set[str]:
    """Return the layers that both fastntk and the golden files name."""
    return {name for name in dir(stax) if hasattr(stax, name)}
