"""One table of tolerances, and the two measures of error that they apply to."""

from typing import Any

import numpy as np

# (what, dtype) -> largest error allowed, in the measure named beside it
TOLERANCE: dict[tuple[str, str], float] = {
    # `relative_error`: against multiple precision at the same floating-point inputs
    ("nngp", "float64"): 2e-12,
    ("ntk", "float64"): 2e-12,
    ("nngp", "float32"): 3e-6,
    ("ntk", "float32"): 1e-5,
    # `rel_dev`: against the stored reference values
    ("golden", "float64"): 2e-12,
    # `relative_error`: two ways to compute the same entry, "the last bits"
    ("invariance", "float64"): 1e-13,
    ("invariance", "float32"): 1e-6,
    # lambda_min >= -tolerance * mean diagonal
    ("psd", "float64"): 1e-11,
    ("psd", "float32"): 1e-4,
}

# Reference values noisier than this are judged by multiple precision only.
GOLDEN_NOISE_LIMIT = 1e-9


def tolerance(what: str, dtype: Any) -> float:
    """Look up the tolerance of a quantity at a dtype."""
    return TOLERANCE[what, np.dtype(dtype).name]


def relative_error(
    value: np.ndarray, truth: np.ndarray, diag1: np.ndarray, diag2: np.ndarray
) -> float:
    """Return max |value - truth| / sqrt(K(x, x) K(y, y)); NaN counts as infinite."""
    scale = np.sqrt(np.asarray(diag1, dtype=np.float64))[:, None] * np.sqrt(
        np.asarray(diag2, dtype=np.float64)
    )
    error = np.abs(np.asarray(value, dtype=np.float64) - truth)
    error[~np.isfinite(error)] = np.inf
    # Rows of zeros without a bias have a kernel of zero, which must be met exactly.
    ratio = np.divide(error, scale, out=np.zeros_like(error), where=scale > 0)
    ratio[(scale == 0) & (error > 0)] = np.inf
    return float(ratio.max(initial=0.0))


def rel_dev(value: np.ndarray, reference: np.ndarray) -> float:
    """Return max |a - ref| / sqrt(max |row i| max |column j|) of the reference."""
    ref = np.asarray(reference, dtype=np.float64)
    difference = np.abs(np.asarray(value, dtype=np.float64) - ref)
    difference[~np.isfinite(difference)] = np.inf
    if ref.ndim == 1:
        scale = np.abs(ref)
    else:
        size = np.abs(ref)
        scale = np.sqrt(size.max(1)[:, None] * size.max(0)[None, :])
    ratio = np.divide(difference, scale, out=np.zeros_like(ref), where=scale > 0)
    ratio[(scale == 0) & (difference > 0)] = np.inf
    return float(ratio.max(initial=0.0))
