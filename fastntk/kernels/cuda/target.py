"""Numba's CUDA target: which package it comes from, whether it works, how it compiles.

The only module that knows how `numba.cuda` is packaged. The target that Numba carries
itself is deprecated; the package ``numba-cuda`` takes its place under the same name and
brings NVVM, so that kernels compile without a GPU. ``NUMBA_ENABLE_CUDASIM=1`` has Numba
interpret kernels in Python threads: no types, no libdevice, no
``__cuda_array_interface__``.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastntk._errors import NotSupportedError
from fastntk._files import write_whole
from fastntk._jit import cache_folder, note_no_folder, note_unwritable, warn_once
from fastntk.kernels.cuda.kept import keep
from fastntk.kernels.cuda.source import KernelSource

__all__ = [
    "INSTALL",
    "compiled",
    "configured",
    "cuda",
    "cuda_problem",
    "fixed",
    "is_simulated",
    "machine_code",
    "package_version",
    "require_cuda",
    "signature",
]

LOWEST = "0.30.4"  # the first that fits Numba 0.61 to 0.68
INSTALL = "pip install 'fastntk[cuda]' (or numba-cuda[cu12] for drivers before 580)"


@functools.cache
def cuda() -> Any:
    """Return the module `numba.cuda`.

    Raises
    ------
    NotSupportedError
        If there is none.
    """
    try:
        return importlib.import_module("numba.cuda")
    except Exception as error:  # also of versions that do not fit together
        raise NotSupportedError(
            f"numba.cuda cannot be imported ({error}); expected the package "
            f"numba-cuda, at least {LOWEST}: {INSTALL}"
        ) from None


def is_simulated() -> bool:
    """Return whether kernels run on Numba's simulator."""
    return bool(getattr(cuda().config, "ENABLE_CUDASIM", False))


def package_version() -> str | None:
    """Return the version of numba-cuda, None if it is not installed."""
    try:
        return importlib.metadata.version("numba-cuda")
    except importlib.metadata.PackageNotFoundError:
        return None


def cuda_problem() -> str | None:
    """Return why no kernel can run on this machine, None if one can.

    Loads Numba; starts nothing on the device.
    """
    try:
        target = cuda()
    except NotSupportedError as error:
        return str(error)
    if is_simulated():
        return None
    try:
        if target.is_available() and len(target.gpus):
            return _driver_problem(target)
        reason = _first_line(target.cuda_error())
    except Exception as error:  # of the driver, at any depth
        reason = _first_line(error)
    if not _has_driver():
        return (
            "no CUDA driver was found (libcuda.so.1): this machine has no NVIDIA GPU, "
            "or its driver is not installed"
        )
    if package_version() is None:
        return f"numba-cuda is not installed ({reason}); {INSTALL}"
    return f"the CUDA driver finds no device that can be used ({reason})"


def toolkit_version() -> tuple[int, int] | None:
    """Return the CUDA release that compiles kernels, by its wheel; None if unknown."""
    for name in ("nvidia-nvvm", "nvidia-cuda-nvcc", "nvidia-cuda-nvcc-cu12"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            major, minor, *_ = importlib.metadata.version(name).split(".")
            return int(major), int(minor)
    return None


def _driver_problem(target: Any) -> str | None:
    """Return what is wrong with a driver older than what kernels are compiled for.

    Within a major release, drivers take what is linked by nvJitLink (CUDA's minor
    version compatibility); an older major release they refuse at the first launch.
    """
    made_for = toolkit_version()
    driver = tuple(target.cudadrv.driver.get_version())
    if made_for is None or driver[0] >= made_for[0]:
        return None
    return (
        f"the driver supports CUDA {driver[0]}.{driver[1]}, and kernels are made for "
        f"CUDA {made_for[0]}.{made_for[1]}: update the driver, or pip install "
        f"'numba-cuda[cu{driver[0]}]' in the place of numba-cuda[cu{made_for[0]}]"
    )


def _first_line(error: object) -> str:
    """Return the line of an error that says most."""
    lines = [line.strip(" :") for line in str(error or "").splitlines()]
    lines = [line for line in lines if line and not line.startswith("Error at driver")]
    return lines[0] if lines else "no reason given"


def _has_driver() -> bool:
    """Return whether the driver's library can be loaded."""
    import ctypes

    name = os.environ.get("NUMBA_CUDA_DRIVER", "libcuda.so.1")
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def require_cuda() -> Any:
    """Return the module `numba.cuda` if a kernel can run.

    Raises
    ------
    NotSupportedError
        With the reason, and what to do.
    """
    problem = cuda_problem()
    if problem is None:
        return cuda()
    raise NotSupportedError(
        f"backend='cuda': {problem}. Use backend='cpu'; `fastntk info` shows what was "
        "found"
    )


# --- compiling ------------------------------------------------------------------------


_KERNELS: dict[str, Any] = {}


def compiled(source: KernelSource) -> Any:
    """Return a kernel ready to launch; it is compiled at its first launch.

    The source lies in the cache folder under a hash of itself, so that Numba finds the
    machine code of earlier processes beside it.
    """
    if source.key not in _KERNELS:
        function, is_file = _function(source)
        is_cached = is_file and not is_simulated()
        kernel = cuda().jit()(function)
        if is_cached:
            keep(kernel)
        _KERNELS[source.key] = kernel
    return _KERNELS[source.key]


_LAUNCH = threading.Lock()


def configured(kernel: Any, grid: Any, threads: Any, stream: Any = 0) -> Any:
    """Return a kernel ready to be called: ``kernel[grid, threads, stream]``.

    Numba need not warn of small grids: the problem may be small.
    """
    config = cuda().config
    with _LAUNCH:
        before = getattr(config, "CUDA_LOW_OCCUPANCY_WARNINGS", 0)
        config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
        try:
            return kernel[grid, threads, stream]
        finally:
            config.CUDA_LOW_OCCUPANCY_WARNINGS = before


def fixed(function: Callable[..., None]) -> Any:
    """Return one of `fastntk.kernels.cuda.fixed` ready to launch."""
    name = function.__qualname__
    if name not in _KERNELS:
        _KERNELS[name] = cuda().jit(function)
    return _KERNELS[name]


def _function(source: KernelSource) -> tuple[Callable[..., None], bool]:
    """Return the kernel's Python function, and whether a file holds it."""
    name = f"fastntk_cuda_{source.key}"
    path = _source_file(name, source.text)
    warn_once()
    if path is None:
        names: dict[str, Any] = {"__name__": name}
        exec(compile(source.text, f"<{name}>", "exec"), names)
        return names["kernel"], False
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.kernel, True


def _source_file(name: str, text: str) -> Path | None:
    """Return the file of a kernel's source in the cache folder, if it can be there."""
    folder = cache_folder()
    if folder is None:
        note_no_folder()
        return None
    path = folder / "cuda" / f"{name}.py"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode())
    except OSError as error:
        note_unwritable(path.parent, error)
        return None
    return path


def signature(source: KernelSource) -> tuple[Any, ...]:
    """Return the types of a kernel's arguments."""
    types = importlib.import_module("numba").types
    real = types.float32 if source.dtype == "float32" else types.float64
    array = types.Array(real, 1, "C")
    coefs = types.UniTuple(real, source.n_coefs)
    return (*[array] * 5, coefs, real, *[array] * 4, *[types.uint64] * 11)


def machine_code(
    source: KernelSource | Callable[..., None],
    capability: tuple[int, int],
    types: tuple[Any, ...] | None = None,
) -> str:
    """Return the PTX of a kernel for a compute capability; needs no GPU.

    Parameters
    ----------
    source : KernelSource or callable
        The kernel.
    capability : tuple of int
        Such as (9, 0).
    types : tuple, optional
        Numba types of the arguments of a callable.
    """
    function: Any = source
    if isinstance(source, KernelSource):
        function, _ = _function(source)
        types = signature(source)
    with _as_on(capability):
        ptx, _ = cuda().compile(
            function, types, device=False, abi="numba", output="ptx", cc=capability
        )
    return str(ptx)


@contextlib.contextmanager
def _as_on(capability: tuple[int, int]) -> Iterator[None]:
    """Answer for the device, which Numba asks for functions that kernels call."""
    module: Any = importlib.import_module("numba.cuda.dispatcher")
    with _LAUNCH:
        before = module.get_current_device
        module.get_current_device = lambda: SimpleNamespace(
            compute_capability=capability
        )
        try:
            yield
        finally:
            module.get_current_device = before
