"""Duals as users write them: some have a complex step, some have none."""

from typing import Any

import numpy as np


def erf(c: Any, q1: Any, q2: Any) -> Any:
    return 2 / np.pi * np.arcsin(2 * c / np.sqrt((1 + 2 * q1) * (1 + 2 * q2)))


def erf_slope(c: Any, q1: Any, q2: Any) -> Any:
    return 4 / np.pi / np.sqrt((1 + 2 * q1) * (1 + 2 * q2) - 4 * c**2)


def erf_arctan2(c: Any, q1: Any, q2: Any) -> Any:
    """No complex step: ``arctan2`` takes real numbers only."""
    product = (1 + 2 * q1) * (1 + 2 * q2)
    return 2 / np.pi * np.arctan2(2 * c, np.sqrt(product - 4 * c**2))


def exp(c: Any, q1: Any, q2: Any) -> Any:
    return np.exp((q1 + q2) / 2 + c)


def exp_real(c: Any, q1: Any, q2: Any) -> Any:
    """A complex step of 0: the imaginary part is lost, with no more than a warning."""
    return exp(np.asarray(c).astype(float), q1, q2)


def relu(c: Any, q1: Any, q2: Any) -> Any:
    """A root of ``1 - rho`` at equal rows."""
    scale = np.sqrt(q1 * q2)
    rho = np.clip(c / np.where(scale > 0, scale, 1.0), -1.0, 1.0)
    angle = np.arccos(rho)
    return (scale * np.sin(angle) + (np.pi - angle) * c) / (2 * np.pi)


def relu_slope(c: Any, q1: Any, q2: Any) -> Any:
    scale = np.sqrt(q1 * q2)
    rho = np.clip(c / np.where(scale > 0, scale, 1.0), -1.0, 1.0)
    return (np.pi - np.arccos(rho)) / (2 * np.pi)


def sign(c: Any, q1: Any, q2: Any) -> Any:
    """The derivative is infinite at equal rows: no method finds it there."""
    return 2 / np.pi * np.arcsin(np.clip(c / np.sqrt(q1 * q2), -1, 1))


def constant(c: Any, q1: Any, q2: Any) -> Any:
    return 0.25
