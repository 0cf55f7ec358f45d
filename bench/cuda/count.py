"""Floating-point instructions per pair, counted in a kernel's machine-near text."""

import re

import numpy as np

from fastntk import stax
from fastntk.backends.cuda_launch import program_source
from fastntk.kernels.cuda_target import machine_code
from fastntk.program import lower

__all__ = ["instructions_per_pair"]

ARITHMETIC = re.compile(
    r"^\s*(add|sub|mul|fma|div|sqrt|rcp|min|max|neg|abs|selp|setp|copysign)\S*\.f32",
    re.M,
)


def instructions_per_pair(net: stax.Network, n_features: int) -> float:
    """Return float32 instructions per pair: the product's, and those of the layers.

    Counted in PTX, where a square root or a division is one, so it is a lower bound of
    what is issued. The layers' are what a kernel has more than one without layers.
    """
    program = lower(net.spec, ("ntk",), n_features)
    kind = np.dtype(np.float32)
    full = program_source(program, kind, "complement", has_zeros=False)
    bare = program_source(program, kind, "complement", is_similarity=True)
    counts = [len(ARITHMETIC.findall(machine_code(s, (9, 0)))) for s in (full, bare)]
    pairs = 4 if "slot_0_1_1" in full.text else 1
    return n_features + 3 + (counts[0] - counts[1]) / pairs
