"""Walk a nested-list network over any state that knows the layers one by one."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol

# Activations that the stored networks name as Python functions.
NAMED_FUNCTIONS = {"erf": "Erf", "cos": "Cos", "exp": "Exp"}
# Layers that mix the positions of a sequence.
SPATIAL = frozenset(
    "Aggregate Index GlobalAvgPool GlobalSumPool Flatten DotGeneral".split()
)


class State(Protocol):
    """Covariances at one depth; every layer returns a new state."""

    width: float

    def dense(self, w: float, b: float | None, width_in: float | None) -> "State": ...

    def activation(self, name: str, params: dict[str, Any]) -> "State": ...

    def add(self, other: "State") -> "State": ...

    def multiply(self, other: "State") -> "State": ...

    def scale(self, factor: Fraction) -> "State": ...

    def layer_norm(self, eps: float) -> "State": ...

    def dropout(self, rate: float) -> "State": ...

    def spatial(self, name: str, params: dict[str, Any]) -> "State": ...


Branches = list[Any]


def walk(net: Sequence[Any], state: Any) -> Any:
    """Apply ``net`` to a state, or to a list of states between FanOut and a fan-in."""
    name = net[0]
    if name == "serial":
        for layer in net[1:]:
            state = walk(layer, state)
        return state
    if name == "repeat":
        for _ in range(net[2]):
            state = walk(net[1], state)
        return state
    if name == "parallel":
        branches: Branches = state
        return [walk(n, s) for n, s in zip(net[1:], branches, strict=True)]
    return _layer(name, net[1] if len(net) > 1 else {}, state)


def _layer(name: str, params: dict[str, Any], state: Any) -> Any:
    special = SPECIAL.get(name)
    if special is not None:
        return special(params, state)
    if name in SPATIAL:
        return state.spatial(name, params)
    return state.activation(name, params)


def _dense(params: dict[str, Any], state: Any) -> Any:
    # In the standard parameterization the fan-in multiplies the tangent kernel;
    # the multipliers s cancel between a layer and the one before it.
    standard = params.get("parameterization", "ntk") == "standard"
    before, after = params.get("s", (1, 1))
    width_in = state.width / before if standard else None
    new = state.dense(params.get("W_std", 1.0), params.get("b_std"), width_in)
    new.width = params["out_dim"] * (after if standard else 1)
    return new


def _fan_in_sum(params: dict[str, Any], branches: Branches) -> Any:
    total = branches[0]
    for branch in branches[1:]:
        total = total.add(branch)
    return total


def _fan_in_prod(params: dict[str, Any], branches: Branches) -> Any:
    total = branches[0]
    for branch in branches[1:]:
        total = total.multiply(branch)
    return total


def _fan_in_concat(params: dict[str, Any], branches: Branches) -> Any:
    """Concatenate channels: an average weighted by the widths."""
    width = sum(Fraction(branch.width) for branch in branches)
    parts = [branch.scale(Fraction(branch.width) / width) for branch in branches]
    total = _fan_in_sum({}, parts)
    total.width = width
    return total


def _dropout(params: dict[str, Any], state: Any) -> Any:
    """The rate is that of keeping: a kept unit is divided by it."""
    if params.get("mode", "train") == "test":
        return state
    return state.dropout(params["rate"])


def _elementwise(params: dict[str, Any], state: Any) -> Any:
    return state.activation(NAMED_FUNCTIONS[params["nngp_fn"]], {})


SPECIAL: dict[str, Any] = {
    "Dense": _dense,
    "Identity": lambda params, state: state,
    "FanOut": lambda params, state: [state] * int(params["num"]),
    "FanInSum": _fan_in_sum,
    "FanInProd": _fan_in_prod,
    "FanInConcat": _fan_in_concat,
    "LayerNorm": lambda params, state: state.layer_norm(params.get("eps", 1e-12)),
    "Dropout": _dropout,
    "Elementwise": _elementwise,
}
