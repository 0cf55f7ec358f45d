"""Import time, compile time, time to a first result: each in new processes."""

import tempfile
import time
from statistics import median

from bench.suite.measure import printed

TIMED_IMPORT = (
    "import time; start = time.perf_counter(); import {0}; "
    "print(time.perf_counter() - start)"
)
HEAVY = (
    "import sys, fastntk; from fastntk import stax; "
    "print(sum(m in sys.modules for m in ('numba', 'llvmlite', 'scipy', 'sklearn')))"
)
TIMED_GRAM = """
import time
import numpy as np
import fastntk
from fastntk import stax
net = stax.serial(stax.Dense(512, 1.5, 0.1), stax.{0}(), stax.Dense(1, 1.5, 0.1))
x = np.random.default_rng(0).standard_normal((500, 20))
start = time.perf_counter()
fastntk.gram(net, x)
print(time.perf_counter() - start)
"""
ACTIVATIONS = ("Relu", "Erf", "Gelu")


def track_import_ratio() -> float:
    """Return the time of ``import fastntk`` over that of ``import numpy``."""
    ours, numpy = [], []
    for _ in range(15):
        ours.append(printed(TIMED_IMPORT.format("fastntk")))
        numpy.append(printed(TIMED_IMPORT.format("numpy")))
    return median(ours) / median(numpy)


def track_import_ms() -> float:
    """Return the time of ``import fastntk``."""
    return 1e3 * median(printed(TIMED_IMPORT.format("fastntk")) for _ in range(9))


def track_heavy_modules() -> float:
    """Count the heavy packages that ``from fastntk import stax`` loads; 0 is asked."""
    return printed(HEAVY)


def track_compile_seconds(activation: str) -> float:
    """Return the time of a first Gram matrix with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        return printed(TIMED_GRAM.format(activation), NUMBA_CACHE_DIR=empty)


def track_load_seconds(activation: str) -> float:
    """Return the time of a first Gram matrix when the cache is full."""
    program = TIMED_GRAM.format(activation)
    with tempfile.TemporaryDirectory() as full:
        printed(program, NUMBA_CACHE_DIR=full)
        return min(printed(program, NUMBA_CACHE_DIR=full) for _ in range(3))


def track_process_seconds() -> float:
    """Return seconds from starting Python to a 500 x 500 matrix, caches warm."""
    program = TIMED_GRAM.format("Relu")
    with tempfile.TemporaryDirectory() as full:
        printed(program, NUMBA_CACHE_DIR=full)
        spent = []
        for _ in range(3):
            start = time.perf_counter()
            printed(program, NUMBA_CACHE_DIR=full)
            spent.append(time.perf_counter() - start)
    return min(spent)


for _track in (track_compile_seconds, track_load_seconds):
    _track.params = ACTIVATIONS  # type: ignore[attr-defined]
    _track.param_names = ("activation",)  # type: ignore[attr-defined]
for _track in (track_compile_seconds, track_load_seconds):
    _track.unit = "s"  # type: ignore[attr-defined]
track_process_seconds.unit = "s"  # type: ignore[attr-defined]
track_import_ratio.unit = "x"  # type: ignore[attr-defined]
track_import_ms.unit = "ms"  # type: ignore[attr-defined]
track_heavy_modules.unit = "packages"  # type: ignore[attr-defined]
