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
from bench.machine import cores
from bench.nets import BUILDERS, build, scikit_ntk_scale
from bench.rivals.client import DEFAULT_ENV, Rival
from bench.suite.measure import seconds
from fastntk import stax

# library, network, n, d, dtype: sizes at which one run of the rival takes a second
CASES = {
    "relu-3 d=784 float64": ("neural-tangents", "relu-3", 4_000, 784, "float64"),
    "relu-3 d=784 float32": ("neural-tangents", "relu-3", 4_000, 784, "float32"),
    "relu-3 d=20 float64": ("neural-tangents", "relu-3", 4_000, 20, "float64"),
    "relu-3 d=20 float32": ("neural-tangents", "relu-3", 4_000, 20, "float32"),
    "relu-10 d=20 float64": ("neural-tangents", "relu-10", 4_000, 20, "float64"),
    "relu-10 d=20 float32": ("neural-tangents", "relu-10", 4_000, 20, "float32"),
    "erf-3 d=784 float64": ("neural-tangents", "erf-3", 4_000, 784, "float64"),
    "erf-3 d=784 float32": ("neural-tangents", "erf-3", 4_000, 784, "float32"),
    "gelu-3 d=20 float64": ("neural-tangents", "gelu-3", 3_000, 20, "float64"),
    "sin-3 d=20 float64": ("neural-tangents", "sin-3", 3_000, 20, "float64"),
    "relu-10 d=20 equal norms float64": (
        "neural-tangents",
        "relu-10",
        4_000,
        20,
        "float64",
    ),
    "relu-10 d=20 equal norms float32": (
        "neural-tangents",
        "relu-10",
        4_000,
        20,
        "float32",
    ),
    "jacot-10 d=20 float64": ("scikit-ntk", "jacot-10", 4_000, 20, "float64"),
}


class Rivals:
    """Time of a rival over ours, with as many threads, and how far results agree."""

    params = tuple(CASES)
    param_names = ("case",)
    timeout = 300

    def setup(self, case: str) -> None:
        """Start the rival's process, and run both once."""
        env = Path(os.environ.get("FASTNTK_RIVALS", DEFAULT_ENV))
        library, name, n, d, dtype = CASES[case]
        if not (env / "bin" / "python").exists() or name not in BUILDERS:
            raise NotImplementedError(f"no {library} at {env}, or no net {name}")
        self.x, self.net = spread_rows(n, d, dtype), build(stax, name, d)
        if "equal norms" in case:
            self.x *= (d**0.5 / np.linalg.norm(self.x, axis=1, keepdims=True)).astype(
                dtype
            )
        self.rival = Rival(env, library, cores(), dtype == "float64")
        self.rival.prepare(name, self.x)
        self.scale = scikit_ntk_scale(10) if library == "scikit-ntk" else 1.0
        fastntk.gram(self.net, self.x)

    def teardown(self, case: str) -> None:
        """End the rival's process."""
        if hasattr(self, "rival"):
            self.rival.close()

    def track_times_faster(self, case: str) -> float:
        """Return the rival's best time over ours, in turns."""
        theirs, ours = [], []
        for _ in range(3):
            theirs.append(self.rival.seconds())
            ours += [seconds(lambda: fastntk.gram(self.net, self.x)) for _ in range(3)]
        return min(theirs) / min(ours)

    def track_deviation(self, case: str) -> float:
        """Return the largest difference relative to sqrt(K(x, x) K(y, y))."""
        ours = np.asarray(fastntk.gram(self.net, self.x))
        return deviation(ours, self.rival.result(), self.scale)

    track_times_faster.unit = "x"  # type: ignore[attr-defined]
    track_deviation.unit = "relative"  # type: ignore[attr-defined]
