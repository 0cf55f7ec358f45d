"""The same matrix by other libraries, in their own environment.

Left out where there is none: ``bench/rivals/make_env`` makes it, and ``FASTNTK_RIVALS``
names another folder.
"""

import os
from pathlib import Path

import numpy as np

import fastntk
from bench.data import spread_rows
from bench.figures.session import deviation
from bench.machine import available_cores
from bench.nets import BUILDERS, build, scikit_ntk_scale
from bench.rivals.client import DEFAULT_ENV, Rival
from bench.suite.measure import seconds
from fastntk import stax

# library, network, rows of the rival, rows of ours, d, dtype: a run takes a second
CASES = {
    "relu-3 d=784 float64": ("neural-tangents", "relu-3", 3_000, 3_000, 784, "float64"),
    "relu-3 d=784 float32": ("neural-tangents", "relu-3", 3_000, 3_000, 784, "float32"),
    "relu-3 d=20 float64": ("neural-tangents", "relu-3", 3_000, 3_000, 20, "float64"),
    "relu-3 d=20 float32": ("neural-tangents", "relu-3", 3_000, 3_000, 20, "float32"),
    "relu-10 d=20 float64": ("neural-tangents", "relu-10", 2_000, 2_000, 20, "float64"),
    "relu-10 d=20 float32": ("neural-tangents", "relu-10", 2_000, 2_000, 20, "float32"),
    "erf-3 d=784 float64": ("neural-tangents", "erf-3", 3_000, 3_000, 784, "float64"),
    "erf-3 d=784 float32": ("neural-tangents", "erf-3", 3_000, 3_000, 784, "float32"),
    "gelu-3 d=20 float64": ("neural-tangents", "gelu-3", 3_000, 3_000, 20, "float64"),
    "sin-3 d=20 float64": ("neural-tangents", "sin-3", 3_000, 3_000, 20, "float64"),
    "tanh-3 d=20 float64": ("neural-tangents", "tanh-3", 128, 3_000, 20, "float64"),
    "tanh-3 d=20 equal norms float64": (
        "neural-tangents",
        "tanh-3",
        128,
        3_000,
        20,
        "float64",
    ),
    "relu-10 d=20 equal norms float64": (
        "neural-tangents",
        "relu-10",
        2_000,
        4_000,
        20,
        "float64",
    ),
    "relu-10 d=20 equal norms float32": (
        "neural-tangents",
        "relu-10",
        2_000,
        4_000,
        20,
        "float32",
    ),
    "jacot-10 d=20 float64": ("scikit-ntk", "jacot-10", 2_000, 2_000, 20, "float64"),
}
ENVIRONMENT = Path(os.environ.get("FASTNTK_RIVALS", DEFAULT_ENV))


class Rivals:
    """Time of a rival per entry over ours, threads alike, and how far results agree.

    A process per library and dtype serves all of its cases, once for both metrics.
    """

    params = tuple(CASES)
    param_names = ("case",)

    def setup_cache(self) -> dict[str, tuple[float, float]]:
        """Return times faster and the largest deviation of every case."""
        found: dict[str, tuple[float, float]] = {}
        if not (ENVIRONMENT / "bin" / "python").exists():
            return found
        for kind in {(case[0], case[-1]) for case in CASES.values()}:
            with Rival(
                ENVIRONMENT, kind[0], available_cores(), kind[1] == "float64"
            ) as rival:
                for name, case in CASES.items():
                    if (case[0], case[-1]) == kind and case[1] in BUILDERS:
                        found[name] = _compare(rival, name)
        return found

    setup_cache.timeout = 600  # type: ignore[attr-defined]

    def setup(self, found: dict[str, tuple[float, float]], case: str) -> None:
        """Leave out what there is no rival for."""
        if case not in found:
            raise NotImplementedError(
                f"no {CASES[case][0]} at {ENVIRONMENT}, or no net"
            )

    def track_times_faster(
        self, found: dict[str, tuple[float, float]], case: str
    ) -> float:
        """Return the rival's best time per entry over ours, in turns."""
        return found[case][0]

    def track_deviation(
        self, found: dict[str, tuple[float, float]], case: str
    ) -> float:
        """Return the largest difference relative to sqrt(K(x, x) K(y, y))."""
        return found[case][1]

    track_times_faster.unit = "x"  # type: ignore[attr-defined]
    track_deviation.unit = "relative"  # type: ignore[attr-defined]


def _compare(rival: Rival, name: str) -> tuple[float, float]:
    library, network, few, many, d, dtype = CASES[name]
    net, x = build(stax, network, d), spread_rows(many, d, dtype)
    if "equal norms" in name:
        x *= (d**0.5 / np.linalg.norm(x, axis=1, keepdims=True)).astype(dtype)
    rival.prepare(network, x[:few])
    scale = scikit_ntk_scale(10) if library == "scikit-ntk" else 1.0
    apart = deviation(np.asarray(fastntk.gram(net, x[:few])), rival.result(), scale)
    fastntk.gram(net, x)
    theirs, ours = [], []
    for _ in range(3):
        theirs.append(rival.seconds() / few**2)
        ours += [seconds(lambda: fastntk.gram(net, x)) / many**2 for _ in range(3)]
    return min(theirs) / min(ours), apart
