"""What is known of an activation: the function, its derivative, kinks, and reach."""

import dataclasses
import math
from functools import cached_property

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray
from fastntk.duals.panels.halving import Panels, resolve
from fastntk.duals.sources.called import Called
from fastntk.duals.sources.extent import finite_to, interval, reach_of

__all__ = ["Source"]

USUAL = 16.0  # as far from 0 as kinks are named
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
            If there is none: the function grows too fast, or is NaN or infinite where
            the variable has weight.
        """
        return reach_of(self.fn, float(np.max(q)))

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
        functions = [self.fn] if self.df is None else [self.fn, self.df]
        power = 4.0 ** math.ceil(math.log2(max(end, 1.0)) / 2)
        if power not in self._known:
            power = interval(functions, end)
        if power not in self._known:
            kinks = self.given_kinks
            found = resolve(self.fn, power, kinks, self.label, is_known=self.is_known)
            if self.df is not None and not self.is_known:
                self._check_derivative(found)
            self._known[power] = found
        return self._known[power]

    @property
    def usual(self) -> Panels:
        """The function within 16 of 0, or as far as it is finite."""
        return self.panels(finite_to(self.fn, USUAL))

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
