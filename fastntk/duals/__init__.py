"""Duals of activations: ``E[f(u) f(v)]`` and ``E[f'(u) f'(v)]`` as NumPy functions.

Closed forms that run on every pair are in `fastntk.kernels`; here are the duals that a
user writes in Python, and what makes them safe to call.

::

    spec.Elementwise --host_dual--> HostDual --lowering--> an op of a Program
"""

from fastntk.duals.host import DualFunction, HostDual, host_dual
from fastntk.duals.price import Derivative, differentiate

__all__ = ["Derivative", "DualFunction", "HostDual", "differentiate", "host_dual"]
