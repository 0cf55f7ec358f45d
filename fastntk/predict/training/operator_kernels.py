"""A training set whose kernels are never formed: solves by conjugate gradients."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk._errors import ConditionWarning
from fastntk._typing import FloatArray
from fastntk._warnings import warn
from fastntk.predict.training.krylov import KrylovSpace
from fastntk.predict.training.solver import Conditioning
from fastntk.predict.training.trained import Ridge
from fastntk.solvers.cg.block import block_cg
from fastntk.solvers.direct.duplicates import Merged, merge
from fastntk.solvers.protocol import as_operator, product
from fastntk.solvers.result import SolveResult
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
        self._preconditioners: dict[tuple[str, float], Any] = {}
        self._solved: dict[tuple[str, float, int], FloatArray] = {}
        self._spaces: dict[tuple[str, int], KrylovSpace] = {}
        self._reports: dict[str, Conditioning] = {}
        self._merged: list[Merged | None] = []  # found once, on first use

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

    def ridge(self, name: str) -> float:
        """Return what is added to the diagonal of a kernel."""
        return self._ridge.of(self.diagonal(name), self._output_scale)

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
            result = self._run(name, part, shift, groups.means(b))
        self._reports[name] = self._report(name, shift, result)
        if not result.is_success:
            warn(f"{self._reports[name]}: {result.status}", ConditionWarning)
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
        key = (name, hash(b.tobytes()))
        if key in self._spaces:
            return self._spaces[key]
        space = KrylovSpace(self.operator(name), b, RTOL, name)
        if is_kept:
            self._spaces.clear()  # the last one only: it is large
            self._spaces[key] = space
        return space

    def note_space(self, name: str, space: KrylovSpace) -> None:
        """Report on functions that were computed in a space."""
        low, high = space.extremes()
        ridge = self.ridge(name)
        number = (high + ridge) / (low + ridge) if low + ridge > 0 else np.inf
        n = self.operator(name).shape[0]
        self._reports[name] = Conditioning(
            name, "lanczos", n, n, number, 0.0, ridge,
            space.n_products, space.error, self._reason,
        )  # fmt: skip

    def _run(
        self, name: str, operator: Any, shift: float, b: FloatArray
    ) -> SolveResult:
        key = (name, shift)
        known = self._preconditioners.get(key, "rpcholesky")
        result = block_cg(operator, b, shift, rtol=RTOL, preconditioner=known)
        self._preconditioners[key] = result.details.get("preconditioner", known)
        return result

    def consistent(self, b: FloatArray, shift: float) -> FloatArray:
        """Return ``b``, without a ridge the means of duplicate rows."""
        groups = self._groups(shift)
        return b if groups is None else groups.means(b)[groups.group]

    def _groups(self, shift: float) -> Merged | None:
        """Return the groups of duplicate rows where they make the kernel singular."""
        if shift > 0 or self._x_train is None:
            return None
        if not self._merged:
            self._merged.append(merge(self._x_train))
        return self._merged[0]

    def _report(self, name: str, shift: float, result: SolveResult) -> Conditioning:
        n = self.operator(name).shape[0]
        known = self._preconditioners[name, shift]
        largest = float(np.linalg.norm(known.lower, 2) ** 2) if known.rank else np.nan
        number = largest / shift + 1.0 if shift > 0 else np.nan
        return Conditioning(
            name, "cg", n, n, number, 0.0, self.ridge(name),
            result.iterations, result.largest_residual, self._reason,
        )  # fmt: skip
