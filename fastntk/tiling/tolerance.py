"""A kernel to a tolerance: terms are added until its bound is small enough."""

import math
from typing import Any

from fastntk._errors import ToleranceNotReached
from fastntk.backends.cpu.blocks import mean_squares
from fastntk.backends.cpu.bound import KernelBound, kernel_bound, rounding
from fastntk.backends.cpu.numerical import specialise
from fastntk.program import Program, lower
from fastntk.spec import Spec
from fastntk.tiling.setup import Setup

__all__ = ["meet_tolerance"]

ATTEMPTS = 4
SMALLEST = 1e-15  # error of one activation that float64 allows


def meet_tolerance(setup: Setup, spec: Spec) -> None:
    """Give a setup a program whose kernels err by at most the ``tol`` of its options.

    Raises
    ------
    ToleranceNotReached
        If no number of terms does it: the message has the bound that was reached.
    """
    tol = setup.options.tol
    if tol is None:
        return
    variances = tuple(mean_squares(x) for x in setup.sides)
    lowered = lower(spec, setup.get, int(setup.x1.shape[1]))
    program, allowed = setup.program, math.inf
    floor = max(rounding(lowered, name, setup.dtype) for name in setup.get)
    for _ in range(ATTEMPTS):
        bound = _worst(program, variances, setup)
        if bound.error <= tol:
            setup.program = program
            return
        if not lowered.has_numerical_ops or tol <= floor or allowed == SMALLEST:
            break
        share = (tol - floor) / (bound.error - floor)
        current = min(allowed, _largest_tolerance(lowered))
        allowed = max(SMALLEST, 0.5 * share * current)
        program = specialise(lowered, variances, setup.dtype, allowed)
    raise ToleranceNotReached(_message(bound, tol, floor, setup))


def _worst(program: Program, variances: Any, setup: Setup) -> KernelBound:
    bounds = kernel_bound(program, variances, setup.dtype)
    return max(bounds.values(), key=lambda bound: bound.error)


def _largest_tolerance(program: Program) -> float:
    """Return the loosest tolerance among the layers."""
    tolerances = [op.payload.tol for op in program.ops if op.name == "numerical"]
    return float(max(tolerances))


def _message(bound: KernelBound, tol: float, floor: float, setup: Setup) -> str:
    name = setup.dtype.name
    if tol <= floor or not bound.layer:
        remedy = f"the rounding of {name} is {floor:.0e} of it"
        remedy += "; use dtype='float64'" if name == "float32" else ""
    else:
        remedy = f"most of it is that of {bound.layer}"
    return (
        f"tol is {tol:.1e}; the bound reached is {bound.error:.1e} ({bound.kind}), and "
        f"{remedy}. Choose a larger tol, or a smaller W_std: at small variances series "
        "are short, and errors grow less"
    )
