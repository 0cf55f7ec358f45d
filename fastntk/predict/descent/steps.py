"""Steps of gradient descent on a kernel model, full batch and mini-batch."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

import numpy as np

from fastntk._typing import FloatArray, IntArray
from fastntk.predict.given.layout import Layout

__all__ = ["BLOWN_UP", "Descent", "Outcome", "shuffled_batches"]

Outcome: TypeAlias = Literal["converged", "max_steps", "diverged"]

BLOWN_UP = 1e8  # growth of the residual at which descent counts as diverged
_REFRESH = 100  # steps of mini-batches between outputs computed anew


class Descent:
    """The state of a run: dual coefficients, their velocity, and ``f - y``."""

    def __init__(
        self,
        kernel: FloatArray,
        residual: FloatArray,
        rate: float,
        momentum: float,
    ) -> None:
        self._kernel = kernel
        self._start = residual
        self._rate = rate
        self._momentum = momentum
        self._limit = BLOWN_UP * (float(np.linalg.norm(residual)) + 1e-300)
        self.residual = residual.copy()
        self.coefficients = np.zeros_like(residual)
        self._velocity = np.zeros_like(residual)

    def full(self, steps: int, stop: float) -> tuple[Outcome, list[float]]:
        """Run with all samples in every step."""
        losses = [_loss(self.residual)]
        for _ in range(steps):
            if self._has_reached(stop):
                return "converged", losses
            self._velocity *= self._momentum
            self._velocity -= self._rate / self.residual.size * self.residual
            self.coefficients += self._velocity
            self._refresh()
            losses.append(_loss(self.residual))
            if self._has_blown_up():
                return "diverged", losses
        return "converged" if self._has_reached(stop) else "max_steps", losses

    def stochastic(
        self, steps: int, stop: float, batches: Iterator[IntArray], per_pass: int
    ) -> tuple[Outcome, list[float]]:
        """Run with a batch of samples in every step."""
        losses: list[float] = []
        for step in range(steps):
            rows = next(batches)
            losses.append(_loss(self.residual[rows]))
            if step % per_pass == 0 and self._has_reached(stop):
                return "converged", losses
            batch = self.residual[rows]
            change = -self._rate / batch.size * batch  # the last may be smaller
            if self._momentum:
                self._velocity *= self._momentum
                self._velocity[rows] += change
                self.coefficients += self._velocity
                self._refresh()
            else:
                self.coefficients[rows] += change
                self.residual += self._kernel[:, rows] @ change
            if step % _REFRESH == _REFRESH - 1:
                self._refresh()  # sums of thousands of updates drift
            if self._has_blown_up():
                return "diverged", [*losses, _loss(self.residual)]
        self._refresh()
        losses.append(_loss(self.residual))
        return "converged" if self._has_reached(stop) else "max_steps", losses

    def _refresh(self) -> None:
        self.residual = self._start + self._kernel @ self.coefficients

    def _has_reached(self, stop: float) -> bool:
        return stop > 0 and float(np.linalg.norm(self.residual)) <= stop

    def _has_blown_up(self) -> bool:
        return not float(np.linalg.norm(self.residual)) <= self._limit


def shuffled_batches(
    layout: Layout, batch: int, generator: np.random.Generator
) -> Iterator[IntArray]:
    """Yield rows of the kernel matrix, batch by batch, pass by pass."""
    n = layout.points[0]
    rows_of = np.arange(layout.n_points).reshape(n, -1)
    while True:
        order = generator.permutation(n)
        for start in range(0, n, batch):
            yield rows_of[order[start : start + batch]].ravel()


def _loss(residual: FloatArray) -> float:
    return float(0.5 * np.mean(np.square(residual)))
