"""`fastntk.fit`: from a network, rows and targets to a model."""

import inspect
from typing import Any

from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._typing import MatrixLike
from fastntk._validation import check_flag
from fastntk.request.placement import is_on_device, to_host
from fastntk.solvers.model import KernelModel, model_of
from fastntk.solvers.solve import Problem, solve

__all__ = ["fit"]


@memory_told("fit", SOLVE_LESS)
def fit(
    net: Any, x: MatrixLike, y: Any, *, copy: bool = True, **options: Any
) -> KernelModel:
    """Solve a kernel problem and return the model that predicts with it.

    Parameters
    ----------
    net, x, y
        As for `fastntk.solve`. Where the rows are a table (a DataFrame of pandas or
        polars), the model keeps the names of its columns.
    copy : bool, default=True
        Whether the model keeps a copy of the rows, ``n d`` numbers, so that you may
        change yours; it counts as an input in ``max_memory``. False keeps the rows
        themselves where they need no conversion (memory maps, say): leave them as they
        are while the model is in use.
    **options
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
    if check_flag(copy, "copy") and not is_on_device(x):
        problem = problem.owning(x)
    result = problem.solve(y)
    return model_of(
        problem.system, y, result, problem.ridge, problem.settings, problem.strict
    )
