"""What kernels for the simulator call in the place of functions on bits."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["inverse_power"]


def inverse_power(shifted: Any) -> Any:
    """Return ``2**-k`` for ``shifted = 1.5 * 2**mantissa + k``."""
    if isinstance(shifted, np.float32):
        return np.float32(2.0 ** -float(shifted - np.float32(1.5 * 2.0**23)))
    return np.float64(2.0 ** -float(shifted - 1.5 * 2.0**52))
