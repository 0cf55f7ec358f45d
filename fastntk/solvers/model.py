"""A solved kernel problem as something that predicts, grows, and can be saved."""

import dataclasses
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import IndefiniteError, InputError, NotSupportedError
from fastntk._typing import FloatArray, MatrixLike
from fastntk.calls import gram
from fastntk.request.options import Options
from fastntk.request.placement import beside, to_host
from fastntk.solvers.checks import check_targets
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.methods import Settings, solve_again, solve_system
from fastntk.solvers.model_file import Contents, write_model
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import Ridge, described, further
from fastntk.solvers.solve import Problem, solve
from fastntk.solvers.systems import System

__all__ = ["KernelModel", "fit"]


@dataclasses.dataclass(frozen=True, eq=False)
class KernelModel:
    """``f(x) = K(x, X) (K + ridge I)^-1 y``; made by `fastntk.fit`.

    Attributes
    ----------
    net : Network or Spec
        The network.
    x : ndarray or CSR matrix of shape (n, d)
        Rows that coefficients belong to: the training rows, or the centres (falkon).
    coefficients : ndarray of shape (n,) or (n, n_outputs)
        One for each row.
    get : str
        "nngp" or "ntk".
    ridge : float or ndarray of shape (n,) or (1, n_outputs)
        Of the system: one number, one per training row, or one per target.
    facts : mapping
        How the solve went, as plain numbers and words; what is saved.
    result : SolveResult or None
        The record of the solve; None in a model that was loaded.
    """

    net: Any
    x: Any
    coefficients: FloatArray
    get: str
    ridge: Ridge
    facts: Mapping[str, Any]
    result: SolveResult | None = None
    _training: tuple[System, FloatArray, Settings] | None = None

    def predict(
        self,
        x_new: MatrixLike,
        *,
        threads: int | None = None,
        max_memory: int | float | str | None = None,
        backend: str = "auto",
    ) -> FloatArray:
        """Return predictions at new rows, tile by tile.

        Parameters
        ----------
        x_new : array-like or CSR matrix of shape (m, d)
            New rows.
        threads, max_memory, backend
            As in `fastntk.operator`.

        Returns
        -------
        ndarray of shape (m,) or (m, n_outputs)
            float64; for rows on a GPU an array there.

        Raises
        ------
        InputError
            If the rows do not fit the training rows.

        Notes
        -----
        ``m n`` entries are computed and none is kept: memory is that of the inputs.
        """
        options = Options(threads=threads, max_memory=max_memory, backend=backend)
        precision = str(self.facts.get("precision", "float64"))
        system = System(self.net, self.x, self.get, precision, options)
        columns = self.coefficients.reshape(len(self.coefficients), -1)
        found = system.cross(x_new, columns)
        result = found[:, 0] if self.coefficients.ndim == 1 else found
        predictions: FloatArray = beside(result, x_new)
        return predictions

    def with_targets(self, y: Any, *, strict: bool = True) -> "KernelModel":
        """Return the model of other targets for the same rows.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.
        strict : bool, default=True
            Raise where the tolerance is not met.

        Raises
        ------
        NotSupportedError
            For a model that was loaded: it has no factorisation.
        ConvergenceError
            If the tolerance is not met.

        Notes
        -----
        A factorisation (cholesky, eigh, pinv) or a preconditioner (cg) that is there is
        used again.
        """
        system, _, settings = self._known("with_targets")
        y = to_host(y)
        result = solve_again(self._result(), system, y, self.ridge, settings)
        return _model(system, y, result, self.ridge, settings, strict)

    def append(
        self, x_new: MatrixLike, y_new: Any, *, ridge: Any = None, strict: bool = True
    ) -> "KernelModel":
        """Return the model of the training rows and further ones.

        Parameters
        ----------
        x_new : array-like or CSR matrix of shape (m, d)
            Further rows.
        y_new : array-like of shape (m,) or (m, n_outputs)
            Their targets.
        ridge : float or array-like of shape (m,), optional
            Of these rows. By default that of the model; where that is one per row, it
            has to be given, and where it is one per target it can't.
        strict : bool, default=True
            Raise where the tolerance is not met.

        Raises
        ------
        InputError
            If they do not fit.
        NotSupportedError
            For a model that was loaded.

        Notes
        -----
        A Cholesky factor is extended, ``n^2 m`` flops; other methods start anew, as it
        does where the new rows make the matrix singular.
        """
        system, y, settings = self._known("append")
        rows, whole = system.extended(to_host(x_new))
        more, _ = check_targets(y_new, rows.shape[0], "y_new")
        if more.shape[1] != y.reshape(len(y), -1).shape[1]:
            raise InputError(
                f"y_new: found {more.shape[1]} outputs; expected "
                f"{y.reshape(len(y), -1).shape[1]}, as many as before"
            )
        targets = np.concatenate([y, more.reshape(len(more), *y.shape[1:])])
        fresh, joint = further(self.ridge, system.x.shape[0], ridge, rows.shape[0])
        result = self._extended(system.x, rows, targets, fresh, settings["rtol"])
        if result is None:
            method = self._result().method
            result = solve_system(whole, targets, joint, method, settings)
        result = result.replace(ridge=joint)
        return _model(whole, targets, result, joint, settings, strict)

    def save(self, path: Any) -> tuple[Path, Path]:
        """Save the model as ``path.npz`` (arrays) and ``path.json`` (all else).

        Parameters
        ----------
        path : path-like
            With or without one of the two endings.

        Returns
        -------
        tuple of Path
            The two files. Each is written whole or not at all; the second holds the
            hash of the first.

        Raises
        ------
        OSError
            If they can't be written.
        NetworkError
            If the network has Python functions of yours, which are not saved.
        """
        parts = (self.net, self.x, self.coefficients, self.get, self.ridge, self.facts)
        return write_model(Contents(*parts), path)

    def __repr__(self) -> str:
        n, d = self.x.shape[:2]
        rows = "centres" if self.facts.get("method") == "falkon" else "rows"
        outputs = 1 if self.coefficients.ndim == 1 else self.coefficients.shape[1]
        return (
            f"KernelModel({self.get}, {n} {rows} of {d} features, {outputs} outputs, "
            f"ridge {described(self.ridge)}, {self.facts.get('summary', '')})"
        )

    def _known(self, call: str) -> tuple[System, FloatArray, Settings]:
        if self._training is None:
            raise NotSupportedError(
                f"{call}: this model was loaded from a file, which holds no "
                "factorisation and no targets; fit it again with fastntk.fit"
            )
        return self._training

    def _result(self) -> SolveResult:
        assert self.result is not None
        return self.result

    def _extended(
        self, x: Any, rows: Any, y: FloatArray, ridge: Ridge, rtol: float
    ) -> SolveResult | None:
        factor = self._result().details.get("factor")
        if not isinstance(factor, CholeskyFactor) or factor.n != x.shape[0]:
            return None
        cross = gram(self.net, rows, x, get=self.get)
        try:
            corner = gram(self.net, rows, get=self.get)
            longer = factor.append(cross, corner, ridge)
        except IndefiniteError:  # singular by now
            return None
        return longer.result(y, rtol).replace(reason="the factor was extended by rows")


def fit(net: Any, x: MatrixLike, y: Any, **options: Any) -> KernelModel:
    """Solve a kernel problem and return the model that predicts with it.

    Parameters
    ----------
    net, x, y, **options
        As for `fastntk.solve`.

    Returns
    -------
    KernelModel
        ``model.result`` is the `SolveResult`. Rows, targets and coefficients are in
        host memory, also where those given lie on a GPU.

    Raises
    ------
    FastntkError
        As `fastntk.solve`.

    Examples
    --------
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512, W_std=1.5), stax.Relu(), stax.Dense(1))
    >>> x = np.random.default_rng(0).standard_normal((50, 3))
    >>> model = fastntk.fit(net, x, np.sin(x[:, 0]), ridge=1e-3)
    >>> model.predict(x[:4]).shape
    (4,)
    >>> more = model.append(x[:2] + 0.5, np.sin(x[:2, 0] + 0.5))
    >>> more.result.reason
    'the factor was extended by rows'
    """
    bound = inspect.signature(solve).bind(net, x, y, **options)
    bound.apply_defaults()
    problem, y = Problem.of(net, x, bound.arguments), to_host(y)
    result = problem.solve(y)
    return _model(
        problem.system, y, result, problem.ridge, problem.settings, problem.strict
    )


def _model(
    system: System,
    y: Any,
    result: SolveResult,
    ridge: Ridge,
    settings: Settings,
    strict: bool,
) -> KernelModel:
    if strict:
        result.require_success()
    kind = "float32" if system.precision == "float32" else "float64"
    facts = result.facts() | {"precision": kind}
    x, centers = system.x, result.centers
    if centers is not None:  # training rows, or rows of one's own
        x = centers if centers.ndim > 1 else system.x[centers]
    training = (system, np.asarray(y, dtype=np.float64), settings)
    return KernelModel(
        system.net, x, result.x, system.get, ridge, facts, result, training
    )
