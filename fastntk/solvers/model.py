"""A solved kernel problem as something that predicts, grows, and can be saved."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import IndefiniteError, InputError, NotSupportedError
from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._typing import FloatArray, MatrixLike
from fastntk._validation import FeatureNames, feature_names, match_features
from fastntk.calls import gram
from fastntk.request.options import Options
from fastntk.request.placement import beside, to_host
from fastntk.solvers.checks import check_targets
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.methods import Settings, solve_again, solve_system
from fastntk.solvers.model_file import Contents, write_model
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import Ridge, described, further
from fastntk.solvers.systems import System

__all__ = ["KernelModel", "model_of"]


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
    feature_names : tuple of str or int, or None
        Names of the columns, where the training rows were a table; they are saved, and
        tables given later are matched by them.
    """

    net: Any
    x: Any
    coefficients: FloatArray
    get: str
    ridge: Ridge
    facts: Mapping[str, Any]
    result: SolveResult | None = None
    _training: tuple[System, FloatArray, Settings] | None = None
    feature_names: FeatureNames | None = None

    @memory_told("predict", SOLVE_LESS)
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
        x_new : array-like, CSR matrix or table of shape (m, d)
            New rows. Columns of a table are matched by name where the training rows
            were one; those of arrays by place.
        threads, max_memory, backend
            As in `fastntk.operator`.

        Returns
        -------
        ndarray of shape (m,) or (m, n_outputs)
            float64; for rows on a GPU an array there.

        Raises
        ------
        InputError
            If the rows do not fit the training rows, or a table has other columns.

        Notes
        -----
        ``m n`` entries are computed and none is kept: memory is that of the inputs.
        """
        options = Options(threads=threads, max_memory=max_memory, backend=backend)
        precision = str(self.facts.get("precision", "float64"))
        system = System(
            self.net,
            self.x,
            self.get,
            precision,
            options,
            feature_names=self.feature_names,
        )
        columns = self.coefficients.reshape(len(self.coefficients), -1)
        found = system.cross(x_new, columns)
        result = found[:, 0] if self.coefficients.ndim == 1 else found
        predictions: FloatArray = beside(result, x_new)
        return predictions

    @memory_told("with_targets", SOLVE_LESS)
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
        return model_of(system, y, result, self.ridge, settings, strict)

    @memory_told("append", SOLVE_LESS)
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
        x_new = match_features(to_host(x_new), self.feature_names, "x_new")
        rows, whole = system.extended(x_new)
        if whole.feature_names is None:  # the first rows that have names
            whole = dataclasses.replace(whole, feature_names=feature_names(x_new))
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
        return model_of(whole, targets, result, joint, settings, strict)

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
        return write_model(Contents(*parts, self.feature_names), path)

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
        how: dict[str, Any] = {"get": self.get, "dtype": self._known("append")[0].kind}
        cross = gram(self.net, rows, x, **how)
        try:
            longer = factor.append(cross, gram(self.net, rows, **how), ridge)
        except IndefiniteError:  # singular by now
            return None
        return longer.result(y, rtol).replace(reason="the factor was extended by rows")


def model_of(
    system: System,
    y: Any,
    result: SolveResult,
    ridge: Ridge,
    settings: Settings,
    strict: bool,
) -> KernelModel:
    """Return the model of a solve; unless ``strict`` of one that failed, too."""
    if strict:
        result.require_success()
    kind = "float32" if system.precision == "float32" else "float64"
    facts = result.facts() | {"precision": kind}
    x, centers = system.x, result.centers
    if centers is not None:  # training rows, or rows of one's own
        x = centers if centers.ndim > 1 else system.x[centers]
    targets, is_vector = check_targets(y, system.x.shape[0])  # a copy
    training = (system, targets[:, 0] if is_vector else targets, settings)
    return KernelModel(
        net=system.net,
        x=x,
        coefficients=result.x,
        get=system.get,
        ridge=ridge,
        facts=facts,
        result=result,
        _training=training,
        feature_names=system.feature_names,
    )
