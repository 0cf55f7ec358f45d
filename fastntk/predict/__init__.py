"""Wide networks after and during training, in closed form.

With neural-tangents' names, arguments and conventions: `gp_inference`,
`gradient_descent_mse`, `gradient_descent_mse_ensemble`, `gradient_descent`,
`max_learning_rate`.  As objects that are asked at any points: `Posterior` and
`GradientFlow`.  As an algorithm in discrete steps: `kernel_gradient_descent`.

A kernel of k outputs is ``Theta (x) I_k`` and is never formed; every factorisation is
made on first use and kept, for all times, ridges and test sets.

Examples
--------
>>> import numpy as np
>>> from fastntk import predict, stax
>>> net = stax.serial(stax.Dense(512, b_std=0.5), stax.Relu(), stax.Dense(1))
>>> x, y = np.array([[-1.0], [0.5], [1.0]]), np.array([1.0, 0.0, 0.5])
>>> predict.GradientFlow(net, x, y).mean([[0.5], [0.8]]).shape
(2,)
"""

from fastntk.predict.descent.discrete import DescentResult, kernel_gradient_descent
from fastntk.predict.descent.learning_rate import max_learning_rate
from fastntk.predict.descent.losses import (
    CrossEntropy,
    Huber,
    Logistic,
    Loss,
    MeanSquared,
)
from fastntk.predict.descent.ode import FlowPredictor, gradient_descent
from fastntk.predict.ensemble import EnsemblePredictor, gradient_descent_mse_ensemble
from fastntk.predict.inference import GPInference, gp_inference
from fastntk.predict.mse import MSEPredictor, gradient_descent_mse
from fastntk.predict.objects import GradientFlow, Posterior
from fastntk.predict.results import Gaussian, ODEState
from fastntk.predict.training.solver import Conditioning, Solver

__all__ = [
    "Conditioning",
    "CrossEntropy",
    "DescentResult",
    "EnsemblePredictor",
    "FlowPredictor",
    "GPInference",
    "Gaussian",
    "GradientFlow",
    "Huber",
    "Logistic",
    "Loss",
    "MSEPredictor",
    "MeanSquared",
    "ODEState",
    "Posterior",
    "Solver",
    "gp_inference",
    "gradient_descent",
    "gradient_descent_mse",
    "gradient_descent_mse_ensemble",
    "kernel_gradient_descent",
    "max_learning_rate",
]
