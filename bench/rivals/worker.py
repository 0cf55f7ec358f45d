"""Compute kernels with a rival library; run inside the rivals' environment.

``python worker.py [--x64]`` reads one JSON request a line from standard input and
answers one JSON object a line: ``versions``, ``prepare`` (load the rows, compile, run
once), ``time`` (one warm run), ``save`` (the result as .npy). The
parent decides when each run happens, so that libraries can take turns.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any, TextIO

import numpy as np

from bench import nets

PACKAGES = ("neural-tangents", "jax", "jaxlib", "scikit-ntk", "numpy", "scipy")
Run = Callable[[], Any]


def neural_tangents_run(net: str, x: Any, get: str) -> Run:
    """Return a jit-compiled symmetric Gram that waits for its result."""
    import jax
    from neural_tangents import stax

    kernel_fn = nets.build(stax, net, x.shape[1])[2]
    compiled = jax.jit(lambda rows: kernel_fn(rows, None, get))
    rows = jax.device_put(x)
    return lambda: compiled(rows).block_until_ready()


def scikit_ntk_run(net: str, x: Any, get: str) -> Run:
    """Return scikit-ntk's kernel call; its depth is in the net's name."""
    from skntk import NeuralTangentKernel

    if get != "ntk" or not net.startswith("jacot-"):
        msg = f"scikit-ntk computes the ntk of jacot nets, not {get} of {net}"
        raise ValueError(msg)
    kernel = NeuralTangentKernel(depth=int(net.split("-")[1]), bias=1.0)
    return lambda: kernel(x)


LIBRARIES: dict[str, Callable[[str, Any, str], Run]] = {
    "neural-tangents": neural_tangents_run,
    "scikit-ntk": scikit_ntk_run,
}


def timed(run: Run) -> tuple[float, Any]:
    """Return seconds and result of one call."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


class Worker:
    """Holds the prepared run between requests."""

    def __init__(self) -> None:
        self._run: Run | None = None

    def versions(self) -> dict[str, Any]:
        """Return the versions of the packages that matter."""
        return {name: metadata.version(name) for name in PACKAGES}

    def prepare(self, library: str, net: str, x: str, get: str) -> dict[str, Any]:
        """Load the rows, compile, run once; say how long that first run took."""
        self._run = LIBRARIES[library](net, np.load(x), get)
        seconds, result = timed(self._run)
        return {"first_s": seconds, "dtype": str(result.dtype), "cpus": cpus()}

    def time(self) -> dict[str, Any]:
        """Time one warm run."""
        return {"seconds": timed(self._need_run())[0]}

    def save(self, to: str) -> dict[str, Any]:
        """Write the kernel matrix to ``to`` for comparison."""
        np.save(to, np.asarray(self._need_run()()))
        return {}

    def _need_run(self) -> Run:
        if self._run is None:
            msg = "prepare comes first"
            raise ValueError(msg)
        return self._run


def cpus() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0))


def claim_stdout() -> TextIO:
    """Return the real standard output and send what libraries print to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def main() -> None:
    """Answer requests until standard input closes."""
    answers = claim_stdout()
    if "--x64" in sys.argv[1:]:
        import jax

        jax.config.update("jax_enable_x64", True)
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
