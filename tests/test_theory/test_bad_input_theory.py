"""Bad input of theory: one worded message for each."""

import math
from typing import Any

import numpy as np
import pytest

from fastntk import stax, theory
from fastntk._errors import InputError

KERNEL = np.diag([3.0, 1.0, 0.5])
SPECTRUM = theory.decompose(KERNEL, [1.0, 2.0, 0.0])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: theory.kare(SPECTRUM, []), "ridge: found no numbers"),
        (lambda: theory.leave_one_out(SPECTRUM, []), "ridge: found no numbers"),
        (
            lambda: theory.kare(SPECTRUM, 1.0, leverages="each"),
            "leverages: found 'each'; expected 'rows'",
        ),
        (
            lambda: theory.eigenlearning([1.0], [1.0], [1, 2, 3], [1, 2]),
            r"n_samples and ridge: found shapes \(3,\) and \(2,\)",
        ),
        (lambda: theory.eigenlearning([1.0], [1.0], []), "n_samples: found no num"),
        (
            lambda: theory.decompose(KERNEL, np.ones((3, 2, 2))),
            r"y: found targets of shape \(3, 2, 2\); expected \(n,\) or \(n, n_outp",
        ),
        (lambda: theory.time_to_loss("a", 0.1), "spectrum: found str"),  # type: ignore[arg-type]
        (lambda: theory.steps_to_loss(KERNEL, 0.1, 1.0), "spectrum: found ndarray"),  # type: ignore[arg-type]
        (lambda: theory.learning_curve(KERNEL, 5, 0.1), "spectrum: found ndarray"),  # type: ignore[arg-type]
        (
            lambda: theory.learning_curve(
                theory.decompose(0 * KERNEL, [1, 2, 3]), 5, 1
            ),
            "spectrum: found eigenvalues that are all 0",
        ),
        (
            lambda: theory.critical_line(stax.Dense(3), 0.1),
            r"activation: found Dense\(3\), which has weights of its own",
        ),
        (
            lambda: theory.phase_point(stax.serial(stax.Dense(3), stax.Relu()), 1.0),
            "activation: found .*Relu.* which has weights of its own; .*check_depth",
        ),
        (lambda: theory.generalisation_bound(KERNEL), "spectrum: found ndarray"),  # type: ignore[arg-type]
        (
            lambda: theory.sphere_spectrum(np.exp, 3, 3.5),  # type: ignore[arg-type]
            "n_degrees: found 3.5; expected an integer from 1 to 2000",
        ),
        (lambda: theory.sphere_spectrum(np.exp, 3, "3"), "n_degrees: found '3'"),  # type: ignore[arg-type]
        (lambda: theory.sphere_spectrum(np.exp, 3, None), "n_degrees: found None"),  # type: ignore[arg-type]
        (lambda: theory.sphere_multiplicity(3, -1), "degree: found -1; expected"),
        (lambda: theory.sphere_multiplicity(3, 1.5), "degree: found 1.5"),  # type: ignore[arg-type]
        (lambda: theory.design_activation(np.exp, "a"), "degree: found 'a'"),  # type: ignore[arg-type]
        (lambda: theory.design_activation(np.exp, 3.5), "degree: found 3.5"),  # type: ignore[arg-type]
        (lambda: theory.critical_line(np.tanh, []), "b_std: found no numbers"),
        (lambda: theory.phase_diagram(np.tanh, [], 0.1), "W_std: found no numbers"),
        (
            lambda: theory.convergence([[1.0, 2.0], [2.0, 1.0]]),
            "found the eigenvalue -1 .*positive semi-definite",
        ),
        (lambda: theory.convergence(KERNEL, 1.5), "n_outputs: found 1.5"),  # type: ignore[arg-type]
        (lambda: theory.kernel_profile(np.exp, [], 3), "theta: found no numbers"),
    ],
)
def test_messages(call: Any, match: str) -> None:
    with pytest.raises(InputError, match=match):
        call()


def test_targets_of_zeros() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 80))
    curve = theory.learning_curve(theory.decompose(rows @ rows.T, np.zeros(60)), 500, 1)
    assert curve.test_mse[0] == 0.0 and curve.is_extrapolated[0]


def test_rounding_follows_the_dtype_of_the_kernel() -> None:
    kernel = np.diag([1.0, 1e-9])
    wide, narrow = (
        theory.decompose(k, [1.0, 1.0]) for k in (kernel, np.float32(kernel))
    )
    assert theory.kare(wide, 0.0).test_mse > 0
    with pytest.raises(InputError, match="numerically singular"):
        theory.kare(narrow, 0.0)
    assert theory.kare(narrow, 1e-6).test_mse > 0  # a ridge stands for the digits
    assert math.isinf(theory.time_to_loss(narrow, 0.1))
    assert math.isfinite(theory.time_to_loss(wide, 0.1))
