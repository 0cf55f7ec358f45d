"""``exp(-z)`` and ``1 - exp(-z)`` for strips: what libm offers is no packed code."""

from __future__ import annotations

import math
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Scalar
from fastntk.kernels.formulas.polynomials import polynomial

__all__ = ["decay"]

# adding 1.5 * 2^mantissa rounds to an integer, which then stands in the lowest bits
_SHIFT_64, _SHIFT_32 = 1.5 * 2.0**52, 1.5 * 2.0**23
# exp(-z) stays a normal number
_LARGEST_64, _LARGEST_32 = 708.0, 87.0
# ln 2 in two parts: the first times any exponent is exact
_LN2_HIGH, _LN2_LOW = 0.693145751953125, 1.4286068203094172e-6


def _pick(x: Any, for_64: float, for_32: float) -> Any:
    """Return the constant of the dtype of ``x``, in that dtype."""
    return like(x, for_64 if x.dtype.itemsize == 8 else for_32)


@overload(_pick, inline="always")
def _pick_overload(x, for_64, for_32):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x, for_64, for_32: like(x, for_32)
    return lambda x, for_64, for_32: like(x, for_64)


def _inverse_power(shifted: Any) -> Any:
    """Return ``2**-k`` for ``shifted = 1.5 * 2**mantissa + k``."""
    kind = type(shifted)
    is_double = shifted.dtype.itemsize == 8
    return kind(2.0 ** -float(shifted - kind(_SHIFT_64 if is_double else _SHIFT_32)))


@intrinsic
def _inverse_power_bits(typingctx, shifted):  # type: ignore[no-untyped-def]
    """Build the float from its exponent bits: ``(bias - k) << mantissa``."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        ir = cgutils.ir
        is_double = signature.args[0] == types.float64
        width, mantissa, bias = (64, 52, 1023) if is_double else (32, 23, 127)
        kind = ir.IntType(width)
        bits = builder.bitcast(args[0], kind)
        exponent = builder.sub(kind(bias), bits)
        return builder.bitcast(builder.shl(exponent, kind(mantissa)), args[0].type)

    return shifted(shifted), codegen


@overload(_inverse_power, inline="always")
def _inverse_power_overload(shifted):  # type: ignore[no-untyped-def]
    return lambda shifted: _inverse_power_bits(shifted)  # noqa: PLW0108


@scalar
def decay(z: Scalar, decay_c: Coefs) -> tuple[Scalar, Scalar]:
    """Return ``exp(-z)`` and ``1 - exp(-z)`` for ``z >= 0``, both to the last bits.

    ``z = k ln 2 + f`` with ``|f| <= ln(2)/2``; ``(1 - exp(-f))/f`` is a polynomial.
    Beyond the exponents of the dtype the result is that of the largest ``z``.
    """
    one = like(z, 1.0)
    largest = _pick(z, _LARGEST_64, _LARGEST_32)
    shift = _pick(z, _SHIFT_64, _SHIFT_32)
    z = z if z < largest else largest
    shifted = z * like(z, 1.0 / math.log(2.0)) + shift
    k = shifted - shift
    f = (z - k * like(z, _LN2_HIGH)) - k * like(z, _LN2_LOW)
    lost = f * polynomial(f, decay_c)
    power = _inverse_power(shifted)
    return power - power * lost, (one - power) + power * lost
