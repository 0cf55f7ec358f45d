"""From a layer to its `Source`: which function it is, where it is not smooth."""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray
from fastntk.duals.sources import functions as f
from fastntk.duals.sources.called import Called
from fastntk.duals.sources.source import Source
from fastntk.spec import (
    Arctan,
    Celu,
    Elementwise,
    ElementwiseNumerical,
    Elu,
    GeluTanh,
    HardSwish,
    HardTanh,
    LogCosh,
    Mish,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softplus,
    Softsign,
    Spec,
    Tanh,
)

__all__ = ["Known", "known_function", "source_of"]


@dataclasses.dataclass(frozen=True)
class Known:
    """A ready-made activation.

    Attributes
    ----------
    fn, df : callable
        The function and its derivative.
    kinks : tuple of float
        Where it is not smooth.
    strip : float
        Half width of the strip in which it is analytic; 0: none, or not known.
    """

    fn: f.Function
    df: f.Function
    kinks: tuple[float, ...] = ()
    strip: float = 0.0


def _ramp(low: float, high: float) -> tuple[f.Function, f.Function]:
    """Return ``min(max(u, low), high)`` and its derivative."""

    def ramp(u: FloatArray) -> FloatArray:
        return np.asarray(np.clip(u, low, high))

    def ramp_slope(u: FloatArray) -> FloatArray:
        return np.where((u > low) & (u < high), 1.0, 0.0)

    return ramp, ramp_slope


_FIXED: dict[type[Spec], Known] = {
    Tanh: Known(np.tanh, f.tanh_slope, strip=math.pi / 2),
    Sigmoid: Known(f.sigmoid, f.sigmoid_slope, strip=math.pi),
    Softplus: Known(f.softplus, f.sigmoid, strip=math.pi),
    Silu: Known(f.silu, f.silu_slope, strip=math.pi),
    Mish: Known(f.mish, f.mish_slope, strip=3 * math.pi / 4),
    Softsign: Known(f.softsign, f.softsign_slope, (0.0,)),
    HardTanh: Known(*_ramp(-1.0, 1.0), (-1.0, 1.0)),
    Relu6: Known(*_ramp(0.0, 6.0), (0.0, 6.0)),
    HardSwish: Known(f.hard_swish, f.hard_swish_slope, (-3.0, 3.0)),
    GeluTanh: Known(f.gelu_tanh, f.gelu_tanh_slope),
    LogCosh: Known(f.log_cosh, np.tanh, strip=math.pi / 2),
    Arctan: Known(np.arctan, f.arctan_slope, strip=1.0),
}


def known_function(spec: Spec) -> Known | None:
    """Return the function of a ready-made activation.

    Parameters
    ----------
    spec : Spec
        A layer.

    Returns
    -------
    Known or None
        None for other layers.
    """
    if isinstance(spec, Elu):
        return _elu(spec.alpha, 1.0)
    if isinstance(spec, Selu):
        return _elu(f.SELU_ALPHA, f.SELU_SCALE)
    if isinstance(spec, Celu):
        fn = functools.partial(f.celu, alpha=spec.alpha)
        df = functools.partial(f.celu_slope, alpha=spec.alpha)
        return Known(fn, df, (0.0,))
    return _FIXED.get(type(spec))


def _elu(alpha: float, scale: float) -> Known:
    fn = functools.partial(f.elu, alpha=alpha, scale=scale)
    df = functools.partial(f.elu_slope, alpha=alpha, scale=scale)
    return Known(fn, df, (0.0,))


@functools.lru_cache(maxsize=128)
def source_of(spec: Spec, label: str) -> Source:
    """Return what the numerical methods need of a layer.

    Parameters
    ----------
    spec : Spec
        A ready-made activation, `Elementwise` with ``fn``, or `ElementwiseNumerical`.
    label : str
        The layer as shown in messages.

    Returns
    -------
    Source

    Raises
    ------
    NetworkError
        If it is no such layer, or its function takes no arrays, or returns something
        that is no array of real numbers of this shape.
    """
    known = known_function(spec)
    if known is not None:
        fn, df = Called(known.fn, "fn", label), Called(known.df, "df", label)
        return Source(fn, df, known.kinks, label, known.strip, is_known=True)
    if not isinstance(spec, Elementwise | ElementwiseNumerical) or spec.fn is None:
        raise NetworkError(
            f"{label}: found no function of an array; expected an activation"
        )
    kinks = spec.kinks if isinstance(spec, Elementwise) else None
    return _checked(Source(*_called(spec.fn, spec.df, label), kinks, label))


def _called(
    fn: Callable[..., Any], df: Callable[..., Any] | None, label: str
) -> tuple[Called, Called | None]:
    return Called(fn, "fn", label), None if df is None else Called(df, "df", label)


def _checked(source: Source) -> Source:
    """Try the function out where every one has to have a value."""
    u = np.concatenate([np.linspace(-4, 4, 33), [1e-3, -1e-3]])
    for function in (source.fn, source.df):
        if function is None:
            continue
        values = function(u)
        if not np.isfinite(values).all():
            at = u[~np.isfinite(values)][0]
            raise NetworkError(
                f"{source.label}: {function.name}({at:.6g}) is infinite; expected "
                "finite numbers. Guard divisions and logarithms, e.g. by numpy.maximum"
            )
    if not np.nan_to_num(source.fn.or_nan(np.linspace(-40, 40, 4001))).any():
        raise NetworkError(
            f"{source.label}: fn is 0 at 4001 points between -40 and 40; expected an "
            "activation, which is not 0 almost everywhere"
        )
    return source
