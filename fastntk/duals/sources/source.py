"""What is known of an activation: the function, its derivative, kinks, and reach."""

import dataclasses
import math
from functools import cached_property

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray
from fastntk.duals.panels.halving import Panels, resolve
from fastntk.duals.sources.called import Called

__all__ = ["Source"]

REACH = 12.5  # of a bounded function: exp(-z^2/4) is 1e-17 there
FARTHEST = 37.0  # exp(-z^2/2) leaves float64 beyond
NEGLIGIBLE = 1e-18
LARGEST = 1e308
MOST = 1e150  # a value whose square fits in float64
HUGE = 340.0  # a logarithm, likewise
WRONG = 1e-6  # a derivative so far from the function's is not its derivative


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """An activation, ready to be averaged over a normal variable.

    Parameters
    ----------
    fn : Called
        The function.
    df : Called or None
        Its derivative; None: that of the polynomials which stand for it.
    given_kinks : tuple of float or None
        Where it is not smooth; None: looked for.
    label : str
        The layer as shown in messages.
    strip : float, default=0.0
        Half of the width of a strip around the real axis in which the function is
        known to be analytic and to grow like a polynomial; 0: not known.
    is_known : bool, default=False
        It is one of `fastntk.duals.sources.functions`: nothing has to be found out.
    """

    fn: Called
    df: Called | None
    given_kinks: tuple[float, ...] | None
    label: str
    strip: float = 0.0
    is_known: bool = False

    @cached_property
    def _known(self) -> dict[float, Panels]:
        return {}

    def reach(self, q: FloatArray) -> float:
        """Return the ``z`` beyond which ``fn(sqrt(q) z) exp(-z^2/4)`` is nothing.

        Parameters
        ----------
        q : ndarray of shape (m,)
            Variances.

        Returns
        -------
        float

        Raises
        ------
        NetworkError
            If there is none: the function grows too fast.
        """
        top = float(np.max(q))
        z = np.linspace(-FARTHEST, FARTHEST, 2 * 8 * 37 + 1)
        values = np.abs(self.fn(math.sqrt(top) * z))
        with np.errstate(divide="ignore"):
            size = np.log(np.minimum(values, LARGEST)) - 0.25 * z * z
        peak = float(size.max())
        if peak == -math.inf:
            return REACH
        matters = np.abs(z[size > peak + math.log(NEGLIGIBLE)])
        end = max(REACH, float(matters.max()) + 0.25)
        if not end < FARTHEST or peak > HUGE or values.max() > MOST:
            raise NetworkError(
                f"{self.label}: fn grows faster than a normal variable of variance "
                f"{top:.4g} can tame: E[fn(u)^2] is infinite, or too large for "
                "float64; expected growth slower than exp(u^2 / (4 q)). Bound fn, or "
                "make the weights before it smaller (W_std, b_std)"
            )
        return end

    def panels(self, end: float) -> Panels:
        """Return the function as polynomials on an interval around 0.

        Parameters
        ----------
        end : float
            The interval is at least [-end, end].

        Returns
        -------
        Panels
        """
        power = 4.0 ** math.ceil(math.log2(max(end, 1.0)) / 2)
        if not np.isfinite(self.fn(np.array([-power, power]))).all():
            power = end
        if power not in self._known:
            kinks = self.given_kinks
            found = resolve(self.fn, power, kinks, self.label, is_known=self.is_known)
            if self.df is not None and not self.is_known:
                self._check_derivative(found)
            self._known[power] = found
        return self._known[power]

    def slope(self, u: FloatArray) -> FloatArray:
        """Return the derivative almost everywhere.

        Parameters
        ----------
        u : ndarray
            Points.

        Returns
        -------
        ndarray of float64
        """
        if self.df is not None:
            return self.df(u)
        return self.panels(float(np.abs(u).max(initial=1e-3))).slope(u)

    def _check_derivative(self, panels: Panels) -> None:
        assert self.df is not None
        width = np.diff(panels.edges)
        wide = width > 1e-6 * np.maximum(np.abs(panels.edges[1:]), width.max())
        u = (panels.edges[:-1] + 0.37 * width)[wide]
        given, found = self.df(u), panels.slope(u)
        size = np.abs(panels.coefs[wide]).max(axis=1) / width[wide]
        off = np.abs(given - found) / (np.abs(found) + size + np.abs(given).max())
        worst = int(off.argmax())
        if off[worst] > WRONG:
            raise NetworkError(
                f"{self.label}: df({u[worst]:.6g}) is {given[worst]:.6g}, where the "
                f"slope of fn is {found[worst]:.6g}; expected df to be the derivative "
                "of fn. Correct it, or leave it out"
            )
