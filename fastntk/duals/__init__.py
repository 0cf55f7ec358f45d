"""Duals of activations: ``E[f(u) f(v)]`` and ``E[f'(u) f'(v)]`` as NumPy functions.

Closed forms that run on every pair are in `fastntk.kernels`; here are the duals that a
user writes in Python, and those that are computed from an activation alone, to a
tolerance and with a bound.

::

    spec.Elementwise(nngp_fn=...) --host_dual--> HostDual --lowering--> a host op

    spec.Tanh, Elementwise(fn), ... --catalogue--> Source (function, derivative, kinks)
        sources/       what is known of an activation, and the list of layers
        panels/        polynomials on panels: kinks, narrow features, rules
        series/        hermite.py: coefficients, tails by Parseval, two rules
                       expansion.py: the series over a range of variances, which the
                       engine runs
        pairs/         polar.py: the reference, quadrature in the plane, cut at kinks
                       bounded.py: the series or quadrature for given pairs, with bounds
        fits/          tiles.py: what stands for whole tiles; angle.py for functions
                       with a kink at 0 or a long series, far.py for kinks elsewhere
    numerical.py       NumericalDual: the payload of a numerical op
    activation.py      dual_activation: the public function
    user/              duals that a user wrote: called with care, differentiated
"""

from fastntk.duals.activation import DualActivation, dual_activation
from fastntk.duals.numerical import NumericalDual, numerical_dual
from fastntk.duals.series.expansion import Expansion
from fastntk.duals.user.host import DualFunction, HostDual, host_dual
from fastntk.duals.user.price import Derivative, differentiate

__all__ = [
    "Derivative",
    "DualActivation",
    "DualFunction",
    "Expansion",
    "HostDual",
    "NumericalDual",
    "differentiate",
    "dual_activation",
    "host_dual",
    "numerical_dual",
]
