"""Which backend a name stands for; they are imported when first asked for."""

import os

from fastntk._validation import check_backend
from fastntk.backends.base import Backend

__all__ = ["get_backend"]

CUDA_ENTRIES = 100_000_000  # of a matrix from which "auto" looks for a GPU


def get_backend(name: str, entries: int = 0) -> Backend:
    """Return a backend by name.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda"}
        "auto" is the CPU, or CUDA where a GPU can be used and the matrix is large.
    entries : int, default=0
        Entries of the matrix, for "auto".

    Raises
    ------
    NotSupportedError
        For "cuda" where no GPU can be used; the message says why.
    InputError
        For any other name.
    """
    if check_backend(name) == "auto":
        name = "cuda" if entries >= CUDA_ENTRIES and _has_cuda() else "cpu"
    if name == "cpu":
        from fastntk.backends.cpu.backend import CpuBackend

        return CpuBackend()
    from fastntk.backends.cuda.backend import CudaBackend

    return CudaBackend()


def _has_cuda() -> bool:
    """Return whether a GPU can be used; the simulator is never chosen."""
    if not os.path.exists("/dev/nvidiactl"):
        return False
    from fastntk.backends.cuda.info import why_unusable
    from fastntk.kernels.cuda.target import is_simulated

    return why_unusable() is None and not is_simulated()
