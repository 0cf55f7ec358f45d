"""A checksum of numbers in memory, as fast as they can be read."""

import numpy as np

from fastntk._typing import AnyArray
from fastntk.kernels.checksum import fold_words

__all__ = ["checksum"]

_LANES = 32


def checksum(block: AnyArray) -> int:
    """Return 64 bits that change when an entry does.

    Parameters
    ----------
    block : ndarray, C-contiguous, float32 or float64
        Any shape.

    Notes
    -----
    Not cryptographic: it finds torn and damaged files. Each of 32 lanes multiplies by
    an odd constant, so that a change of a single word always changes its lane.
    """
    data = block.reshape(-1).view(np.uint8)
    n_whole = data.size // 8 * 8
    lanes = np.arange(_LANES, dtype=np.uint64)
    with np.errstate(over="ignore"):
        fold_words(data[:n_whole].view(np.uint64), lanes)
        fold_words(data[n_whole:].astype(np.uint64), lanes)
        total = np.array([data.size], np.uint64)
        fold_words(lanes, total)
    return int(total[0])
