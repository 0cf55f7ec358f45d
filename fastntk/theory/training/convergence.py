"""Convergence of gradient descent on the squared error: rates and steps."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import FEWER_ROWS, memory_told
from fastntk.theory._checks import as_integer, as_kernel, at_least, positive
from fastntk.theory.training.extreme_eigenvalues import extreme_eigenvalues
from fastntk.theory.training.positive_definite import certify_positive_definite

__all__ = ["Convergence", "convergence"]


@dataclass(frozen=True)
class Convergence:
    """What the extreme eigenvalues of the NTK say about training.

    The loss is ``|f - y|^2 / (2 n n_outputs)``, neural-tangents' mean squared error.

    Attributes
    ----------
    n_samples : int
        Training rows.
    n_outputs : int
        Outputs of the network.
    lambda_min, lambda_max : float
        Extreme eigenvalues of the kernel matrix; squared output units.
    certified : float
        Proved lower bound on ``lambda_min``, 0.0 if there is no proof: training reaches
        every target if it is positive.
    """

    n_samples: int
    n_outputs: int
    lambda_min: float
    lambda_max: float
    certified: float

    @property
    def condition_number(self) -> float:
        """``lambda_max / lambda_min``; infinite for a singular kernel."""
        return self.lambda_max / self.lambda_min if self.lambda_min > 0 else math.inf

    @property
    def largest_stable_step(self) -> float:
        """Learning rate at which plain gradient descent stops converging."""
        return 2.0 * self.n_samples * self.n_outputs / self.lambda_max

    def rate(self, learning_rate: float = 1.0) -> float:
        """Return r such that the loss falls at least like ``exp(-r t)``.

        Parameters
        ----------
        learning_rate : float, default=1.0
            Step size, > 0.

        Returns
        -------
        float
            ``2 learning_rate lambda_min / (n n_outputs)``, per unit of time.
        """
        step = positive(learning_rate, "learning_rate")
        return 2.0 * step * self.lambda_min / (self.n_samples * self.n_outputs)

    def loss_bound(
        self, t: float, initial_loss: float, learning_rate: float = 1.0
    ) -> float:
        """Return an upper bound on the loss at time ``t``.

        Parameters
        ----------
        t : float
            Time >= 0.
        initial_loss : float
            Loss at time 0.
        learning_rate : float, default=1.0
            Step size, > 0.

        Returns
        -------
        float
            ``initial_loss exp(-rate t)``.
        """
        start = at_least(initial_loss, "initial_loss", 0.0)
        return start * math.exp(-self.rate(learning_rate) * at_least(t, "t", 0.0))


@memory_told("convergence", FEWER_ROWS)
def convergence(kernel: Any, n_outputs: int = 1) -> Convergence:
    """Bound the training of a wide network by the eigenvalues of its kernel.

    Parameters
    ----------
    kernel : array-like of shape (n, n)
        NTK of the training rows, squared output units. Not modified.
    n_outputs : int, default=1
        Outputs of the network; they enter the mean of the loss.

    Returns
    -------
    Convergence

    Raises
    ------
    InputError
        If the kernel is not square, symmetric, finite and positive semi-definite up to
        rounding, or ``n_outputs`` is no integer >= 1.

    Notes
    -----
    Under gradient flow ``|f_t - y| <= exp(-eta lambda_min t / N) |f_0 - y|`` with
    ``N = n n_outputs`` [1]_, [2]_; gradient descent with step eta converges if
    ``eta < 2 N / lambda_max``, and then by ``1 - eta lambda_min / N`` a step as long as
    ``eta <= 2 N / (lambda_min + lambda_max)``. The bound on ``lambda_min`` comes from
    `certify_positive_definite`.

    References
    ----------
    .. [1] S. S. Du et al., "Gradient descent provably optimizes over-parameterized
       neural networks", ICLR 2019.
    .. [2] J. Lee et al., "Wide neural networks of any depth evolve as linear models
       under gradient descent", NeurIPS 2019.

    Examples
    --------
    >>> from fastntk import theory
    >>> facts = theory.convergence([[2.0, 1.0], [1.0, 2.0]])
    >>> round(facts.largest_stable_step, 12), round(facts.rate(), 12)
    (1.333333333333, 1.0)
    """
    matrix = as_kernel(kernel)
    outputs = as_integer(n_outputs, "n_outputs", 1)
    low, high = extreme_eigenvalues(matrix)
    if high <= 0.0:
        raise InputError(
            f"kernel: found the largest eigenvalue {high:.3g}; expected a kernel that "
            "is not zero. Look at fastntk.diagonal(net, x)"
        )
    if low < -len(matrix) * float(np.finfo(np.float32).eps) * high:
        raise InputError(
            f"kernel: found the eigenvalue {low:.3g} (the largest is {high:.3g}); "
            "expected a positive semi-definite matrix, as fastntk.gram returns: along "
            "others training diverges"
        )
    low = max(low, 0.0)  # rounding
    proof = certify_positive_definite(matrix, low)
    return Convergence(len(matrix), outputs, low, high, proof.lower_bound)
