"""The guide for users of scikit-ntk: every line of its tables.

``scikit_ntk.npz`` was made by scikit-ntk 1.2.1: ``K_<depth>_<bias>``, ``KZ_...`` and
``diag_...`` of X and Z, ``near`` of X with X + 1e-9, ``zero`` of X with its third row
set to zero, both at depth 3 with a bias of 1.
"""

import doctest
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.gaussian_process import kernels
from sklearn.kernel_ridge import KernelRidge

import fastntk
from fastntk import predict, stax, theory
from tests.test_docs.pages import DOCS, blocks

PAGE = DOCS / "guide" / "coming_from_scikit_ntk.md"
THEIRS = np.load(Path(__file__).with_name("scikit_ntk.npz"))
X, Z = THEIRS["X"], THEIRS["Z"]
Y = np.sin(X[:, 0])
DEPTHS, BIASES = (1, 3, 10), (0.0, 0.1, 1.0, 2.5)
STATEMENTS: dict[str, Callable[[], object]] = {}


def translation() -> Callable[[int, float, int], tuple[stax.Network, float, float]]:
    """Return the function of the page, taken from the page."""
    text = "\n".join(b.text for b in blocks(PAGE))
    examples = doctest.DocTestParser().get_examples(text)
    names: dict[str, Any] = {"stax": stax}
    exec(next(e.source for e in examples if "def scikit_ntk" in e.source), names)
    return names["scikit_ntk"]  # type: ignore[no-any-return]


scikit_ntk = translation()


def gram(depth: int, bias: float, x: Any, z: Any = None) -> Any:
    net, scale, factor = scikit_ntk(depth, bias, x.shape[1])
    z = None if z is None else z * scale
    return factor * fastntk.gram(net, x * scale, z)


def says(line: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def register(function: Callable[[], object]) -> Callable[[], object]:
        STATEMENTS[line] = function
        return function

    return register


def test_every_line_has_a_test_and_every_test_a_line() -> None:
    text = PAGE.read_text(encoding="utf-8")
    cells = re.findall(r"^\| (.+?) \| .+ \|$", text, re.MULTILINE)
    assert set(cells) - {"of scikit-ntk"} == set(STATEMENTS)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("bias", BIASES)
def test_the_same_numbers(depth: int, bias: float) -> None:
    net, scale, factor = scikit_ntk(depth, bias, X.shape[1])
    key, rtol = f"{depth}_{bias}", 1e-13
    np.testing.assert_allclose(gram(depth, bias, X), THEIRS[f"K_{key}"], rtol)
    np.testing.assert_allclose(gram(depth, bias, X, Z), THEIRS[f"KZ_{key}"], rtol)
    diagonal = factor * fastntk.diagonal(net, X * scale, "ntk")
    np.testing.assert_allclose(diagonal, THEIRS[f"diag_{key}"], rtol)


for cell in (
    "`NeuralTangentKernel(depth, bias)`",
    "`bias=0`",
    "`kernel(X)`",
    "`kernel(X, Z)`",
    "`kernel.diag(X)`",
):
    says(cell)(lambda: test_the_same_numbers(3, 0.0))


@says("`KernelRidge(kernel=kernel, alpha=r)`")
def kernel_ridge() -> None:
    ours = KernelRidge(alpha=0.3, kernel="precomputed").fit(gram(3, 0.1, X), Y)
    theirs = KernelRidge(alpha=0.3, kernel="precomputed").fit(THEIRS["K_3_0.1"], Y)
    found = ours.predict(gram(3, 0.1, Z, X))
    np.testing.assert_allclose(found, theirs.predict(THEIRS["KZ_3_0.1"].T), 1e-10)


@says("`GaussianProcessRegressor(kernel, alpha=r)`")
def gaussian_process() -> None:
    covariance, cross = THEIRS["K_3_0.1"] + 0.3 * np.eye(len(X)), THEIRS["KZ_3_0.1"].T
    mean = cross @ np.linalg.solve(covariance, Y)  # what the regressor computes
    explained = cross @ np.linalg.solve(covariance, cross.T)
    net, scale, factor = scikit_ntk(3, 0.1, 4)
    ours = predict.Posterior(net, X * scale, Y, "ntkgp", ridge=0.3 / factor)
    np.testing.assert_allclose(ours.mean(Z * scale), mean, 1e-10)
    variance = factor * ours.variance(Z * scale)
    prior = factor * fastntk.diagonal(net, Z * scale, "ntk")
    np.testing.assert_allclose(variance, prior - np.diagonal(explained), 1e-9)


@says("`2.0 * kernel + WhiteKernel(s)`")
def arithmetic() -> None:
    noise = kernels.WhiteKernel(0.5)(X)
    ours = 2.0 * gram(3, 0.1, X) + 0.5 * np.eye(len(X))
    np.testing.assert_allclose(ours, 2.0 * THEIRS["K_3_0.1"] + noise, 1e-13)


@says("one activation")
def another_activation() -> None:
    net = stax.serial(stax.Dense(1, b_std=1.0), stax.Erf(), stax.Dense(1))
    without = stax.serial(stax.Dense(1), stax.Erf(), stax.Dense(1))
    nngp = fastntk.gram(net, X, get="nngp")
    assert np.abs(nngp - fastntk.gram(without, X, get="nngp")).max() > 0.1


@says("the NNGP kernel")
def nngp() -> None:
    net, scale, _ = scikit_ntk(3, 0.1, 4)
    both = fastntk.gram(net, X * scale, get=("nngp", "ntk"))
    np.testing.assert_array_equal(both.nngp, fastntk.gram(net, X * scale, get="nngp"))


@says("equal and nearly equal rows")
def near() -> None:
    ours, theirs = gram(3, 1.0, np.concatenate([X, X + 1e-9])), THEIRS["near"]
    n = len(X)
    assert np.abs(theirs[:n, :n] - theirs[n:, :n]).max() > 1e-8
    assert np.abs(ours[:n, :n] - ours[n:, :n]).max() < 1e-8
    same = gram(3, 1.0, np.concatenate([X, X]))
    np.testing.assert_allclose(same[:n], same[n:], 1e-14)


@says("rows of zeros")
def zero() -> None:
    rows = X.copy()
    rows[2] = 0.0
    ours = gram(3, 1.0, rows)
    # kappa_dot is 1/2 of that of equal rows, and S is 0: T = (T + 2) / 2, thrice
    expected = (((1.0 / 2 + 1.0) / 2 + 1.0) / 2 + 1.0) / 8
    np.testing.assert_allclose(ours[2], expected, 1e-15)
    assert THEIRS["zero"][2].min() > 1.05 * expected


@says("memory")
def memory() -> None:
    net, scale, _ = scikit_ntk(3, 1.0, 4)
    many = np.random.default_rng(0).standard_normal((1500, 4)) * scale
    budget = many[:500].size * 8 + 500 * 1500 * 8 + 2**26
    fastntk.gram(net, many[:500], many, max_memory=budget)


@says("float32")
def float32() -> None:
    single = X.astype("float32")
    ours = gram(3, 0.1, single)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, gram(3, 0.1, single.astype(float)), 1e-5)


@says("time")
def depth_is_free() -> None:
    rows = np.random.default_rng(0).standard_normal((1500, 4))
    nets = {depth: scikit_ntk(depth, 1.0, 4)[0] for depth in (3, 60)}
    seconds: dict[int, list[float]] = {3: [], 60: []}
    for _ in range(4):  # in turns, the first to compile
        for depth, net in nets.items():
            start = time.perf_counter()
            fastntk.gram(net, rows, threads=1)
            seconds[depth].append(time.perf_counter() - start)
    assert min(seconds[60]) < 5 * min(seconds[3])  # layer by layer it would be 20


@says("bad input")
def bad_input() -> None:
    rows = X.copy()
    rows[0, 0] = np.nan
    with pytest.raises(fastntk.InputError, match="found nan"):
        gram(3, 1.0, rows)


@says("`eval_gradient`, `bias_bounds`")
def choose_the_bias() -> None:
    errors = {}
    for bias in (0.1, 1.0):
        spectrum = theory.decompose(gram(3, bias, X), Y)
        errors[bias] = theory.leave_one_out(spectrum, [0.01, 0.1]).min()
    assert set(errors) == {0.1, 1.0}
    assert all(np.isfinite(list(errors.values())))


@says("a scikit-learn `Kernel` object")
def precomputed() -> None:
    assert KernelRidge(kernel="precomputed").fit(gram(1, 1.0, X), Y).dual_coef_.size


@pytest.mark.parametrize("line", STATEMENTS)
def test_line(line: str) -> None:
    STATEMENTS[line]()
