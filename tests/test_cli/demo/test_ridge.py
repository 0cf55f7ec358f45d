"""The demonstration's regression."""

import numpy as np
import pytest

from fastntk._errors import FastntkError
from fastntk.cli.demo.ridge import fit_ridge


def test_fit_ridge_matches_refitting_without_each_row(rng: np.random.Generator) -> None:
    a = rng.standard_normal((12, 6))
    gram = a @ a.T
    targets = rng.standard_normal((12, 2))
    fit = fit_ridge(gram, targets, [0.1])
    residuals = []
    for i in range(12):
        kept = np.delete(np.arange(12), i)
        system = gram[np.ix_(kept, kept)] + fit.ridge * np.eye(11)
        coefficients = np.linalg.solve(system, targets[kept])
        residuals.append(targets[i] - gram[i, kept] @ coefficients)
    np.testing.assert_allclose(fit.loo_error, np.mean(np.square(residuals)), rtol=1e-10)


def test_fit_ridge_takes_the_best_and_skips_what_is_not_positive_definite(
    rng: np.random.Generator,
) -> None:
    a = rng.standard_normal((30, 3))
    gram = a @ a.T - 1e-3 * np.eye(30)
    targets = a @ np.ones((3, 1)) + rng.standard_normal((30, 1))
    candidates = [1e-9, 1e-2, 1.0, 100.0]
    fit = fit_ridge(gram, targets, candidates)
    alone = [fit_ridge(gram, targets, [c]) for c in candidates[1:]]
    assert fit.loo_error == min(one.loo_error for one in alone)
    with pytest.raises(FastntkError, match="not positive definite; take float64"):
        fit_ridge(gram, targets, [1e-9])
