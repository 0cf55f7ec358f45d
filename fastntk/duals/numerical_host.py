"""`NumericalHost`: numerical duals as functions of covariances, for whole tiles."""

import dataclasses
import functools
import math
import threading
from typing import Any, Protocol

import numpy as np

from fastntk._errors import ToleranceNotReached
from fastntk._typing import FloatArray
from fastntk.duals.angle_fit import AngleFit, angle_fit
from fastntk.duals.hermite import mean_values, moments
from fastntk.duals.log_fit import LogFit, log_fit
from fastntk.duals.pairs import angle_of, pair_duals
from fastntk.duals.recognise import piecewise
from fastntk.duals.source import Source

__all__ = ["NumericalHost", "constant_duals"]

WORTH_A_FIT = 500  # pairs at least
WIDEST = 9.0  # range of log q
FEW = 48  # variances that get a rule each; more are interpolated


class Numerical(Protocol):
    """What a host needs of `fastntk.duals.numerical.NumericalDual`."""

    @property
    def label(self) -> str: ...
    @property
    def source(self) -> Source: ...
    @property
    def tol(self) -> float: ...
    @property
    def method(self) -> str: ...
    @property
    def least_terms(self) -> int: ...
    @property
    def description(self) -> str: ...


class _Fits:
    """Fits for the variances seen so far, one at a time for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[float] = []
        self._known: list[AngleFit | None] = []

    def saw(self, q: FloatArray) -> None:
        """Remember the range of rows."""
        with self._lock:
            ends = [*self._seen, float(q.min()), float(q.max())]
            self._seen = [min(ends), max(ends)]

    def find(self, dual: Numerical, q: FloatArray) -> AngleFit | None:
        """Return a fit that holds at some variances, None if there can be none."""
        if dual.method != "auto":
            return None
        with self._lock:
            for fit in self._known:
                if fit is None or fit.holds(q):
                    return fit
            ends = [*self._seen, float(q.min()), float(q.max())]
            found = _fit_of(dual.source, min(ends), max(ends), dual.tol)
            self._known.append(found)
            return found


@dataclasses.dataclass(frozen=True)
class NumericalHost:
    """The dual as functions of arrays: right for every function, and slow.

    Parameters
    ----------
    dual : Numerical
        The activation.
    """

    dual: Numerical
    _last: Any = dataclasses.field(
        default_factory=threading.local, compare=False, repr=False
    )
    _fits: _Fits = dataclasses.field(default_factory=_Fits, compare=False, repr=False)

    def __reduce__(self) -> Any:
        return NumericalHost, (self.dual,)

    @property
    def description(self) -> str:
        """How it is computed, in words."""
        return self.dual.description

    def bound(self, q_lo: float, q_hi: float) -> tuple[float, float]:
        """Return largest errors of both duals between two variances.

        Parameters
        ----------
        q_lo, q_hi : float
            The variances, > 0.

        Returns
        -------
        tuple of float
            Relative to the diagonal, at pairs of the ends and the middle, at five
            angles from 0 to pi.
        """
        ends = [q_lo, float(np.sqrt(q_lo) * np.sqrt(q_hi)), q_hi]
        theta = np.array([0.0, 1e-3, 1.0, 2.5, np.pi])
        q1, q2, angle = (a.ravel() for a in np.meshgrid(ends, ends[1:], theta))
        dual = self.dual
        found = pair_duals(
            dual.source, q1, q2, angle, dual.method, dual.least_terms, dual.tol
        )
        worst = float((found.bound / found.scale).max())
        return worst, float((found.bound_slope / found.scale_slope).max())

    def nngp_fn(self, cov12: Any, var1: Any, var2: Any) -> FloatArray:
        """Return ``E fn(u) fn(v)``.

        Parameters
        ----------
        cov12, var1, var2 : array-like
            Covariances and variances, of shapes that go together.

        Returns
        -------
        ndarray of float64
        """
        return self._both(cov12, var1, var2)[0]

    def d_nngp_fn(self, cov12: Any, var1: Any, var2: Any) -> FloatArray:
        """Return ``E fn'(u) fn'(v)``.

        Parameters
        ----------
        cov12, var1, var2 : array-like
            Covariances and variances, of shapes that go together.

        Returns
        -------
        ndarray of float64
        """
        return self._both(cov12, var1, var2)[1]

    def _both(self, *given: Any) -> tuple[FloatArray, FloatArray]:
        arrays = [np.asarray(a, dtype=np.float64) for a in given]
        known = getattr(self._last, "call", None)
        if known is not None and all(
            a.shape == b.shape and np.array_equal(a, b)
            for a, b in zip(arrays, known[0], strict=True)
        ):
            same: tuple[FloatArray, FloatArray] = known[1]
            return same
        result = self._table(*arrays)
        if result is None:
            result = self._each(*arrays)
        self._last.call = [a.copy() for a in arrays], result
        return result

    def _table(
        self, c: FloatArray, q1: FloatArray, q2: FloatArray
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return the duals of a tile by a fit, None if there is none for it."""
        is_tile = c.ndim == 2 and q1.shape[1:] == (1,) and q2.shape[:1] == (1,)
        if not is_tile or c.size < WORTH_A_FIT:
            return None
        positive = np.concatenate([q1[q1 > 0], q2[q2 > 0]])
        if not positive.size:
            return None
        fit = self._fits.find(self.dual, positive)
        if fit is None:
            return None
        one, two = (np.where(q > 0, q, positive[0]) for q in (q1, q2))
        theta = angle_of(c, q1, q2)
        value, slope = fit.table(one[:, 0], two[0], theta)
        lost = (q1 == 0) | (q2 == 0)
        if lost.any():
            sides = (np.broadcast_to(q, c.shape)[lost] for q in (q1, q2))
            value[lost], slope[lost] = constant_duals(self.dual.source, *sides)
        return value, slope

    def _each(self, *arrays: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the duals of pairs one by one."""
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        c, q1, q2 = (np.broadcast_to(a, shape).ravel() for a in arrays)
        value, slope = np.zeros(c.size), np.zeros(c.size)
        is_row = (c == q1) & (c == q2) & (q1 > 0)
        if is_row.any():
            value[is_row], slope[is_row] = self._rows(q1[is_row])
        is_pair = ~is_row & (q1 > 0) & (q2 > 0)
        if is_pair.any():
            pair = (a[is_pair] for a in (c, q1, q2))
            value[is_pair], slope[is_pair] = self._pairs(*pair)
        lost = (q1 == 0) | (q2 == 0)
        if lost.any():
            lost_pair = constant_duals(self.dual.source, q1[lost], q2[lost])
            value[lost], slope[lost] = lost_pair
        return value.reshape(shape), slope.reshape(shape)

    def _rows(self, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the means of squares, interpolated if there are many variances."""
        source = self.dual.source
        self._fits.saw(q)
        distinct, place = np.unique(q, return_inverse=True)
        if len(distinct) <= FEW:
            size, steep = moments(source, distinct)
        else:
            size, steep = np.exp(self._fit(distinct)(distinct)).T
        return size[place], steep[place]

    def _fit(self, q: FloatArray) -> LogFit:
        source = self.dual.source

        def columns(q: FloatArray) -> FloatArray:
            found = np.stack(moments(source, q), axis=1)
            return np.asarray(np.log(np.maximum(found, 1e-300)))

        return log_fit(columns, float(q[0]), float(q[-1]), 1e-14)

    def _pairs(
        self, c: FloatArray, q1: FloatArray, q2: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        dual = self.dual
        theta = angle_of(c, q1, q2)
        terms, tol = dual.least_terms, dual.tol
        found = pair_duals(dual.source, q1, q2, theta, dual.method, terms, tol)
        worst = float(np.max(found.bound / np.maximum(found.scale, 1e-300)))
        if worst > 10 * dual.tol:
            raise ToleranceNotReached(
                f"{dual.label}: the error of its dual may be {worst:.1e} of the "
                f"diagonal; expected at most tol = {dual.tol:.0e}. Name the points "
                "where fn is not smooth (kinks), scale its argument, or allow a larger "
                "tol"
            )
        return found.value, found.slope


@functools.lru_cache(maxsize=16)
def _fit_of(source: Source, low: float, high: float, tol: float) -> AngleFit | None:
    panels = source.panels(source.reach(np.array([high])) * math.sqrt(high))
    if any(panels.kinks) or math.log(high / low) > WIDEST:
        return None
    if panels.kinks and piecewise(source, panels) is not None:
        return None  # it has a closed form
    return angle_fit(source, low, high, max(0.5 * tol, 1e-14))


def constant_duals(
    source: Source, q1: FloatArray, q2: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the duals of pairs of which one has no variance: it is a constant.

    Parameters
    ----------
    source : Source
        The activation.
    q1, q2 : ndarray of shape (n,)
        Variances, one of each pair 0.

    Returns
    -------
    tuple of ndarray of shape (n,)
    """
    q, place = np.unique(np.concatenate([q1, q2]), return_inverse=True)
    means = np.array([mean_values(source, value) for value in q.tolist()])
    pairs = means[place[: len(q1)]] * means[place[len(q1) :]]
    return pairs[:, 0], pairs[:, 1]
