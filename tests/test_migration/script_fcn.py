"""Inference with an infinitely wide network: Bayesian, and trained to convergence."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

import fastntk as nt
from fastntk import stax

_TRAIN_SIZE = 40
_TEST_SIZE = 12
_BATCH_SIZE = 0


def dataset():
    """Return ten noisy classes, one-hot with mean zero, as a train and a test set."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((10, 24))
    labels = rng.integers(10, size=_TRAIN_SIZE + _TEST_SIZE)
    x = centres[labels] + 0.5 * rng.standard_normal((labels.size, 24))
    y = np.eye(10)[labels] - 0.1
    return x[:_TRAIN_SIZE], y[:_TRAIN_SIZE], x[_TRAIN_SIZE:], y[_TRAIN_SIZE:]


def loss(fx, y_hat):
    """Return half the mean squared error."""
    return 0.5 * np.mean((fx - y_hat) ** 2)


def accuracy(fx, y_hat):
    """Return the share of samples whose class is right."""
    return np.mean(np.argmax(fx, axis=1) == np.argmax(y_hat, axis=1))


def main():
    """Return everything that the script computes."""
    x_train, y_train, x_test, y_test = dataset()

    # Build the infinite network.
    _, _, kernel_fn = stax.serial(
        stax.Dense(1, 2.0, 0.05), stax.Relu(), stax.Dense(1, 2.0, 0.05)
    )

    # Optionally, compute the kernel in batches, in parallel.
    kernel_fn = nt.batch(kernel_fn, device_count=0, batch_size=_BATCH_SIZE)

    # Bayesian and infinite-time gradient descent inference with infinite network.
    predict_fn = nt.predict.gradient_descent_mse_ensemble(
        kernel_fn, x_train, y_train, diag_reg=1e-3
    )
    fx_test_nngp, fx_test_ntk = predict_fn(x_test=x_test)

    # The same one by one, with variances, and after a finite time.
    nngp = predict_fn(x_test=x_test, get="nngp")
    ntk = predict_fn(x_test=x_test, get="ntk", compute_cov=True)
    early = predict_fn(t=10.0, x_test=x_test, get=("nngp", "ntk"))

    return {
        "kernel": kernel_fn(x_test, x_train, "ntk"),
        "kernel_alone_diagonal": np.diagonal(kernel_fn(x_train, None, "ntk")),
        "nngp": fx_test_nngp,
        "ntk": fx_test_ntk,
        "nngp_alone": nngp,
        "ntk_mean": ntk.mean,
        "ntk_covariance": ntk.covariance,
        "nngp_early": early.nngp,
        "ntk_early": early.ntk,
        "nngp_loss": loss(fx_test_nngp, y_test),
        "ntk_loss": loss(fx_test_ntk, y_test),
        "nngp_accuracy": accuracy(fx_test_nngp, y_test),
        "ntk_accuracy": accuracy(fx_test_ntk, y_test),
    }
