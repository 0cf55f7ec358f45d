"""The sources that are compiled for CPUs, and their hash."""

import functools
import hashlib
from pathlib import Path

__all__ = ["compiled_sources", "source_hash"]

_ROOT = Path(__file__).parents[1]


def compiled_sources() -> list[Path]:
    """Return the files of all functions that are compiled for CPUs."""
    kernels = [
        path
        for path in sorted((_ROOT / "kernels").rglob("*.py"))
        if "cuda" not in path.relative_to(_ROOT).parts
    ]
    ours = sorted((_ROOT / "_jit").rglob("*.py"))
    return [*ours, _ROOT / "benchmark" / "loops.py", *kernels]


@functools.cache
def source_hash() -> str:
    """Return a hash of every source compiled for CPUs; Numba's cache misses callees."""
    digest = hashlib.sha256()
    for path in compiled_sources():
        digest.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
