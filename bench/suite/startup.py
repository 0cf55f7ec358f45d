"""Import time, and compile time from an empty cache, each in new processes."""

import os
import subprocess
import sys
import tempfile
from statistics import median

TIMED_IMPORT = (
    "import time; start = time.perf_counter(); import {0}; "
    "print(time.perf_counter() - start)"
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


def printed_seconds(program: str, **variables: str) -> float:
    """Run a program in a new process and return the number that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        cwd=tempfile.gettempdir(),
        env={**os.environ, **variables},
        text=True,
    )
    return float(done.stdout)


def track_import_ratio() -> float:
    """Return the time of ``import fastntk`` over that of ``import numpy``."""
    ours, numpy = [], []
    for _ in range(15):
        ours.append(printed_seconds(TIMED_IMPORT.format("fastntk")))
        numpy.append(printed_seconds(TIMED_IMPORT.format("numpy")))
    return median(ours) / median(numpy)


track_import_ratio.unit = "x"  # type: ignore[attr-defined]


def track_compile_seconds(activation: str) -> float:
    """Return the time of a first Gram matrix with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        return printed_seconds(TIMED_GRAM.format(activation), NUMBA_CACHE_DIR=empty)


track_compile_seconds.params = ("Relu", "Erf")  # type: ignore[attr-defined]
track_compile_seconds.param_names = ("activation",)  # type: ignore[attr-defined]
track_compile_seconds.unit = "s"  # type: ignore[attr-defined]


def track_load_seconds(activation: str) -> float:
    """Return the time of a first Gram matrix when the cache is full."""
    with tempfile.TemporaryDirectory() as full:
        program = TIMED_GRAM.format(activation)
        return [printed_seconds(program, NUMBA_CACHE_DIR=full) for _ in range(2)][1]


track_load_seconds.params = ("Relu", "Erf")  # type: ignore[attr-defined]
track_load_seconds.param_names = ("activation",)  # type: ignore[attr-defined]
track_load_seconds.unit = "s"  # type: ignore[attr-defined]
