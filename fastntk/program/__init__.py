"""Which steps compute a network's kernel: a flat list of ops with slots.

::

    spec --lower--> Program --backend--> tiles

`lower` walks a `fastntk.spec.Spec` once, gives every branch a pair of slots (reused as
soon as the branch ends) and every op its row tables and coefficients. A `Program`
prints itself; it holds plain numbers, no arrays and no Numba.
"""

from fastntk.program.lowering import layers as _layers  # noqa: F401 - registers them
from fastntk.program.lowering.walk import lower
from fastntk.program.ops import Op, Program

__all__ = ["Op", "Program", "lower"]
