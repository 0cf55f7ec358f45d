"""Load the stored cases, and turn what JSON holds into arguments of the layers."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

FOLDER = Path(__file__).parent
GROUPS = ("fc_activations", "fc_structure", "fc_highprec")
CONTAINERS = ("serial", "parallel")

# Stored values that are further from multiple precision than their stated noise, at
# nearly parallel pairs: of a deep network, and of a layer that is NaN where they are
# exactly parallel.
REFERENCE_ERROR = {
    ("deep_Relu_d50_x2", "ntk"): 2e-9,
    ("RectifiedMonomial_special_1", "ntk"): 5e-7,
}
# Their stored values are as good as a quadrature of neural-tangents.
NUMERICAL = "ElementwiseNumerical"


@dataclass(frozen=True)
class Case:
    """One network, its inputs and the expected kernels."""

    group: str
    name: str
    net: list[Any]
    x1: np.ndarray
    x2: np.ndarray | None
    expect: dict[str, np.ndarray]
    noise: dict[str, float] = field(default_factory=dict)
    kernel_kwargs: dict[str, Any] = field(default_factory=dict)
    nonfinite: tuple[str, ...] = ()  # outputs that hold NaN or infinities
    quadrature_error: dict[str, float] = field(default_factory=dict)

    @property
    def is_sequence(self) -> bool:
        return self.x1.ndim == 3

    def allowed_noise(self, get: str) -> float:
        """Return ten times the noise of neural-tangents itself, if it is known."""
        if not self.noise:
            return 0.0
        return 10 * self.noise.get(get, max(self.noise.values()))


def layers(net: list[Any]) -> set[str]:
    """Return the names of the layers of a nested list."""
    if net[0] in CONTAINERS:
        return set().union(*(layers(child) for child in net[1:]))
    return layers(net[1]) if net[0] == "repeat" else {net[0]}


@cache
def load(group: str) -> tuple[Case, ...]:
    """Load every case of a group."""
    text = (FOLDER / f"{group}.json").read_text(encoding="utf-8")
    with np.load(FOLDER / f"{group}.npz", allow_pickle=False) as arrays:
        return tuple(_case(group, raw, arrays) for raw in json.loads(text)["cases"])


def _case(group: str, raw: dict[str, Any], arrays: Any) -> Case:
    return Case(
        group=group,
        name=raw["name"],
        net=raw["net"],
        x1=arrays[raw["x1"]],
        x2=None if raw["x2"] is None else arrays[raw["x2"]],
        expect={key: arrays[name] for key, name in raw["expect"].items()},
        noise=raw.get("nt_noise", {}),
        kernel_kwargs=_kernel_kwargs(raw.get("kernel_kwargs", {}), arrays),
        nonfinite=tuple(raw.get("nonfinite", ())),
        quadrature_error=raw.get("quad_err", {}),
    )


def _kernel_kwargs(raw: dict[str, Any], arrays: Any) -> dict[str, Any]:
    return {name: tuple(arrays[key] for key in keys) for name, keys in raw.items()}


def split(group: str, known: set[str]) -> tuple[list[Case], Counter[str]]:
    """Return the cases whose layers all exist, and a count of what the rest lack."""
    ready: list[Case] = []
    missing: Counter[str] = Counter()
    for case in load(group):
        absent = layers(case.net) - known
        if absent:
            missing["+".join(sorted(absent))] += 1
        else:
            ready.append(case)
    return ready, missing


def _erf_dual(cov12: Any, var1: Any, var2: Any) -> Any:
    product = (1 + 2 * var1) * (1 + 2 * var2)
    return np.arcsin(2 * cov12 / np.sqrt(product)) * 2 / np.pi


def _cos_dual(cov12: Any, var1: Any, var2: Any) -> Any:
    return np.exp(-(var1 + var2) / 2) * np.cosh(cov12)


def _exp_dual(cov12: Any, var1: Any, var2: Any) -> Any:
    return np.exp((var1 + var2) / 2 + cov12)


DUAL_FUNCTIONS = {"erf": _erf_dual, "cos": _cos_dual, "exp": _exp_dual}
FUNCTIONS = {"erf": special.erf, "cos": np.cos, "exp": np.exp}
ACTIVATIONS = {
    "tanh": np.tanh,
    "softplus": lambda u: np.logaddexp(0, u),
    "swish": lambda u: u * special.expit(u),
    "gelu_tanh": lambda u: (
        u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3))) / 2
    ),
}


def arguments(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of a layer from what JSON holds of them."""
    new = {key: _tuples(value) for key, value in params.items()}
    if name == "Elementwise":
        new["fn"] = FUNCTIONS[params["fn"]]
        new["nngp_fn"] = DUAL_FUNCTIONS[params["nngp_fn"]]
    if name == NUMERICAL:
        new["fn"] = ACTIVATIONS[params["fn"]]
    if name == "Index":
        new["idx"] = tuple(_index(entry) for entry in params["idx"])
    if name == "DotGeneral":
        new |= {k: _array(params[k]) for k in ("lhs", "rhs") if k in params}
    return new


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _index(entry: Any) -> Any:
    if entry == "...":
        return Ellipsis
    return slice(*entry) if isinstance(entry, list) else entry


def _array(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value
