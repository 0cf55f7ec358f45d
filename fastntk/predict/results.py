"""What the functions of neural-tangents' predict module return."""

from collections import namedtuple
from itertools import permutations
from typing import Any, NamedTuple

from fastntk._typing import FloatArray

__all__ = ["Gaussian", "ODEState", "pack_regimes"]


class Gaussian(NamedTuple):
    """A normal distribution of outputs.

    Attributes
    ----------
    mean : ndarray
        In the shape of the outputs.
    covariance : ndarray
        In the shape of a kernel: (m, m) for outputs that share it.
    """

    mean: FloatArray
    covariance: FloatArray


class ODEState(NamedTuple):
    """Outputs and their velocities, to start or continue `gradient_descent`.

    Attributes
    ----------
    fx_train, fx_test : ndarray or None
        Outputs on the training and the test set.
    qx_train, qx_test : ndarray or None
        Their derivatives by ``sqrt(learning_rate) t``; with momentum only.
    """

    fx_train: Any = None
    fx_test: Any = None
    qx_train: Any = None
    qx_test: Any = None


def _declare(names: tuple[str, ...]) -> Any:
    """Make the named tuple of some regimes, under a name that pickle finds."""
    kind = namedtuple("Gaussians_" + "_".join(names), names)  # type: ignore[misc]
    kind.__module__ = __name__
    kind.__doc__ = f"Results of ``get={names!r}``."
    globals()[kind.__name__] = kind
    return kind


_TUPLES = {
    names: _declare(names)
    for length in (1, 2, 3)
    for names in permutations(("nngp", "ntk", "ntkgp"), length)
}


def pack_regimes(values: dict[str, Any], names: tuple[str, ...], is_tuple: bool) -> Any:
    """Return one value, or the named tuple of several regimes."""
    if not is_tuple:
        return values[names[0]]
    return _TUPLES[names](*(values[name] for name in names))
