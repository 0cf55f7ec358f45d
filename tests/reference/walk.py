"""Walk a nested-list network over any state that knows the layers one by one."""

from collections.abc import Sequence
from typing import Any, Protocol


class State(Protocol):
    """Covariances at one depth; every layer returns a new state."""

    width: float

    def dense(self, w: float, b: float | None, width_in: float | None) -> "State": ...

    def activation(self, name: str, params: dict[str, float]) -> "State": ...

    def add(self, other: "State") -> "State": ...


Branches = list[Any]


def walk(net: Sequence[Any], state: Any) -> Any:
    """Apply ``net`` to a state, or to a list of states between FanOut and FanInSum."""
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
    if name == "FanOut":
        return [state] * int(params["num"])
    if name == "FanInSum":
        total = state[0]
        for branch in state[1:]:
            total = total.add(branch)
        return total
    if name == "Identity":
        return state
    if name == "Dense":
        return _dense(params, state)
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
