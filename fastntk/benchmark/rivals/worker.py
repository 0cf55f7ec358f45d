"""Compute kernels with another library; run by that library's own Python.

``python -I worker.py LIBRARY [--x64]`` answers one JSON object for every line of
JSON it reads. It needs the library and NumPy, and imports nothing of fastntk:

- ``versions``: of the packages that matter;
- ``prepare``: load rows, describe the network;
- ``time``: one run of a case (``gram``, ``rectangular``, ``streamed product``);
- ``rest``: give the memory back that the process has kept;
- ``memory``: a run, and the peak resident memory of this process during it;
- ``save``: the Gram matrix as .npy.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import re
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any, TextIO

import numpy as np

Step = Callable[[Any, Any, Any], Any]
PACKAGES = ("neural-tangents", "jax", "jaxlib", "scikit-ntk", "numpy", "scipy")


class UnableError(Exception):
    """What this library can't compute, in words."""


# --- neural-tangents ------------------------------------------------------------------


def build(stax: Any, layer: dict[str, Any]) -> Any:
    """Return the network that a dictionary of fastntk's JSON describes."""
    arguments = {key: value for key, value in layer.items() if key != "layer"}
    name = layer["layer"]
    if "layers" in arguments:
        inner = [build(stax, part) for part in arguments["layers"]]
        return {"Serial": stax.serial, "Parallel": stax.parallel}[name](*inner)
    if "s" in arguments:
        arguments["s"] = tuple(arguments["s"])
    if not hasattr(stax, name):
        raise UnableError(f"neural-tangents has no layer {name}")
    try:
        return getattr(stax, name)(**arguments)
    except TypeError as error:
        raise UnableError(f"neural-tangents' {name}: {error}") from None


class NeuralTangents:
    """Every case as one jit-compiled function that is waited for."""

    def __init__(self, problem: dict[str, Any]) -> None:
        import jax
        from neural_tangents import stax

        kernel_fn = build(stax, problem["net"])[2]
        get, put = problem["get"], jax.device_put
        x, other, columns = (put(problem[k]) for k in ("x", "other", "columns"))
        whole = jax.jit(lambda rows: kernel_fn(rows, None, get))
        cross = jax.jit(lambda rows, cols: kernel_fn(rows, cols, get))
        product = jax.jit(lambda rows, v: kernel_fn(rows, None, get) @ v)
        self.cases: dict[str, Callable[[], Any]] = {
            "gram": lambda: whole(x).block_until_ready(),
            "rectangular": lambda: cross(x, other).block_until_ready(),
            "streamed product": lambda: product(x, columns).block_until_ready(),
        }


# --- scikit-ntk -----------------------------------------------------------------------


class ScikitNtk:
    """Its own function: ReLU, a bias in the tangent alone."""

    def __init__(self, problem: dict[str, Any]) -> None:
        from skntk import NeuralTangentKernel

        kernel = NeuralTangentKernel(depth=problem["depth"], bias=1.0)
        x, other, columns = (problem[k] for k in ("x", "other", "columns"))
        self.cases = {
            "gram": lambda: kernel(x),
            "rectangular": lambda: kernel(x, other),
            "streamed product": lambda: kernel(x) @ columns,
        }


# --- NumPy ----------------------------------------------------------------------------


def two_slopes(a: float, b: float) -> Step:
    """Return the step of a min(u, 0) + b max(u, 0)."""
    bend, even = (b - a) ** 2 / (2.0 * math.pi), a * b

    def step(s: Any, q1: Any, q2: Any) -> Any:
        r = np.sqrt(np.outer(q1, q2))
        angle = np.arccos(np.clip(s / r, -1.0, 1.0))
        far = math.pi - angle
        value = bend * (np.sin(angle) + far * np.cos(angle)) * r + even * s
        share = (a * a + b * b) / 2.0
        return value, bend * far + even, share * q1, share * q2

    return step


def erf(a: float, b: float, c: float) -> Step:
    """Return the step of a erf(b u) + c."""

    def step(s: Any, q1: Any, q2: Any) -> Any:
        p1, p2 = 1.0 + 2.0 * b * b * q1, 1.0 + 2.0 * b * b * q2
        both, cross = np.outer(p1, p2), 2.0 * b * b * s
        value = a * a * 2.0 / math.pi * np.arcsin(cross / np.sqrt(both)) + c * c
        slope = a * a * b * b * 4.0 / math.pi / np.sqrt(both - cross**2)
        ends = [a * a * 2 / math.pi * np.arcsin((p - 1) / p) + c * c for p in (p1, p2)]
        return value, slope, *ends

    return step


def sine(a: float, b: float, c: float) -> Step:
    """Return the step of a sin(b u + c)."""
    turn = math.cos(2.0 * c)

    def step(s: Any, q1: Any, q2: Any) -> Any:
        decay = np.exp(-0.5 * b * b * np.add.outer(q1, q2))
        up, down = np.exp(b * b * s), turn * np.exp(-b * b * s)
        half = a * a / 2.0
        ends = [half * (1.0 - turn * np.exp(-2.0 * b * b * q)) for q in (q1, q2)]
        return half * decay * (up - down), half * b * b * decay * (up + down), *ends

    return step


STEPS: dict[str, Callable[..., Step]] = {
    "Relu": lambda: two_slopes(0.0, 1.0),
    "LeakyRelu": lambda alpha: two_slopes(alpha, 1.0),
    "ABRelu": two_slopes,
    "Abs": lambda: two_slopes(-1.0, 1.0),
    "Erf": erf,
    "Sin": sine,
}


def numpy_kernel(layers: list[dict[str, Any]], x1: Any, x2: Any, get: str) -> Any:
    """Return the kernel by the textbook recursion, in whole arrays."""
    d = x1.shape[1]
    s, q1, q2 = x1 @ x2.T / d, (x1**2).sum(1) / d, (x2**2).sum(1) / d
    tangent = np.zeros_like(s)
    for layer in layers:
        arguments = {key: value for key, value in layer.items() if key != "layer"}
        if layer["layer"] == "Dense":
            w, b = layer["W_std"] ** 2, (layer["b_std"] or 0.0) ** 2
            s, q1, q2 = w * s + b, w * q1 + b, w * q2 + b
            tangent = s + w * tangent
        else:
            s, slope, q1, q2 = STEPS[layer["layer"]](**arguments)(s, q1, q2)
            tangent = tangent * slope
    return np.ascontiguousarray(s if get == "nngp" else tangent)


class Numpy:
    """What one writes with NumPy alone: the recursion, in whole arrays."""

    def __init__(self, problem: dict[str, Any]) -> None:
        net = problem["net"]
        layers = net["layers"] if net["layer"] == "Serial" else [net]
        for layer in layers:
            name = layer["layer"]
            if name != "Dense" and name not in STEPS:
                raise UnableError(f"the plain NumPy version has no {name}")
            if layer.get("parameterization", "ntk") != "ntk":
                words = "the plain NumPy version has no standard parameterization"
                raise UnableError(words)
        x, other, columns = (problem[k] for k in ("x", "other", "columns"))
        get = problem["get"]
        self.cases = {
            "gram": lambda: numpy_kernel(layers, x, x, get),
            "rectangular": lambda: numpy_kernel(layers, x, other, get),
            "streamed product": lambda: numpy_kernel(layers, x, x, get) @ columns,
        }


# --- requests -------------------------------------------------------------------------

LIBRARIES: dict[str, Any] = {
    "neural-tangents": NeuralTangents,
    "scikit-ntk": ScikitNtk,
    "numpy": Numpy,
}


class Worker:
    """Holds the prepared cases between requests."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.prepared: Any = None

    def versions(self) -> dict[str, Any]:
        """Return the versions of the packages that are there."""
        found = {}
        for name in PACKAGES:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return {"python": sys.version.split()[0], "packages": found}

    def prepare(
        self, net: Any, x: str, other: str, columns: str, get: str, depth: int | None
    ) -> dict[str, Any]:
        """Load the rows and describe the network; nothing is computed yet."""
        problem: dict[str, Any] = {"net": net, "get": get, "depth": depth}
        problem.update(x=np.load(x), other=np.load(other), columns=np.load(columns))
        self.prepared = LIBRARIES[self.library](problem)
        return {}

    def time(self, case: str) -> dict[str, Any]:
        """Time one run."""
        start = time.perf_counter()
        result = self.prepared.cases[case]()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "dtype": str(result.dtype)}

    def rest(self) -> dict[str, Any]:
        """Give memory back to the system, where there is glibc."""
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)
        return {}

    def memory(self, case: str) -> dict[str, Any]:
        """Run once; return the peak of resident memory meanwhile, and the rise."""
        self.rest()
        before = reset_peak()
        result = self.prepared.cases[case]()
        peak = status("VmHWM")
        grown = None if before is None or peak is None else peak - before
        return {"peak": peak, "grown": grown, "result": int(result.nbytes)}

    def save(self, case: str, to: str) -> dict[str, Any]:
        """Write a result for comparison."""
        np.save(to, np.asarray(self.prepared.cases[case]()))
        return {}


def status(name: str) -> int | None:
    """Return a figure of /proc/self/status in bytes, or None."""
    try:
        with open("/proc/self/status") as lines:
            found = re.search(rf"^{name}:\s*(\d+)", lines.read(), re.MULTILINE)
    except OSError:
        return None
    return 1024 * int(found.group(1)) if found else None


def reset_peak() -> int | None:
    """Start the high-water mark anew; return the resident size, or None."""
    try:
        with open("/proc/self/clear_refs", "w") as mark:
            mark.write("5")
    except OSError:
        return None
    return status("VmRSS")


def claim_stdout() -> TextIO:
    """Return the real standard output and send what libraries print to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def main() -> None:
    """Answer requests until standard input closes."""
    answers = claim_stdout()
    if "--x64" in sys.argv[2:]:
        import jax

        jax.config.update("jax_enable_x64", True)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except UnableError as error:
            answer = {"unable": str(error)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
