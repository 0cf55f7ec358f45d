"""What a benchmark is asked to measure, and the rows it measures on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastntk._typing import AnyArray
from fastntk.benchmark.machine import available_cores

if TYPE_CHECKING:
    from fastntk.stax import Network

__all__ = ["RIVALS", "Settings", "random_rows"]

RIVALS = ("neural-tangents", "scikit-ntk", "numpy")
SPREAD = 4.0  # largest over smallest norm of a row
NetworkOfDepth = Callable[[int], "Network"]


@dataclass(frozen=True)
class Settings:
    """What to measure.

    Parameters
    ----------
    net : Network
        The network.
    n, d : int
        Rows and features.
    get : {"ntk", "nngp"}
        Which kernel.
    dtype : {"float64", "float32"}
    threads : int
        For every library.
    repeats, rival_repeats : int
        Turns of fastntk, and of rivals.
    columns : int
        Of the matrix that the streamed product multiplies.
    against : tuple of str
        Libraries to compare with, of `RIVALS`.
    environments : dict of str to Path
        The Python program of each of them.
    of_depth : callable, optional
        Network with so many hidden layers, for times against depth.
    depths : tuple of int
        Which depths.
    cold : bool
        Also time the first call with an empty cache of compiled kernels.
    patience : float
        Seconds to wait for other processes to rest before each group of measurements.
    """

    net: Network
    n: int = 4000
    d: int = 20
    get: str = "ntk"
    dtype: str = "float64"
    threads: int = 1
    repeats: int = 7
    rival_repeats: int = 9
    columns: int = 10
    against: tuple[str, ...] = ()
    environments: dict[str, Path] | None = None
    of_depth: NetworkOfDepth | None = None
    depths: tuple[int, ...] = (1, 2, 4, 8, 16)
    cold: bool = True
    patience: float = 10.0

    @property
    def kind(self) -> np.dtype[Any]:
        """The dtype as NumPy's object."""
        return np.dtype(self.dtype)

    @property
    def n_cross(self) -> int:
        """Rows of the other side of the rectangular matrix: as much work as x2=None."""
        return max(1, self.n // 2)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of rows for times against n: an eighth to all."""
        return tuple(sorted({max(2, self.n // k) for k in (8, 4, 2, 1)}))

    @property
    def depth_rows(self) -> int:
        """Rows for times against depth."""
        return min(self.n, 2000)

    def as_dict(self) -> dict[str, Any]:
        """Return what a report says of the settings."""
        names = ("n", "d", "get", "dtype", "threads", "repeats", "rival_repeats")
        found = {name: getattr(self, name) for name in names}
        more = {"columns": self.columns, "against": list(self.against)}
        return found | {"cores": available_cores()} | more

    def rows(self, n: int, seed: int = 0) -> AnyArray:
        """Return ``n`` rows to measure on."""
        return random_rows(n, self.d, self.dtype, seed)


def random_rows(n: int, d: int, dtype: Any = "float64", seed: int = 0) -> AnyArray:
    """Return Gaussian rows whose norms are log-uniform in ``sqrt(d) [1/2, 2]``.

    Parameters
    ----------
    n, d : int
    dtype : dtype-like
    seed : int

    Returns
    -------
    ndarray of shape (n, d)

    Examples
    --------
    >>> import numpy as np
    >>> norms = np.linalg.norm(random_rows(1000, 5), axis=1) / 5**0.5
    >>> bool(norms.min() > 0.499 and norms.max() < 2.001 and norms.std() > 0.3)
    True
    """
    rng = np.random.default_rng([seed, n, d])
    rows = rng.standard_normal((n, d))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    half = np.sqrt(SPREAD)
    norms = np.sqrt(d) * np.exp(rng.uniform(-np.log(half), np.log(half), n))
    return np.asarray(rows * norms[:, None], dtype)
