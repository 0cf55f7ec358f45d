"""What a bug report or a table of timings needs to say about the machine."""

from __future__ import annotations

import contextlib
import os
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastntk._resources import core_limits, ignored_variables, memory_limits
from fastntk._version import __version__
from fastntk.benchmark.machine import (
    available_cores,
    describe,
    peak_memory,
)
from fastntk.cli.gram.job import size_in_words

__all__ = [
    "available_cores",
    "backends",
    "collect",
    "package_version",
    "peak_memory_bytes",
]

_PACKAGES = ("numba", "llvmlite", "numpy", "scipy", "threadpoolctl")
_OPTIONAL = ("scikit-learn", "matplotlib", "typer", "pyarrow", "zarr", "numba-cuda")
_SET = "set NUMBA_CACHE_DIR to a folder of yours"
_ANEW = f"every process compiles anew; {_SET}"
peak_memory_bytes = peak_memory


def package_version(name: str) -> str:
    """Return the installed version of a distribution, or "not installed"."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def backends() -> dict[str, str]:
    """Return every backend with the device it uses, or why it can't be used.

    The module ``fastntk.backends.cuda.backend`` says so itself: ``why_unusable()``
    returns None or the reason, and ``describe()`` the device.
    """
    found = {"cpu": "usable: " + _simd(describe())}
    if find_spec("fastntk.backends.cuda.backend") is None:
        found["cuda"] = "not usable: this version of fastntk has no CUDA backend"
        return found
    try:
        module = import_module("fastntk.backends.cuda.backend")
        reason = module.why_unusable()
        device = module.describe() if reason is None else ""
    except Exception as error:  # a broken driver must not break the report
        reason, device = f"{type(error).__name__}: {error}", ""
    found["cuda"] = f"usable: {device}" if reason is None else f"not usable: {reason}"
    return found


def _simd(machine: dict[str, Any]) -> str:
    from fastntk._jit import JIT_ENABLED

    if not JIT_ENABLED:
        return "interpreted, because NUMBA_DISABLE_JIT is set (slow)"

    from fastntk.kernels.vector.chosen import TRANSPOSE_BYTES

    return f"{8 * TRANSPOSE_BYTES}-bit vectors of {machine['cpu']}"


def _blas(machine: dict[str, Any]) -> str:
    """Return the BLAS libraries that NumPy and SciPy have loaded."""
    names = (
        f"{library['internal_api']} {library['version']} for "
        f"{library['architecture'] or 'unknown'}, {library['num_threads']} threads"
        for library in machine["blas"]
    )
    return "; ".join(dict.fromkeys(names)) or "unknown"


def _cache() -> str:
    """Return the folder of compiled kernels, with what is in it, or what is wrong."""
    from fastntk._jit import cache_folder, cache_problem

    folder = cache_folder()
    if folder is None:
        return f"none: {cache_problem()}; {_ANEW}"
    try:
        there = _first_that_is_there(folder)
        here = _size_of(folder)
        older = _size_of(folder.parent) - here if folder.parent.is_dir() else 0
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return f"{folder} (not readable: {reason}; {_ANEW})"
    words = f"{folder} ({size_in_words(here)}"
    if older:
        words += f"; {size_in_words(older)} of other versions beside it"
    if not there.is_dir():
        words += f"; {there} is no folder: {_ANEW}"
    elif not os.access(there, os.R_OK | os.X_OK):
        words += f"; not readable: {_ANEW}"
    elif not os.access(there, os.W_OK):
        words += f"; not writable: every process compiles what is missing; {_SET}"
    return words + ")"


def _size_of(folder: Path) -> int:
    """Return the bytes of all files at or below a folder, 0 if it isn't there."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except OSError:  # gone meanwhile
                continue
    return total


def _first_that_is_there(folder: Path) -> Path:
    """Return a folder or the nearest one above it that exists."""
    for part in (folder, *folder.parents):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            part.stat()
            return part
    return folder


def _threads() -> str:
    """Return who runs the threads, and what holds them back."""
    words = f"{available_cores()} by default (Python threads; kernels hold no lock)"
    limits = core_limits()
    bound = limits.pop("affinity")
    held = ", ".join(f"{name}: {count}" for name, count in limits.items())
    if held:
        words += f"; found {held}, affinity: {bound}"
    ignored = ignored_variables()
    if ignored:
        shown = ", ".join(f"{name}={value!r}" for name, value in ignored.items())
        words += f"; {shown} ignored: expected an integer >= 1"
    blas = [
        f"{name}={os.environ[name]}"
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        if name in os.environ
    ]
    if blas:
        words += f"; {', '.join(blas)} hold BLAS back, not fastntk"
    return words


def _memory() -> str:
    """Return the memory there is for this process, and which limits were found."""
    limits = memory_limits()
    if not limits:
        return "unknown"
    least = min(limits, key=lambda limit: limit.free)
    total = min(limit.total for limit in limits)
    words = f"{size_in_words(total)}, {size_in_words(least.free)} free"
    if len(limits) > 1:
        shown = (f"{limit.source}: {size_in_words(limit.total)}" for limit in limits)
        words += f" by {least.source}; found {', '.join(shown)}"
    return words


def collect() -> dict[str, str]:
    """Return name and value of every fact, in the order in which to print them."""
    from fastntk.backends.cuda.info import libraries

    machine = describe()
    facts = {"fastntk": __version__}
    facts |= {name: package_version(name) for name in (*_PACKAGES, *_OPTIONAL)}
    facts["python"] = f"{platform.python_version()} ({platform.platform()})"
    facts["processor"] = machine["cpu"]
    facts["simd"] = ", ".join(machine["simd"]) or "unknown"
    facts["cores"] = f"{machine['cores']} available of {machine['cores_all']}"
    facts["threads"] = _threads()
    facts["memory"] = _memory()
    facts["huge pages"] = machine["huge_pages"]
    facts["blas"] = _blas(machine)
    facts["kernel cache"] = _cache()
    facts["gpu libraries"] = libraries()
    facts |= {f"backend {name}": words for name, words in backends().items()}
    return facts
