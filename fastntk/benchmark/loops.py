"""The packed polynomial loop: what the arithmetic of layers could reach at best."""

from __future__ import annotations

from typing import Any

from fastntk._jit import cpu_kernel
from fastntk._typing import AnyArray
from fastntk.kernels.formulas.polynomials import (
    asin_coefficients,
    constants,
    polynomial,
)

__all__ = ["N_NUMBERS", "evaluate_polynomials", "polynomial_flops"]

N_NUMBERS = 1024  # of a strip: in the L1 cache in both dtypes


@cpu_kernel
def evaluate_polynomials(strip: AnyArray, table: AnyArray, repeats: int) -> None:
    """Replace every number of a strip by a polynomial of it, ``repeats`` times.

    The polynomial is that of the angle in every activation with two slopes. Its value
    is between 1 and 1.6 for numbers from 0 to 1.6, so nothing overflows.
    """
    c = asin_coefficients(table)
    for _ in range(repeats):
        for j in range(len(strip)):
            strip[j] = polynomial(strip[j], c)


def polynomial_flops(dtype: Any) -> int:
    """Return the flops of one polynomial: a fused multiply-add counts as two."""
    n = len(asin_coefficients(constants(dtype)))
    joins = (n - 1) // 6  # chains of six, joined by powers of x^6
    return 2 * (n - 1) + (3 if joins else 0)
