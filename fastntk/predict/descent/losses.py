"""Losses by name, with the gradients and Hessians that gradient flow needs."""

import dataclasses
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy.special import expit, log_softmax, softmax

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk.predict.given.checks import check_positive

__all__ = [
    "CrossEntropy",
    "Huber",
    "Logistic",
    "Loss",
    "MeanSquared",
    "as_loss",
    "hessian_of",
]


@runtime_checkable
class Loss(Protocol):
    """What `gradient_descent` asks of a loss.

    A loss may also have ``hessian(fx, y)``, an array of shape (size, size) over all
    outputs in C order, and ``curvature(y)``, a bound on its largest eigenvalue: they
    make stiff problems faster.
    """

    def value(self, fx: FloatArray, y: FloatArray) -> float:
        """Return the loss of outputs ``fx`` for targets ``y``, arrays of one shape."""
        ...

    def gradient(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its derivative by ``fx``, in the same shape."""
        ...


@dataclasses.dataclass(frozen=True)
class MeanSquared:
    """``0.5 mean((f - y)^2)``, the mean over samples and outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.predict import MeanSquared
    >>> MeanSquared().value(np.array([[1.0], [3.0]]), np.array([[1.0], [1.0]]))
    1.0
    """

    def value(self, fx: FloatArray, y: FloatArray) -> float:
        """Return the loss."""
        return float(0.5 * np.mean((fx - y) ** 2))

    def gradient(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its derivative by ``fx``."""
        return (fx - y) / y.size

    def hessian(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its second derivative, (size, size)."""
        return np.eye(y.size) / y.size

    def curvature(self, y: FloatArray) -> float:
        """Return the largest eigenvalue of the Hessian."""
        return 1.0 / y.size


@dataclasses.dataclass(frozen=True)
class CrossEntropy:
    """``-mean(sum_k y_k log softmax(f)_k)``, classes on the last axis.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.predict import CrossEntropy
    >>> float(round(CrossEntropy().value(np.zeros((1, 2)), np.array([[1.0, 0.0]])), 6))
    0.693147
    """

    def value(self, fx: FloatArray, y: FloatArray) -> float:
        """Return the loss."""
        return float(-np.mean(np.sum(y * log_softmax(fx, axis=-1), axis=-1)))

    def gradient(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its derivative by ``fx``."""
        total = y.sum(axis=-1, keepdims=True)
        result: FloatArray = (total * softmax(fx, axis=-1) - y) / _n_samples(y)
        return result

    def hessian(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its second derivative, (size, size)."""
        n_classes = y.shape[-1]
        p = softmax(fx, axis=-1).reshape(-1, n_classes)
        total = y.sum(axis=-1).reshape(-1, 1, 1) / _n_samples(y)
        blocks = total * (
            p[:, :, None] * np.eye(n_classes) - p[:, :, None] * p[:, None]
        )
        result = np.zeros((len(p), n_classes, len(p), n_classes))
        index = np.arange(len(p))
        result[index, :, index, :] = blocks
        return result.reshape(y.size, y.size)

    def curvature(self, y: FloatArray) -> float:
        """Return a bound on the largest eigenvalue of the Hessian."""
        return 0.5 * float(np.abs(y.sum(axis=-1)).max()) / _n_samples(y)


@dataclasses.dataclass(frozen=True)
class Logistic:
    """``mean(log(1 + exp(-y f)))`` for labels y of -1 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.predict import Logistic
    >>> round(Logistic().value(np.zeros((2, 1)), np.array([[1.0], [-1.0]])), 6)
    0.693147
    """

    def value(self, fx: FloatArray, y: FloatArray) -> float:
        """Return the loss."""
        return float(np.mean(np.logaddexp(0.0, -y * fx)))

    def gradient(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its derivative by ``fx``."""
        result: FloatArray = -y * expit(-y * fx) / y.size
        return result

    def hessian(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its second derivative, (size, size)."""
        p = expit(y * fx)
        return np.diag((y**2 * p * (1 - p) / y.size).ravel())

    def curvature(self, y: FloatArray) -> float:
        """Return a bound on the largest eigenvalue of the Hessian."""
        return 0.25 * float((y**2).max()) / y.size


@dataclasses.dataclass(frozen=True)
class Huber:
    """``mean(h(f - y))``, h quadratic up to ``delta`` and linear beyond.

    Parameters
    ----------
    delta : float, default=1.0
        ``h(r) = r^2 / 2`` for ``|r| <= delta``, else ``delta (|r| - delta / 2)``.

    Raises
    ------
    InputError
        If ``delta`` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.predict import Huber
    >>> Huber(1.0).value(np.array([[3.0]]), np.array([[0.0]]))
    2.5
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self.delta, "Huber: delta")

    def value(self, fx: FloatArray, y: FloatArray) -> float:
        """Return the loss."""
        size = np.abs(fx - y)
        inner = np.minimum(size, self.delta)
        return float(np.mean(inner * (size - 0.5 * inner)))

    def gradient(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its derivative by ``fx``."""
        result: FloatArray = np.clip(fx - y, -self.delta, self.delta) / y.size
        return result

    def hessian(self, fx: FloatArray, y: FloatArray) -> FloatArray:
        """Return its second derivative, (size, size)."""
        return np.diag((np.abs(fx - y) <= self.delta).astype(float).ravel() / y.size)

    def curvature(self, y: FloatArray) -> float:
        """Return the largest eigenvalue of the Hessian."""
        return 1.0 / y.size


_LOSSES: dict[str, Loss] = {
    "mse": MeanSquared(),
    "cross_entropy": CrossEntropy(),
    "logistic": Logistic(),
    "huber": Huber(),
}


def as_loss(loss: Any, y: FloatArray) -> Loss:
    """Return a loss by name, or check one that is given, and its targets.

    Parameters
    ----------
    loss : {"mse", "cross_entropy", "logistic", "huber"} or Loss
        The loss.
    y : ndarray
        Targets.

    Returns
    -------
    Loss

    Raises
    ------
    InputError
        If the name is unknown, an object lacks a method, or labels do not fit.
    """
    if isinstance(loss, str):
        if loss not in _LOSSES:
            raise InputError(
                f"loss: found {shown(loss)}; expected one of {', '.join(_LOSSES)}, or "
                "an object with the methods value(fx, y) and gradient(fx, y)"
            )
        loss = _LOSSES[loss]
    elif not isinstance(loss, Loss):
        raise InputError(
            f"loss: found a {type(loss).__name__}; expected {', '.join(_LOSSES)}, "
            "or an object with the methods value(fx, y) and gradient(fx, y): there is "
            "no automatic differentiation of functions here"
        )
    if isinstance(loss, Logistic) and not np.isin(y, (-1.0, 1.0)).all():
        raise InputError(
            "y_train: found labels other than -1 and 1 for the logistic loss; expected "
            "these. Labels of 0 and 1 become 2 * y - 1"
        )
    if isinstance(loss, CrossEntropy) and (y.ndim < 2 or y.shape[-1] < 2):
        raise InputError(
            f"y_train: found shape {y.shape} for the cross-entropy; expected "
            "(n_samples, n_classes), one-hot rows. For two classes in one column use "
            "loss='logistic'"
        )
    if isinstance(loss, CrossEntropy) and (y < 0).any():
        raise InputError(
            f"y_train: found {float(y.min()):g} for the cross-entropy; expected "
            "probabilities >= 0, one-hot rows. Labels as numbers become "
            "np.eye(n_classes)[labels]"
        )
    checked: Loss = loss
    return checked


def hessian_of(loss: Loss, fx: FloatArray, y: FloatArray) -> FloatArray | None:
    """Return the Hessian of a loss that has one."""
    hessian = getattr(loss, "hessian", None)
    return None if hessian is None else np.asarray(hessian(fx, y), dtype=np.float64)


def _n_samples(y: FloatArray) -> int:
    return max(1, y.size // int(y.shape[-1]))
