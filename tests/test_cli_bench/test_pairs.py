"""Ratios of neighbouring runs: how many pairs are timed, and what they say."""

import numpy as np
import pytest

from fastntk.benchmark.pairs import MOST, PRECISE, in_pairs


def _noisy(mean: float, noise: float, seed: int) -> "list[float]":
    rng = np.random.default_rng(seed)
    return list(mean * np.exp(noise * rng.standard_normal(4 * MOST)))


def test_steady_runs_take_the_pairs_asked_for() -> None:
    pair = in_pairs(lambda: 0.5, lambda: 1.0, 9, pause=0.0)
    assert len(pair.ratios) == 9 and len(pair.ours.seconds) == 10
    assert pair.ratio == 2.0 and pair.error == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_noise_takes_more_pairs_until_the_ratio_is_known(seed: int) -> None:
    ours, theirs = _noisy(0.5, 0.1, seed), _noisy(1.5, 0.1, seed + 100)
    pair = in_pairs(ours.pop, theirs.pop, 9, pause=0.0)
    assert 9 <= len(pair.ratios) <= MOST
    assert pair.error <= PRECISE or len(pair.ratios) == MOST
    assert abs(pair.ratio / 3.0 - 1.0) < 5 * max(pair.error, PRECISE)


def test_time_ends_what_noise_would_not() -> None:
    ours, theirs = _noisy(0.5, 1.0, 0), _noisy(1.5, 1.0, 1)
    pair = in_pairs(ours.pop, theirs.pop, 5, pause=0.01, enough=0.05)
    assert 3 <= len(pair.ratios) < MOST
