"""Kernel matrices of known spectrum."""

import numpy as np

__all__ = ["random_kernel"]


def random_kernel(rng: np.random.Generator, n: int, lowest: float) -> np.ndarray:
    """Return a matrix with eigenvalues from `lowest` to 1."""
    basis, _ = np.linalg.qr(rng.normal(size=(n, n)))
    matrix = (basis * np.geomspace(lowest, 1.0, n)) @ basis.T
    return np.asarray((matrix + matrix.T) / 2)
