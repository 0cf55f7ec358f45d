"""A checksum of numbers in memory, as fast as they can be read."""

from __future__ import annotations

import numpy as np

from fastntk._jit import cpu_kernel
from fastntk._typing import AnyArray

__all__ = ["checksum"]

_LANES = 32


@cpu_kernel
def _fold(words: AnyArray, lanes: AnyArray) -> None:
    """Fold words into lanes: ``lane = (lane ^ word) P``, P odd."""
    prime = np.uint64(0x9E3779B97F4A7C15)
    n = len(words) // len(lanes)
    for i in range(n):
        part = words[i * len(lanes) : (i + 1) * len(lanes)]
        for j in range(len(lanes)):
            lanes[j] = (lanes[j] ^ part[j]) * prime
    for j in range(n * len(lanes), len(words)):
        lane = j % len(lanes)
        lanes[lane] = (lanes[lane] ^ words[j]) * prime


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
        _fold(data[:n_whole].view(np.uint64), lanes)
        _fold(data[n_whole:].astype(np.uint64), lanes)
        total = np.array([data.size], np.uint64)
        _fold(lanes, total)
    return int(total[0])
