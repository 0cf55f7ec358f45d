"""A checksum of words: what finds torn and damaged tiles of a store."""

from __future__ import annotations

import numpy as np

from fastntk._jit import cpu_kernel
from fastntk._typing import AnyArray

__all__ = ["fold_words"]


@cpu_kernel
def fold_words(words: AnyArray, lanes: AnyArray) -> None:
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
