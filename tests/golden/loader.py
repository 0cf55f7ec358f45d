"""Load the stored cases, and say which of them wait for layers still to come."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
GROUPS = ("fc_activations", "fc_structure", "fc_highprec")
CONTAINERS = ("serial", "parallel")

# Stored values that are further from multiple precision than their stated noise:
# the tangent kernel of one nearly parallel pair, 50 layers deep.
REFERENCE_ERROR = {("deep_Relu_d50_x2", "ntk"): 2e-9}


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
        kernel_kwargs=raw.get("kernel_kwargs", {}),
    )


def split(group: str, known: set[str]) -> tuple[list[Case], Counter[str]]:
    """Return the cases whose layers all exist, and a count of what the rest lack."""
    ready: list[Case] = []
    missing: Counter[str] = Counter()
    for case in load(group):
        absent = layers(case.net) - known
        if not absent and not case.kernel_kwargs and case.x1.ndim == 2:
            ready.append(case)
        else:
            missing["+".join(sorted(absent)) or "spatial inputs"] += 1
    return ready, missing
