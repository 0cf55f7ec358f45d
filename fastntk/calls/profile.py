"""A network's kernels as functions of the correlation between two rows."""

from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import GetArg
from fastntk._validation import check_get, to_array
from fastntk.backends.cpu.collapse import ExactRecursion
from fastntk.backends.cpu.numerical import specialise
from fastntk.program import lower
from fastntk.request.results import pack
from fastntk.spec import as_spec, resolve_axes

__all__ = ["profile"]


def profile(
    net: Any, rho: Any, get: GetArg, variance: float, n_features: int | None
) -> Any:
    """Return the kernels between rows of one mean square; see `Network.profile`."""
    names, is_tuple = check_get(get)
    values = to_array(rho, "rho")
    if values.dtype.kind not in "fiub":
        raise InputError(
            f"rho: found dtype {values.dtype}; expected real numbers from -1 to 1"
        )
    points = values.astype(np.float64)
    if not (np.abs(points) <= 1).all():  # NaN too
        raise InputError("rho: found numbers outside [-1, 1]; expected correlations")
    q = _mean_square(variance)
    program = lower(resolve_axes(as_spec(net), 2), names, n_features)
    double = np.dtype(np.float64)
    program = specialise(program, (np.array([q]),), double)
    x = np.copysign(1.0 - np.abs(points), points)
    kernels = ExactRecursion(program).at_complements(x.reshape(-1), q)
    results = [kernels[name].reshape(points.shape) for name in names]
    return pack(results, names, is_tuple)


def _mean_square(variance: Any) -> float:
    """Return the mean square of rows, checked."""
    try:
        q = float(variance)
    except (TypeError, ValueError):
        q = np.nan
    if isinstance(variance, bool) or not 0 < q < np.inf:
        raise InputError(
            f"variance: found {shown(variance)}; expected a positive number, the mean "
            "square of a row's features"
        )
    return q
