"""The GPU beside the CPU of its machine; left out where there is none.

The figures of the card itself, with its ceilings, are in ``bench/cuda``.
"""

from importlib import import_module

import fastntk
from bench.data import spread_rows
from bench.nets import build
from bench.suite.measure import ratio
from fastntk import stax


class Cuda:
    """A symmetric NTK Gram matrix, copied back to the host."""

    params = ((20, 784), ("float64", "float32"))
    param_names = ("d", "dtype")

    def setup(self, d: int, dtype: str) -> None:
        """Make the inputs, and compile."""
        try:
            why = import_module("fastntk.backends.cuda.backend").why_unusable()
        except (ImportError, AttributeError) as error:
            raise NotImplementedError("no CUDA backend") from error
        if why:
            raise NotImplementedError(why)
        self.net, self.x = build(stax, "relu-3", d), spread_rows(10_000, d, dtype)
        fastntk.gram(self.net, self.x, backend="cuda")

    def time_gram(self, d: int, dtype: str) -> None:
        """Into fresh memory of the host."""
        fastntk.gram(self.net, self.x, backend="cuda")

    def track_times_faster(self, d: int, dtype: str) -> float:
        """Time of the CPU over that of the GPU."""
        return ratio(
            lambda: fastntk.gram(self.net, self.x, backend="cpu"),
            lambda: fastntk.gram(self.net, self.x, backend="cuda"),
            repeats=3,
        )

    track_times_faster.unit = "x"  # type: ignore[attr-defined]
