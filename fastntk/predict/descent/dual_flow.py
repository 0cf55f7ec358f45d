r"""The ordinary differential equation of gradient flow, in dual coefficients.

For any loss L the outputs follow :math:`df/dt = -\Theta \nabla L(f)`, so they are
:math:`f_0 + \Theta a` with :math:`da/dt = -\nabla L(f)`: only ``a`` is integrated, and
test outputs :math:`f_0(x) + \Theta(x, X) a` cost one product at the end.  With momentum
m, friction :math:`c = (m - 1)/\sqrt{\eta}` and time :math:`s = \sqrt{\eta} t`,

.. math:: da/ds = b, \qquad db/ds = -\nabla L(f) + c b,

and an initial velocity q fades on its own: :math:`f \mathrel{+}= q (e^{c s} - 1) / c`.
"""

import dataclasses
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.predict.descent.learning_rate import largest_eigenvalue
from fastntk.predict.descent.losses import Loss, hessian_of
from fastntk.predict.given.layout import Layout

__all__ = ["METHODS", "DualFlow"]

METHODS = ("auto", "DOP853", "RK45", "Radau", "BDF", "LSODA")

_RTOL = 1e-10
_MANY_STEPS = 5_000  # of an explicit method, before an implicit one is taken
_LARGEST_DENSE = 3_000  # unknowns of an implicit method


@dataclasses.dataclass(frozen=True, eq=False)
class DualFlow:
    """Gradient flow of one loss from one start.

    Attributes
    ----------
    loss : Loss
        The loss.
    kernel : ndarray of shape (n, n)
        Tangent kernel of the training set.
    layout : Layout
        Axes of the targets.
    y, start : ndarray
        Targets and initial outputs, in the shape of the targets.
    friction : float or None
        Negative or zero; None without momentum.
    velocity : ndarray
        Initial velocity of the outputs; zero without momentum.
    """

    loss: Loss
    kernel: FloatArray
    layout: Layout
    y: FloatArray
    start: FloatArray
    friction: float | None
    velocity: FloatArray

    def solve(self, times: FloatArray, method: str) -> tuple[FloatArray, FloatArray]:
        """Return coefficients and their velocities at ascending times.

        Parameters
        ----------
        times : ndarray of shape (n_times,)
            Ascending, at least 0.
        method : str
            One of `METHODS`.

        Returns
        -------
        coefficients, velocities : ndarray of shape (n_times, n, k)
            Velocities are zero without momentum.

        Raises
        ------
        InputError
            If the solver gave up; the message says where.
        """
        size = self.y.size
        n_unknowns = size if self.friction is None else 2 * size
        states: FloatArray = np.zeros((len(times), n_unknowns))
        if times[-1] > 0:
            states = self._integrate(times, n_unknowns, method)
        shape = (len(times), self.layout.n_points, self.layout.n_outputs)
        if self.friction is None:
            return states.reshape(shape), np.zeros(shape)
        return states[:, :size].reshape(shape), states[:, size:].reshape(shape)

    def drift(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how far an initial velocity carries, and what is left of it."""
        if self.friction is None:
            return np.zeros_like(times), np.zeros_like(times)
        if self.friction == 0:
            return times, np.ones_like(times)
        return np.expm1(self.friction * times) / self.friction, np.exp(
            self.friction * times
        )

    def _integrate(self, times: FloatArray, n_unknowns: int, method: str) -> FloatArray:
        if method == "auto":
            method = self._choose(float(times[-1]), n_unknowns)
        row_sum = float(np.abs(self.kernel).sum(axis=1).max())
        scale = max(1.0, float(np.abs(self.y).max()))
        options: dict[str, Any] = {"rtol": _RTOL, "atol": 1e-10 * scale / row_sum}
        if method in ("Radau", "BDF", "LSODA"):
            options["rtol"] = 1e-9
            if hessian_of(self.loss, self.start, self.y) is not None:
                options["jac"] = self._jacobian
        solution = solve_ivp(
            self._derivative,
            (0.0, float(times[-1])),
            np.zeros(n_unknowns),
            method=method,
            t_eval=times,
            **options,
        )
        if not solution.success:
            raise InputError(
                f"t: found {float(times[-1]):.4g} in units of the flow; {method} gave "
                f"up before ({solution.message}). Ask for shorter times, or pass "
                "method='Radau'"
            )
        result: FloatArray = solution.y.T
        return result

    def _choose(self, end: float, n_unknowns: int) -> str:
        """Return an implicit method for stiff problems that are not too large."""
        bound = getattr(self.loss, "curvature", None)
        curvature = bound(self.y) if bound is not None else 1.0 / self.y.size
        rate = curvature * largest_eigenvalue(self.kernel)
        if self.friction is not None:
            rate = np.sqrt(rate) + abs(self.friction)
        is_stiff = rate * end / 5 > _MANY_STEPS
        return "Radau" if is_stiff and n_unknowns <= _LARGEST_DENSE else "DOP853"

    def _outputs(self, time: float, coefficients: FloatArray) -> FloatArray:
        flat = coefficients.reshape(self.layout.n_points, self.layout.n_outputs)
        change = self.layout.unflatten(self.kernel @ flat, self.layout.points)
        moved = self.start + change
        if self.friction is None:
            return moved
        carried, _ = self.drift(np.array(time))
        return moved + carried * self.velocity

    def _derivative(self, time: float, state: FloatArray) -> FloatArray:
        size = self.y.size
        outputs = self._outputs(time, state[:size])
        slope = -self.layout.flatten(self.loss.gradient(outputs, self.y)).ravel()
        if self.friction is None:
            return slope
        velocity = state[size:]
        return np.concatenate([velocity, slope + self.friction * velocity])

    def _jacobian(self, time: float, state: FloatArray) -> FloatArray:
        """Return ``-H (Theta (x) I)``, with the rows of momentum around it."""
        size = self.y.size
        hessian = hessian_of(self.loss, self._outputs(time, state[:size]), self.y)
        assert hessian is not None
        order = self.layout.flatten(np.arange(size).reshape(self.y.shape)).ravel()
        order = order.astype(np.intp)
        blocks = hessian[np.ix_(order, order)].reshape(
            size, self.layout.n_points, self.layout.n_outputs
        )
        slope: FloatArray = -np.einsum(
            "snk,nm->smk", blocks, self.kernel, optimize=True
        )
        slope = slope.reshape(size, size)
        if self.friction is None:
            return slope
        eye = np.eye(size)
        return np.block([[np.zeros_like(eye), eye], [slope, self.friction * eye]])
