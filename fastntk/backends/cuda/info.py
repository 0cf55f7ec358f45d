"""What is known of CUDA on this machine, for `fastntk info` and for messages."""

import importlib.metadata

from fastntk.kernels.cuda import target as cuda_target

__all__ = ["describe", "describe_cuda", "libraries", "why_unusable"]

LIBRARIES = ("numba-cuda", "cupy-cuda13x", "cupy-cuda12x", "cupy", "torch", "jax")


APART = ("cuda", "cuda libraries")  # lines of their own in `fastntk info`


def why_unusable() -> str | None:
    """Return why CUDA cannot be used here, None if it can; never raises."""
    try:
        return cuda_target.cuda_problem()
    except Exception as error:
        return f"looking for CUDA failed: {error}"


def describe() -> str:
    """Return devices, driver and libraries in one line, or why there is none."""
    problem = why_unusable()
    if problem is not None:
        return f"none: {problem}"
    if cuda_target.is_simulated():
        return "Numba's simulator (NUMBA_ENABLE_CUDASIM=1), for tests: very slow"
    lines = (line for line in describe_cuda() if line[0] not in APART)
    return "; ".join(f"{name.removeprefix('cuda ')}: {value}" for name, value in lines)


def describe_cuda() -> list[tuple[str, str]]:
    """Return what was found, as (what, value) lines.

    Returns
    -------
    list of (str, str)
        Whether CUDA is usable and if not, why; driver; devices with their memory and
        compute capability; which libraries are installed; what multiplies.

    Notes
    -----
    Never raises. Asks the driver, and creates a context on a device that it finds.

    Examples
    --------
    >>> from fastntk.backends.cuda.info import describe_cuda
    >>> lines = dict(describe_cuda())
    >>> lines["cuda"].startswith(("usable", "not usable", "simulated"))
    True
    """
    lines = [("cuda", _verdict())]
    if why_unusable() is None and not cuda_target.is_simulated():
        try:
            lines += _devices()
        except Exception as error:
            lines.append(("cuda devices", f"could not be read: {error}"))
    lines.append(("cuda libraries", libraries()))
    return lines


def _verdict() -> str:
    problem = why_unusable()
    if problem is not None:
        return f"not usable: {problem}"
    if cuda_target.is_simulated():
        return "simulated (NUMBA_ENABLE_CUDASIM=1): right, and very slow"
    return "usable: backend='cuda', or 'auto' with inputs on the GPU"


def _devices() -> list[tuple[str, str]]:
    """Return driver and devices."""
    from fastntk.backends.cuda.products import library_name

    cuda = cuda_target.cuda()
    major, minor = cuda.cudadrv.driver.get_version()
    lines = [("cuda driver", f"supports CUDA {major}.{minor}")]
    for index, device in enumerate(cuda.list_devices()):
        with cuda.gpus[index]:
            free, total = cuda.current_context().get_memory_info()
        capability = ".".join(map(str, device.compute_capability))
        text = f"{_name(device)}, compute capability {capability}, "
        text += f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
        lines.append((f"cuda device {index}", text))
    lines.append(("cuda products", library_name()))
    return lines


def _name(device: object) -> str:
    """Return a device's name as text."""
    name = getattr(device, "name", "unknown device")
    return name.decode() if isinstance(name, bytes) else str(name)


def libraries() -> str:
    """Return installed libraries for GPUs, and their versions."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found) or "none of " + ", ".join(LIBRARIES)
