r"""Moments of the NTK of a ReLU network of finite width, exactly.

For one input, with hidden widths :math:`n_1, ..., n_L`, no biases and one output, let
``y`` be the gradient of the output by the activations ``x`` of a layer, ``a`` its
component along ``x / |x|``, ``b`` the square of the rest, and :math:`|x|^2 \tau` the
part of the NTK that belongs to the layers above.  Weights are normal, so nothing
depends on directions, and from a layer to the one below, up to a common factor,

.. math::
    a^2 \leftarrow s\, a^2, \qquad
    b \leftarrow \chi\, (a^2 + p\, b), \qquad
    \tau \leftarrow (a^2 + p\, b) + s\, \tau .

Of n units k are active, a binomial number; ``s`` is chi-squared with k degrees of
freedom, ``p`` the share of a random direction that the active units hold (beta with
(k - 1)/2 and (n - k)/2), and :math:`\chi` chi-squared with one degree of freedom less
than the layer below has units.  They are independent of a, b and tau, so the first and
second moments of these follow from one another, layer by layer.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["ntk_excess"]


class _Unit(NamedTuple):
    """Means over the active units of a layer of width n, in units of n / 2."""

    alive: float  # that any unit is active
    s: float
    s2: float
    p: float
    p2: float
    sp: float


class _State(NamedTuple):
    """First and second moments of A = a^2, b and tau."""

    A: float
    b: float
    t: float
    AA: float
    Ab: float
    bb: float
    At: float
    bt: float
    tt: float


def ntk_excess(widths: Sequence[int]) -> float:
    """Return the variance of the NTK's diagonal over its squared mean.

    Parameters
    ----------
    widths : sequence of int
        Hidden widths, from the input to the output; none gives 0.

    Returns
    -------
    float
        ``E[K^2] / E[K]^2 - 1``, infinite where it is beyond float64.

    Examples
    --------
    >>> from fastntk.theory.kernel_moments import ntk_excess
    >>> round(ntk_excess([100]), 12)  # 3 / width
    0.03
    >>> round(ntk_excess([100, 100, 100]), 4)
    0.1041
    """
    if not widths:
        return 0.0
    free = widths[-1] - 1
    state = _State(1, free, 1, 3, free, free * (free + 2), 1, free, 1)
    for i in range(len(widths) - 1, -1, -1):
        below = widths[i - 1] if i else 1
        state = _step(state, widths[i], below - 1)
        if not math.isfinite(state.tt):
            return math.inf
    return max(state.tt / state.t**2 - 1.0, 0.0)


def _unit(n: int) -> _Unit:
    half, none = n / 2.0, 0.5**n
    k2 = (n + n * n) / 4.0
    p = (half - 1.0 + none) / (n - 1) if n > 1 else 0.0
    p2 = (k2 - 1.0 + none) / ((n - 1) * (n + 1)) if n > 1 else 0.0
    sp = n / 4.0 if n > 1 else 0.0
    return _Unit(1.0 - none, half, k2 + n, p, p2, sp)


def _step(m: _State, n: int, free: int) -> _State:
    """Return the moments one layer down, over those of n / 2."""
    u = _unit(n)
    chi, chi2, scale = float(free), free * (free + 2.0), n / 2.0
    reached = u.alive * m.A + u.p * m.b  # |g|^2 of the layer
    reached2 = u.alive * m.AA + 2.0 * u.p * m.Ab + u.p2 * m.bb
    mixed = u.s * m.At + u.sp * m.bt
    first = (u.s * m.A, chi * reached, reached + u.s * m.t)
    second = (
        u.s2 * m.AA,
        chi * (u.s * m.AA + u.sp * m.Ab),
        chi2 * reached2,
        u.s * m.AA + u.sp * m.Ab + u.s2 * m.At,
        chi * (reached2 + mixed),
        reached2 + 2.0 * mixed + u.s2 * m.tt,
    )
    return _State(*(v / scale for v in first), *(v / scale**2 for v in second))
