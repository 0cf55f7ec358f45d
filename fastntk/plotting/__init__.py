"""Pictures of kernels, of training and of theory; the only package with matplotlib.

Before training: `kernel_matrix`, `spectrum`, `phase_diagram`.  During and after it:
`training_curves`, `loss_curves`, `predictive_bands`.  Measured errors with theory on
top: `learning_curve`, `ridge_curve`, `accuracy_curve`.

Every panel takes numbers, not networks, draws on ``ax=`` and returns it; without
``ax=`` it draws on a new figure that pyplot doesn't know, so no window, backend or
setting is touched: ``ax.figure.savefig("name.png")``.  Colours are told apart with any
colour vision (cividis, purple to orange, and Okabe and Ito's set).

Examples
--------
>>> import numpy as np
>>> from fastntk import plotting, predict, stax
>>> net = stax.serial(stax.Dense(512, b_std=0.5), stax.Erf(), stax.Dense(1))
>>> x, y = np.array([[-1.0], [0.5], [1.0]]), np.array([1.0, 0.0, 0.5])
>>> grid = np.linspace(-2, 2, 50)[:, None]
>>> posterior = predict.Posterior(net, x, y, ridge=1e-3)
>>> ax = plotting.predictive_bands(
...     grid, posterior.mean(grid), posterior.variance(grid), x_train=x, y_train=y
... )
>>> ax.get_title(loc="left")
'Predictions'
"""

from fastntk.plotting.errors import accuracy_curve, learning_curve, ridge_curve
from fastntk.plotting.kernels import kernel_matrix, spectrum
from fastntk.plotting.phase import phase_diagram
from fastntk.plotting.predictions import predictive_bands
from fastntk.plotting.style import new_figure
from fastntk.plotting.summary import dynamics_figure, summary_figure
from fastntk.plotting.training import loss_curves, training_curves

__all__ = [
    "accuracy_curve",
    "dynamics_figure",
    "kernel_matrix",
    "learning_curve",
    "loss_curves",
    "new_figure",
    "phase_diagram",
    "predictive_bands",
    "ridge_curve",
    "spectrum",
    "summary_figure",
    "training_curves",
]
