"""The sources that are compiled for CPUs, and their hash."""

import functools
import hashlib
from pathlib import Path

__all__ = ["compiled_sources", "kernel_hash", "source_hash"]

_ROOT = Path(__file__).parents[1]


def kernel_sources() -> list[Path]:
    """Return the files of all that kernels are compiled from for CPUs."""
    kernels = [
        path
        for path in sorted((_ROOT / "kernels").rglob("*.py"))
        if "cuda" not in path.relative_to(_ROOT).parts
    ]
    return [*sorted((_ROOT / "_jit").rglob("*.py")), *kernels]


def compiled_sources() -> list[Path]:
    """Return the files of all functions that are compiled for CPUs."""
    return [*kernel_sources(), _ROOT / "benchmark" / "loops.py"]


@functools.cache
def source_hash() -> str:
    """Return a hash of every source compiled for CPUs; Numba's cache misses callees."""
    return _hash(compiled_sources())


@functools.cache
def kernel_hash() -> str:
    """Return a hash of what decides on the numbers of kernels."""
    return _hash(kernel_sources())


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
