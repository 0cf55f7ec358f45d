"""Masks are refused by every call that reads numbers; none is dropped in silence."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import predict, solvers, stax, theory
from tests.test_operators.cases import RELU_NET as NET

N = 12
X = np.random.default_rng(0).standard_normal((N, 3))
Y = np.sin(X[:, 0])
K = fastntk.gram(NET, X)
MASK = np.arange(N) == 3
ROWS = np.ma.masked_array(X, mask=False)
TARGETS = np.ma.masked_array(Y, mask=MASK)
KERNEL = np.ma.masked_array(K, mask=K > 1.0)
ONE: Any = np.ma.masked_array(0.1, mask=True)
OUT = np.ma.masked_array(np.zeros((N, N)), mask=K > 1.0)
TIMES = np.ma.masked_array([1.0, 2.0], mask=[True, False])


def _fit() -> Any:
    return fastntk.fit(NET, X, Y, ridge=0.1)


def _flow() -> Any:
    return predict.GradientFlow(NET, X, Y)


def _eigh() -> Any:
    return solvers.EighFactor.of(K)


CALLS: dict[str, Callable[[], Any]] = {
    "gram": lambda: fastntk.gram(NET, ROWS),
    "gram, list of rows": lambda: fastntk.gram(NET, list(ROWS)),
    "gram, out": lambda: fastntk.gram(NET, X, out=OUT),
    "gram, two outs": lambda: fastntk.gram(NET, X, get=("nngp", "ntk"), out=(OUT, OUT)),
    "diagonal": lambda: fastntk.diagonal(NET, ROWS),
    "kernel_fn": lambda: NET.kernel_fn(X, ROWS),
    "kernel_fn, kernel": lambda: NET.kernel_fn(
        NET.kernel_fn(X, None).replace(nngp=KERNEL), get="nngp"
    ),
    "profile": lambda: NET.profile(TIMES / 4),
    "operator": lambda: fastntk.operator(NET, ROWS),
    "operator.matvec": lambda: fastntk.operator(NET, X).matvec(TARGETS),
    "operator.rmatvec": lambda: fastntk.operator(NET, X).rmatvec(TARGETS),
    "operator.matmat": lambda: fastntk.operator(NET, X).matmat(KERNEL),
    "operator @": lambda: fastntk.operator(NET, X) @ TARGETS,
    "operator.dot": lambda: fastntk.operator(NET, X).dot(KERNEL),
    "operator.T @": lambda: fastntk.operator(NET, X, X[:5]).T @ TARGETS,
    "sum of operators": lambda: (
        fastntk.operator(NET, X) + fastntk.operator(NET, X)
    ).matvec(TARGETS),
    "operator.block": lambda: fastntk.operator(NET, X).block(
        np.ma.masked_array([0, 1], mask=[False, True]), [0]
    ),
    "shifted": lambda: fastntk.operator(NET, X).shifted(TARGETS + 2.0),
    "shifted.matvec": lambda: fastntk.operator(NET, X).shifted(0.1).matvec(TARGETS),
    "shifted.matmat": lambda: fastntk.operator(NET, X).shifted(0.1).matmat(KERNEL),
    "fit": lambda: fastntk.fit(NET, X, TARGETS, ridge=0.1),
    "fit, list of targets": lambda: fastntk.fit(NET, X, [*Y[1:], np.ma.masked]),
    "fit, rows": lambda: fastntk.fit(NET, ROWS, Y, ridge=0.1),
    "fit, ridge": lambda: fastntk.fit(NET, X, Y, ridge=ONE),
    "solve": lambda: fastntk.solve(NET, X, TARGETS, ridge=0.1),
    "predict": lambda: _fit().predict(ROWS),
    "append": lambda: _fit().append(X[:4] + 1, TARGETS[:4]),
    "append, rows": lambda: _fit().append(ROWS[:4], Y[:4]),
    "with_targets": lambda: _fit().with_targets(TARGETS),
    "cholesky": lambda: solvers.cholesky(KERNEL, Y, 0.1),
    "cholesky, b": lambda: solvers.cholesky(K, TARGETS, 0.1),
    "block_cg": lambda: solvers.block_cg(KERNEL, Y, 0.1),
    "DenseOperator": lambda: solvers.DenseOperator(KERNEL),
    "EighFactor.flow": lambda: _eigh().flow(Y, TIMES),
    "EighFactor.path": lambda: _eigh().path(Y, TIMES),
    "EighFactor.leave_one_out": lambda: _eigh().leave_one_out(Y, TIMES),
    "EighFactor.effective_dimension": lambda: _eigh().effective_dimension(TIMES),
    "Posterior": lambda: predict.Posterior(NET, X, TARGETS, ridge=0.1),
    "Posterior, rows": lambda: predict.Posterior(NET, ROWS, Y, ridge=0.1),
    "Posterior, function": lambda: predict.Posterior(_linear, ROWS, Y),
    "Posterior, its kernels": lambda: predict.Posterior(_masked_kernel, X, Y).mean(X),
    "Posterior, ridge": lambda: predict.Posterior(NET, X, Y, ridge=ONE),
    "Posterior.mean": lambda: predict.Posterior(NET, X, Y, ridge=0.1).mean(ROWS),
    "Posterior, factor": lambda: predict.Posterior(
        NET, X, np.c_[Y, Y], output_factor=np.ma.masked_array(np.eye(2), mask=False)
    ),
    "GradientFlow": lambda: predict.GradientFlow(NET, X, TARGETS),
    "GradientFlow.at": lambda: _flow().at(TIMES),
    "ensemble": lambda: predict.gradient_descent_mse_ensemble(NET, X, TARGETS),
    "ensemble, t": lambda: predict.gradient_descent_mse_ensemble(NET, X, Y)(TIMES),
    "ensemble, x_test": lambda: predict.gradient_descent_mse_ensemble(NET, X, Y)(
        x_test=ROWS
    ),
    "gp_inference, y": lambda: predict.gp_inference(K, TARGETS),
    "gp_inference, kernel": lambda: predict.gp_inference(KERNEL, Y),
    "gp_inference, k_test": lambda: predict.gp_inference(K, Y, 0.1)("ntk", KERNEL),
    "mse": lambda: predict.gradient_descent_mse(K, TARGETS),
    "mse, rate": lambda: predict.gradient_descent_mse(K, Y, learning_rate=ONE),
    "mse, start": lambda: predict.gradient_descent_mse(K, Y)(1.0, TARGETS),
    "descent": lambda: predict.gradient_descent("huber", K, TARGETS),
    "steps": lambda: predict.kernel_gradient_descent(K, TARGETS, n_steps=2),
    "steps, kernel": lambda: predict.kernel_gradient_descent(KERNEL, Y, n_steps=2),
    "max_learning_rate": lambda: predict.max_learning_rate(KERNEL, N),
    "decompose": lambda: theory.decompose(K, TARGETS),
    "decompose, kernel": lambda: theory.decompose(KERNEL, Y),
    "kare": lambda: theory.kare(theory.decompose(K, Y), TIMES),
    "learning_curve": lambda: theory.learning_curve(theory.decompose(K, Y), TIMES, 0.1),
    "Dense": lambda: stax.Dense(8, W_std=ONE),
    "Polynomial": lambda: stax.Polynomial(
        np.ma.masked_array([1.0, 2.0], [False, True])
    ),
    "DotGeneral": lambda: stax.DotGeneral(
        rhs=np.ma.masked_array(np.eye(2), mask=False)
    ),
    "solve, rtol": lambda: fastntk.solve(NET, X, Y, ridge=0.1, rtol=ONE),
    "falkon, centres": lambda: fastntk.solve(
        NET, X, Y, ridge=0.1, method="falkon", centers=np.ma.masked_array([1, 2])
    ),
    "eigenlearning": lambda: theory.eigenlearning(TIMES, [1.0, 1.0], [10.0]),
    "design_activation": lambda: theory.design_activation(TIMES),
    "batch": lambda: fastntk.batch(_masked_kernel, 4)(X, None, "nngp"),
    "own kernel": lambda: fastntk.gram(
        stax.serial(stax.Dense(8), (_nothing, _nothing, _masked_layer)), X
    ),
    "convergence": lambda: theory.convergence(KERNEL),
    "phase_diagram": lambda: theory.phase_diagram(stax.Relu(), TIMES, [0.0]),
}


def _linear(x1: Any, x2: Any, get: Any) -> Any:
    return x1 @ (x1 if x2 is None else x2).T


def _nothing(*_: Any) -> Any:
    return None


def _masked_layer(kernel: Any, **_: Any) -> Any:
    return kernel.replace(nngp=np.ma.masked_array(kernel.nngp, mask=False))


def _masked_kernel(x1: Any, x2: Any, get: Any) -> Any:
    return np.ma.masked_array(_linear(x1, x2, get), mask=False)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.filterwarnings("error")
def test_masks_are_refused(call: str) -> None:
    with pytest.raises(fastntk.FastntkError, match=r"masked array"):
        CALLS[call]()


def test_messages_name_the_argument_and_a_remedy() -> None:
    with pytest.raises(
        fastntk.InputError, match=r"^y_train: .*y_train\.filled\(0\), or"
    ):
        predict.Posterior(NET, X, TARGETS)
    with pytest.raises(fastntk.InputError, match=r"^out: .*Pass its \.data"):
        fastntk.gram(NET, X, out=OUT)
