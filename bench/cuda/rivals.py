"""The same recursion in PyTorch and in JAX, fused by their compilers, on the card."""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.cuda.clock import median_seconds
from bench.cuda.recursion import ntk

__all__ = ["Missing", "measure_jax", "measure_torch"]

Measured = tuple[float, np.ndarray, str]
"""Median seconds, the kernel of some of the rows, and how it was compiled."""


class Missing(Exception):
    """A library that is not there, or does not see the card."""


def measure_torch(x: np.ndarray, some: np.ndarray, depth: int) -> Measured:
    """Time `torch.compile`, or PyTorch as it is where there is no compiler."""
    try:
        import torch
    except ImportError as error:
        raise Missing(f"PyTorch is not installed ({error})") from None
    if not torch.cuda.is_available():
        raise Missing(f"PyTorch {torch.__version__} does not see the card")
    torch.backends.cuda.matmul.allow_tf32 = False
    rows, places = torch.from_numpy(x).cuda(), torch.from_numpy(some).cuda()
    d = x.shape[1]

    def layers(products: Any, norms: Any) -> Any:
        return ntk(products, norms, d, depth, torch)

    def work(fused: Callable[..., Any]) -> Any:
        return fused(rows @ rows.T, (rows * rows).sum(1))

    with torch.no_grad():
        try:
            how, fused = "torch.compile", torch.compile(layers)
            found = work(fused)
        except Exception as error:  # there is no Triton, or no C compiler
            reason = (str(error).strip().splitlines() or [""])[0]
            how = f"not compiled ({type(error).__name__}: {reason})"
            fused = layers
            found = work(fused)
        torch.cuda.synchronize()
        corner = found[places][:, places].cpu().numpy()
        del found
        median, _ = median_seconds(lambda: work(fused))
    return median, corner, f"PyTorch {torch.__version__}, {how}"


def measure_jax(x: np.ndarray, some: np.ndarray, depth: int) -> Measured:
    """Time `jax.jit`, by a clock on the host: JAX has streams of its own."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    try:
        import jax
    except ImportError as error:
        raise Missing(f"JAX is not installed ({error})") from None
    if jax.default_backend() != "gpu":
        raise Missing(f"JAX {jax.__version__} does not see the card")
    jax.config.update("jax_default_matmul_precision", "highest")  # no TF32
    jnp = jax.numpy
    d = x.shape[1]

    fused = jax.jit(
        lambda rows: ntk(rows @ rows.T, (rows * rows).sum(1), d, depth, jnp)
    )
    rows = jax.device_put(x)
    corner = np.asarray(fused(rows)[some][:, some])
    times = []
    for _ in range(5):
        start = time.perf_counter()
        fused(rows).block_until_ready()
        times.append(time.perf_counter() - start)
    return statistics.median(times), corner, f"JAX {jax.__version__}, jax.jit"
