"""Two kernels that show what `bench.simd_check` passes and what it fails."""

import math
from typing import Any


def branchy(x: Any) -> None:
    """Call the maths library on one side of a branch: what no op may do."""
    for j in range(len(x)):
        if x[j] > 0.5:
            x[j] = math.acos(x[j])
        else:
            x[j] = math.sqrt(1.0 - x[j])


def smooth(x: Any) -> None:
    """Select between a polynomial and a root: what an op looks like."""
    for j in range(len(x)):
        far = math.sqrt(1.0 - x[j])
        x[j] = far * (1.5 - 0.2 * x[j]) if x[j] > 0.5 else far
