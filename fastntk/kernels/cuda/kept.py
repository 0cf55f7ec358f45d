"""Kernels for GPUs in the cache of Numba's CUDA target, safe for several processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastntk._jit import cache_problem, file_lock, note_unwritable, warn_once

__all__ = ["keep"]


def keep(kernel: Any) -> None:
    """Let a kernel be saved where Numba finds it in later processes.

    Numba reads and writes the index of a function's files without a lock, and raises
    what the disk answers; here it has a lock, and a kernel that can't be saved runs all
    the same.
    """
    try:
        kernel.enable_caching()
    except (RuntimeError, OSError) as error:  # no folder that Numba may write
        note_unwritable(Path(kernel.py_func.__code__.co_filename).parent, error)
        return
    kernel._cache = _Kept(kernel._cache)


class _Kept:
    """A cache of Numba behind a lock; everything else is the cache's own."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return a kernel that was saved, or None."""
        try:
            return self._cache.load_overload(sig, target_context)
        except Exception:  # of files that others write, anything: compile it anew
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save a kernel, if that can be."""
        folder = Path(self._cache.cache_path)
        if cache_problem() is not None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with file_lock(folder / "index.lock"):
                self._cache.save_overload(sig, data)
        except OSError as error:  # a lock that others hold for too long is one
            note_unwritable(folder, error)
        warn_once()
