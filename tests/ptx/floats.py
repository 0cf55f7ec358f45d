"""What instructions on floating-point numbers compute, to the last bit.

NumPy's float32 and float64 round as IEEE 754 has it, and so do the instructions marked
``.rn``. A fused multiply-add rounds once: Numba compiles it for the CPU. Instructions
marked ``.approx`` may be wrong by what the manual promises (PTX ISA, chapter on
floating-point instructions); `disturbed` uses that up.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["APPROXIMATE", "Noise", "flushed", "fused", "largest", "smallest"]

Function = Callable[..., Any]


@functools.cache
def fused() -> Function:
    """Return ``a * b + c``, rounded once, for both widths."""
    import numba
    from numba.extending import intrinsic

    def typed(typing: Any, a: Any, b: Any, c: Any) -> Any:
        def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.fma(*args)

        return a(a, a, a), make

    one_rounding = intrinsic(typed)

    def each(a: Any, b: Any, c: Any) -> Any:
        return one_rounding(a, b, c)

    kinds = ["float32(float32,float32,float32)", "float64(float64,float64,float64)"]
    made: Function = numba.vectorize(kinds)(each)
    return made


def largest(a: Any, b: Any) -> Any:
    """Return the larger number: that which is no NaN, and +0 rather than -0."""
    return _tied(a, b, np.fmax, np.bitwise_and)


def smallest(a: Any, b: Any) -> Any:
    """Return the smaller number, -0 rather than +0."""
    return _tied(a, b, np.fmin, np.bitwise_or)


def _tied(a: Any, b: Any, choose: Function, join: Function) -> Any:
    found = choose(a, b)
    if not np.any(found == 0):
        return found
    bits = np.dtype(f"u{found.dtype.itemsize}")
    both = join(a.view(bits), b.view(bits)).view(found.dtype)
    return np.where(a == b, both, found)[()]


def flushed(function: Function) -> Function:
    """Return ``.ftz``: subnormal arguments and results become zeros."""

    def flush(a: Any) -> Any:
        if a.dtype != np.float32:
            return a
        return np.where(np.abs(a) < np.float32(2.0**-126), a * np.float32(0), a)[()]

    return lambda *args: flush(function(*(flush(a) for a in args)))


def _quotient(a: Any, b: Any) -> Any:
    """Return ``a / b`` as ``div.approx`` has it: by divisors above 2^126 it is 0."""
    is_large = (np.abs(b) > 2.0**126) & np.isfinite(b)
    return np.where(is_large, np.where(np.isinf(a), np.nan, 0.0), np.divide(a, b))[()]


APPROXIMATE: dict[str, tuple[Function, float]] = {
    "rcp": (lambda a: 1.0 / a, 2.0**-23),
    "sqrt": (np.sqrt, 2.0**-23),
    "rsqrt": (lambda a: 1.0 / np.sqrt(a), 2.0**-22.4),
    "div": (_quotient, 2.0**-22),
    "ex2": (np.exp2, 2.0**-22),
    "lg2": (np.log2, 2.0**-22),
    "sin": (np.sin, 2.0**-20),
    "cos": (np.cos, 2.0**-20),
    "tanh": (np.tanh, 2.0**-11),
}
"""Function and largest error: of ``sin`` and ``cos`` absolute, of others relative."""


class Noise:
    """Errors as large as the manual allows, of either sign.

    Parameters
    ----------
    share : float
        Of the largest error; 0 rounds correctly.
    """

    def __init__(self, share: float = 0.0, seed: int = 0) -> None:
        self.share, self.rng = share, np.random.default_rng(seed)

    def approximate(self, name: str, kind: np.dtype[Any]) -> Function:
        """Return an approximate instruction."""
        exact, error = APPROXIMATE[name]
        if kind == np.float64 and name in ("rcp", "rsqrt"):
            error = 2.0**-20
        is_absolute = name in ("sin", "cos")

        def disturbed(*args: Any) -> Any:
            value = exact(*(a.astype(np.float64) for a in args))
            if self.share:
                sign = self.rng.choice((-error, error), np.shape(value)) * self.share
                value = value + sign if is_absolute else value * (1.0 + sign)
            return np.asarray(value).astype(kind)[()]

        return disturbed


def to_integer(word: str, goal: np.dtype[Any]) -> Function:
    """Return a conversion to integers: what does not fit becomes the nearest."""
    rounding = ROUND[word]
    limits = np.iinfo(goal)

    def convert(a: Any) -> Any:
        whole = rounding(a)
        high, low = whole >= float(limits.max), whole <= float(limits.min)
        inside = np.where(high | low | np.isnan(whole), 0, whole).astype(goal)
        found = np.where(high, limits.max, np.where(low, limits.min, inside))
        return found.astype(goal)[()]

    return convert


ROUND = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}
