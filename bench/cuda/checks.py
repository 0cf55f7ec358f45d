"""Is it right on this card: both backends against each other, and the sanitizer."""

import shutil
import subprocess
import sys
import time
import warnings
from typing import Any

import numpy as np

import fastntk
from tests.networks import build
from tests.test_cuda.nets import NETS, rows
from tests.tolerances import relative_error, tolerance

__all__ = ["check_networks", "check_streaming", "sanitized"]

BOTH = ("nngp", "ntk")
FIRST = ("relu", "erf", "gelu", "steep-erf", "polynomial")


def random_rows(n: int, d: int, dtype: Any, seed: int) -> np.ndarray:
    """Return Gaussian rows with norms spread fourfold, duplicates and near pairs."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d)) * np.exp(rng.uniform(0, np.log(4), (n, 1)))
    x[n // 2] = x[1]
    x[n // 3] = -2 * x[2]
    x[n // 4] = x[3] + 1e-7 * rng.standard_normal(d)
    return x.astype(dtype)


def check_networks(seed: int, seconds: float) -> list[dict[str, Any]]:
    """Compare the backends on every op, in both dtypes, d small and large.

    Most of the time goes into compiling. What there is no time for is left to
    ``pytest -m gpu``, and to the next run, which finds the kernels compiled.
    """
    found: list[dict[str, Any]] = []
    stop = time.monotonic() + seconds
    for name in sorted(NETS, key=lambda name: (name not in FIRST, name)):
        net = build(NETS[name])
        for dtype in ("float64", "float32"):
            if found and time.monotonic() > stop:
                return found
            inputs = [rows(dtype), random_rows(333, 7, dtype, seed)]
            inputs.append(random_rows(150, 200, dtype, seed))
            worst = 0.0
            for x in inputs:
                for y in (None, x[:70]):
                    worst = max(worst, _worst(net, x, y, dtype))
            found.append({"net": name, "dtype": dtype, "share_of_promise": worst})
    return found


def _worst(net: Any, x: np.ndarray, y: Any, dtype: str) -> float:
    """Return the largest difference of the backends as a share of what is promised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cpu = fastntk.gram(net, x, y, BOTH, dtype=dtype, backend="cpu")
        gpu = fastntk.gram(net, x, y, BOTH, dtype=dtype, backend="cuda")
        worst = 0.0
        for name, a, b in zip(BOTH, cpu, gpu, strict=True):
            sides = [fastntk.diagonal(net, z, name) for z in (x, x if y is None else y)]
            worst = max(worst, relative_error(b, a, *sides) / tolerance(name, dtype))
    return worst


def check_streaming() -> dict[str, Any]:
    """Compare a host result of many tiles with the CPU's, and tiles with the whole."""
    net = build(NETS["relu"])
    x = random_rows(3000, 40, np.float32, 5)
    out = np.full((3000, 3000), np.nan, np.float32)
    fastntk.gram(net, x, backend="cuda", out=out)
    known = fastntk.gram(net, x, backend="cpu")
    sides = fastntk.diagonal(net, x)
    error = relative_error(out, known, sides, sides)
    a = fastntk.operator(net, x, backend="cuda")
    v = np.random.default_rng(2).standard_normal((3000, 16))
    product = float(np.abs(a @ v - known @ v).max() / np.abs(known @ v).max())
    return {
        "share_of_promise": error / tolerance("ntk", "float32"),
        "product_error": product,
        "is_symmetric": bool((out == out.T).all()),
    }


SMALL = """
import numpy as np, fastntk
from tests.networks import build
from tests.test_cuda.nets import NETS, rows
for name in ("relu", "gelu", "polynomial", "steep-erf"):
    for d in (5, 80):
        fastntk.gram(build(NETS[name]), rows(np.float32, 70, d), backend="cuda")
"""


def sanitized(seconds: float) -> dict[str, str]:
    """Run small problems under compute-sanitizer, where it is."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return {"compute-sanitizer": "not found"}
    found = {}
    quiet = ["--report-api-errors", "no"]  # libraries ask for what may not be there
    for name, options in (("memcheck", quiet), ("racecheck", [])):
        command = [tool, "--tool", name, *options, "--error-exitcode", "9"]
        try:
            result = subprocess.run(
                [*command, sys.executable, "-c", SMALL],
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            found[name] = "took too long"
            continue
        lines = [
            x
            for x in result.stdout.splitlines()
            if "ERROR SUMMARY" in x or "hazard" in x
        ]
        words = (lines or [f"exit {result.returncode}"])[-1].strip("= ")
        found[name] = words if result.returncode == 0 else f"FAILED: {words}"
    return found
