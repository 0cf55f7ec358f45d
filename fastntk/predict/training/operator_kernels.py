"""A training set whose kernels are never formed: solves by conjugate gradients."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk._errors import ConditionWarning
from fastntk._typing import FloatArray
from fastntk._warnings import warn
from fastntk.predict.training.krylov import KrylovSpace
from fastntk.predict.training.ridge import Ridge, WithDiagonal, mean_ridge
from fastntk.predict.training.solver import Conditioning
from fastntk.solvers.cg.block import block_cg
from fastntk.solvers.direct.duplicates import Merged, merge
from fastntk.solvers.protocol import as_operator, product
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import among, least
from fastntk.solvers.sub_operator import SubOperator

__all__ = ["OperatorKernels"]

RTOL = 1e-9  # of residuals: outputs then agree with a factorisation to 1e-6


class OperatorKernels:
    """Kernels of a training set as operators, and solves with them.

    Parameters
    ----------
    load : callable
        ``load(name)`` returns the operator "nngp" or "ntk" of the training set.
    ridge : Ridge
        Added to the diagonal.
    output_scale : float
        Mean eigenvalue of the factor of the outputs.
    reason : str
        Why no matrix is formed, for reports.
    x_train : object
        Training rows, in which duplicates are looked for where there is no ridge.

    Notes
    -----
    Infinite time: preconditioned block conjugate gradients. Finite times: block
    Lanczos, one space for all times. Preconditioners and spaces are kept.
    """

    def __init__(
        self,
        load: Callable[[str], Any],
        ridge: Ridge,
        output_scale: float,
        reason: str,
        x_train: Any = None,
    ) -> None:
        self._load = load
        self._ridge = ridge
        self._output_scale = output_scale
        self._reason = reason
        self._x_train = x_train
        self._operators: dict[str, Any] = {}
        self._diagonals: dict[str, FloatArray] = {}
        self._preconditioners: dict[tuple[str, Any], Any] = {}
        self._solved: dict[tuple[str, float, int], FloatArray] = {}
        self._spaces: dict[tuple[str, int, Any], KrylovSpace] = {}
        self._reports: dict[str, Conditioning] = {}
        self._merged: dict[Any, Merged | None] = {}  # found once, on first use

    def operator(self, name: str) -> Any:
        """Return a kernel of the training set as an operator, without ridge."""
        if name not in self._operators:
            self._operators[name] = as_operator(self._load(name))
        return self._operators[name]

    def diagonal(self, name: str) -> FloatArray:
        """Return its diagonal."""
        if name not in self._diagonals:
            found = np.asarray(self.operator(name).diagonal(), dtype=np.float64)
            self._diagonals[name] = found
        return self._diagonals[name]

    def ridge(self, name: str) -> float | FloatArray:
        """Return what is added to the diagonal of a kernel: a number, or (n,)."""
        return self._ridge.of(self.diagonal(name), self._output_scale)

    def shift(self, name: str) -> float:
        """Return what is to be added to the eigenvalues in a `space`."""
        ridge = self.ridge(name)
        return 0.0 if isinstance(ridge, np.ndarray) else ridge

    def reports(self) -> dict[str, Conditioning]:
        """Return how the solves went, by kernel."""
        return dict(self._reports)

    def with_ridge(self, ridge: Ridge) -> "OperatorKernels":
        """Return the same kernels with another ridge; operators are shared."""
        other = copy.copy(self)
        other._ridge = ridge
        other._solved, other._reports = {}, {}
        return other

    def multiply(self, name: str, columns: FloatArray) -> FloatArray:
        """Return ``K V``, without ridge."""
        return product(self.operator(name), columns, 0.0)

    def solve(self, name: str, b: FloatArray, scale: float = 1.0) -> FloatArray:
        """Return ``(scale K + ridge I)^-1 b``.

        Without a ridge, duplicate rows are solved for once, with the mean of what they
        have in ``b``: the answer of the pseudoinverse.
        """
        shift = self.ridge(name) / scale
        groups = self._groups(shift)
        if groups is None:
            result = self._run(name, self.operator(name), shift, b)
        else:
            part = SubOperator(self.operator(name), groups.first)
            result = self._run(name, part, among(shift, groups.first), groups.means(b))
        work = shift if groups is None else among(shift, groups.first)
        self._reports[name] = self._report(name, work, result)
        if not result.is_success:
            warn(
                f"{self._reports[name]}: {result.status.advice(result.method)}",
                ConditionWarning,
            )
        x = np.asarray(result.x) / scale
        return x if groups is None else groups.spread(x)

    def solve_targets(self, name: str, y: FloatArray, scale: float) -> FloatArray:
        """Return the same, kept: training targets are asked for again and again."""
        key = (name, scale, hash(y.tobytes()))
        if key not in self._solved:
            self._solved[key] = self.solve(name, y, scale)
        return self._solved[key]

    def space(self, name: str, b: FloatArray, is_kept: bool) -> KrylovSpace:
        """Return the Krylov space of a block."""
        key = (name, hash(b.tobytes()), _token(self._inside(name)))
        if key in self._spaces:
            return self._spaces[key]
        inside = self._inside(name)
        operator = self.operator(name)
        if isinstance(inside, np.ndarray):
            operator = WithDiagonal(operator, inside)
        space = KrylovSpace(operator, b, RTOL, name)
        if is_kept:
            self._spaces.clear()  # the last one only: it is large
            self._spaces[key] = space
        return space

    def note_space(self, name: str, space: KrylovSpace) -> None:
        """Report on functions that were computed in a space."""
        low, high = space.extremes()
        shift = self.shift(name)
        number = (high + shift) / (low + shift) if low + shift > 0 else np.inf
        n = self.operator(name).shape[0]
        self._reports[name] = Conditioning(
            name, "lanczos", n, n, number, 0.0, mean_ridge(self.ridge(name)),
            space.n_products, space.error, self._reason,
        )  # fmt: skip

    def _run(
        self, name: str, operator: Any, shift: float | FloatArray, b: FloatArray
    ) -> SolveResult:
        key = (name, _token(shift))
        known = self._preconditioners.get(key, "rpcholesky")
        result = block_cg(operator, b, shift, rtol=RTOL, preconditioner=known)
        self._preconditioners[key] = result.details.get("preconditioner", known)
        return result

    def _inside(self, name: str) -> float | FloatArray:
        """Return what is part of the operator of a Krylov space: one ridge per row."""
        ridge = self.ridge(name)
        return ridge if isinstance(ridge, np.ndarray) else 0.0

    def consistent(self, b: FloatArray, shift: float | FloatArray) -> FloatArray:
        """Return ``b``, without a ridge the means of duplicate rows."""
        groups = self._groups(shift)
        return b if groups is None else groups.means(b)[groups.group]

    def _groups(self, shift: float | FloatArray) -> Merged | None:
        """Return the groups of duplicate rows where they make the kernel singular."""
        if least(shift) > 0 or self._x_train is None:
            return None
        token = _token(shift)
        if token not in self._merged:
            self._merged[token] = merge(self._x_train, shift)
        return self._merged[token]

    def _report(
        self, name: str, shift: float | FloatArray, result: SolveResult
    ) -> Conditioning:
        n = self.operator(name).shape[0]
        known = self._preconditioners[name, _token(shift)]
        largest = float(np.linalg.norm(known.lower, 2) ** 2) if known.rank else np.nan
        low = least(shift)
        number = largest / low + 1.0 if low > 0 else np.nan
        return Conditioning(
            name, "cg", n, n, number, 0.0, mean_ridge(self.ridge(name)),
            result.iterations, result.largest_residual, self._reason,
        )  # fmt: skip


def _token(ridge: float | FloatArray) -> Any:
    """Return a key for a ridge."""
    return ridge.tobytes() if isinstance(ridge, np.ndarray) else ridge
