"""From a network and rows to an operator or a matrix, as a method wants them."""

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import available_memory, left_behind
from fastntk._shown import shown
from fastntk._typing import AnyArray, IntArray
from fastntk._validation import (
    FeatureNames,
    as_input,
    check_max_memory,
    match_features,
)
from fastntk._validation.arguments import is_one_of
from fastntk.calls.gram import gram_of
from fastntk.operators.build import operator_of
from fastntk.request.options import DEFAULTS, Options
from fastntk.request.placement import on_device_number, to_host
from fastntk.request.request import Request
from fastntk.solvers.inducing.centers import (
    BlocksOf,
    Inducing,
    check_rows,
    of_rows,
)
from fastntk.solvers.preconditioners.partition import partition
from fastntk.solvers.protocol import DenseOperator, KernelOperator
from fastntk.solvers.ridges import Ridge, least
from fastntk.solvers.sub_operator import SubOperator

__all__ = ["PRECISIONS", "System", "memory_there"]

PRECISIONS = ("auto", "float64", "mixed", "float32")
MIXED_ROWS = 10_000  # from here, float32 tiles with refinement save time
SIDE_BY_SIDE = 256  # close rows
FEW_FEATURES = 64  # beyond, rows are hardly ever close
MIXED_RIDGE = 1e-6  # of the mean diagonal; below, float32 tiles see too little


@dataclasses.dataclass(frozen=True)
class System:
    """The kernel of some rows with themselves.

    Attributes
    ----------
    net : Network or Spec
        The network.
    x : ndarray or CSR matrix of shape (n, d)
        The rows.
    get : str
        "nngp" or "ntk".
    precision : str
        One of `PRECISIONS`.
    options : Options
        How tiles are computed; their dtype follows from the precision.
    cache : str, int or path-like
        Which tiles are kept, as for `fastntk.operator`.
    device : int or None
        Number of the GPU that is current while tiles are made there; None: the one
        that is current at the call.
    feature_names : tuple of str or int, or None
        Of the columns of the rows, where these were a table.
    """

    net: Any
    x: Any
    get: str
    precision: str
    options: Options = DEFAULTS
    cache: Any = "auto"
    device: int | None = None
    feature_names: FeatureNames | None = None

    def __post_init__(self) -> None:
        if not is_one_of(self.precision, PRECISIONS):
            raise InputError(
                f"precision: found {shown(self.precision)}; expected one of "
                f"{', '.join(PRECISIONS)}"
            )
        if not isinstance(self.get, str):
            raise InputError(
                f"get: found {shown(self.get)}; expected 'nngp' or 'ntk': a system has "
                "one matrix"
            )

    @property
    def kind(self) -> type[np.floating[Any]]:
        """Dtype of a matrix that is formed, whatever that of the rows."""
        return np.float32 if self.precision == "float32" else np.float64

    def matrix(self) -> DenseOperator:
        """Return the whole matrix, Fortran order, to be overwritten."""
        request = self._request(self.x).with_options(max_memory=None, dtype=self.kind)
        if request.is_layerwise:
            return DenseOperator(gram_of(request), copy=False)
        n = self.x.shape[0]
        out = np.empty((n, n), dtype=self.kind, order="F")
        with on_device_number(self.device):
            gram_of(request, out)
        return DenseOperator(out, copy=False)

    def operators(self, ridge: Ridge) -> tuple[KernelOperator, KernelOperator | None]:
        """Return the operator to iterate with, and the one for residuals if another."""
        if self._request(self.x).is_layerwise:
            return self.matrix(), None
        precision = self.precision
        exact = self._operator("float32" if precision == "float32" else "float64")
        if precision == "auto":
            scale = float(exact.diagonal().mean())
            is_mixed = (
                exact.shape[0] >= MIXED_ROWS and least(ridge) >= MIXED_RIDGE * scale
            )
            precision = "mixed" if is_mixed else "float64"
        if precision == "mixed":
            return self._operator("float32"), exact
        return exact, None

    def inducing(self, centers: Any) -> Inducing:
        """Return what falkon takes for centres of one's own."""
        centers = match_features(to_host(centers), self.feature_names, "centers")
        if self._request(self.x).is_layerwise:
            rows: Any = np.array(centers)
            request = self._request(rows).with_options(max_memory=None)
            cross = gram_of(self._request(self.x, rows).replace(options=DEFAULTS))
            return of_rows(BlocksOf(cross), DenseOperator(gram_of(request)), rows)
        rows = check_rows(centers, self.x)
        kind = np.float32 if self.precision == "float32" else np.float64
        how = (self.get, self.options.replace(dtype=kind), 0)
        with on_device_number(self.device):
            cross = operator_of(self.net, self.x, rows, *how)
            return of_rows(cross, operator_of(self.net, rows, None, *how), rows)

    def cross(self, x_new: Any, coefficients: AnyArray) -> AnyArray:
        """Return ``K(x_new, x) @ coefficients``, tile by tile."""
        x_new = match_features(x_new, self.feature_names, "x_new")
        request = self._request(x_new, self.x)
        if request.is_layerwise:
            options = DEFAULTS.replace(dtype=self.kind)
            block = gram_of(request.replace(options=options))
            return np.asarray(block @ coefficients)
        options = self.options.replace(dtype=self.kind)
        with on_device_number(self.device):
            known = operator_of(self.net, x_new, self.x, self.get, options, 0)
        return np.asarray(known.matmat(coefficients))

    def take(self, rows: Any) -> "System":
        """Return the system of some of the rows."""
        return dataclasses.replace(self, x=self.x[rows])

    def extended(self, x_new: Any) -> tuple[Any, "System"]:
        """Return further rows, checked, and the system of all rows.

        Rows are sparse where these are.
        """
        rows: Any = as_input(x_new, "x_new")
        if rows.shape[1:] != self.x.shape[1:]:
            raise InputError(
                f"x_new: found {rows.shape[1]} features; expected {self.x.shape[1]}, "
                "as in the training rows"
            )
        if isinstance(self.x, np.ndarray):
            if not isinstance(rows, np.ndarray):
                rows = rows.toarray()
            joint: Any = np.concatenate([self.x, rows])
        else:
            from scipy.sparse import csr_matrix, vstack

            rows = csr_matrix(rows)
            joint = vstack([csr_matrix(self.x), rows], format="csr")
        return rows, dataclasses.replace(self, x=joint)

    def _request(self, x1: Any, x2: Any = None) -> Request:
        return Request.of(self.net, x1, x2, self.get, self.options)

    def _operator(self, kind: str) -> Any:
        is_exact = self.precision in ("auto", "mixed") and kind == "float64"
        cache = 0 if is_exact and self.cache == "auto" else self.cache
        how = (None, self.get, self.options.replace(dtype=kind), cache)
        with on_device_number(self.device):
            if self._close_rows is None:
                return operator_of(self.net, self.x, *how)
            rows, place = self._close_rows
            return SubOperator(operator_of(self.net, rows, *how), place)

    @cached_property
    def _close_rows(self) -> tuple[AnyArray, IntArray] | None:
        """The rows with close ones side by side, and where each stands; or None.

        Tiles of rows that are nearly parallel take longer; where such rows stand
        together, few tiles have them: products of clustered rows save a sixth of their
        time.
        """
        x = self.x
        if not isinstance(x, np.ndarray) or x.ndim != 2:
            return None
        if len(x) < MIXED_ROWS or x.shape[1] > FEW_FEATURES:
            return None
        order = np.concatenate(partition(x, SIDE_BY_SIDE, np.random.default_rng(0)))
        return x[order], np.argsort(order)


def memory_there(max_memory: Any) -> int | None:
    """Return the bytes a solve may take: as asked, or nine tenths of what is free.

    What an interrupt has left running counts until it ends.
    """
    asked = check_max_memory(max_memory)
    if asked is not None:
        asked = max(1, asked - left_behind())
    free = available_memory()
    if free is None:
        return asked
    return min(asked, int(0.9 * free)) if asked is not None else int(0.9 * free)
