"""Numerical activations: terms chosen from the rows, and from the pairs of a strip."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.backends.cpu import numerical as cpu_numerical
from fastntk.backends.cpu.blocks import mean_squares, table_stride
from fastntk.backends.cpu.numerical import specialise
from fastntk.program import Program, lower
from tests.tolerances import relative_error

GETS = ("nngp", "ntk")
DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)


def network(activation: Any, depth: int = 2) -> Any:
    layers = [stax.Dense(1, W_std=1.4, b_std=0.2), activation] * depth
    return stax.serial(*layers, stax.Dense(1))


def rows(n: int = 70) -> Any:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, 6)) * rng.uniform(0.4, 1.6, (n, 1))
    x[1], x[2], x[3] = x[0] * (1 + 1e-6), -x[0], 0.9 * x[0] + 0.1 * x[4]
    return x


def program_for(x: Any, dtype: Any = DOUBLE) -> Program:
    program = lower(network(stax.Tanh()).spec, GETS, x.shape[1])
    assert program.has_numerical_ops
    return specialise(program, (mean_squares(x),), dtype)


def test_every_numerical_op_gets_its_terms() -> None:
    program = program_for(rows())
    assert not program.has_numerical_ops
    assert [op.name for op in program.ops].count("expansion") == 2
    tables = [op.table for op in program.ops]
    assert tables == sorted(tables)
    assert program.n_tables == sum(op.n_tables for op in program.ops) + 2
    assert "terms, error <= " in str(program)


def test_float32_and_small_variances_need_fewer_terms() -> None:
    def n_terms(x: Any, dtype: Any = DOUBLE) -> float:
        ops = program_for(x, dtype).ops
        return next(op.row_coefs[0] for op in ops if op.name == "expansion")

    assert n_terms(rows(), SINGLE) < n_terms(rows()) / 2
    assert n_terms(0.1 * rows()) < n_terms(rows())


def test_the_program_with_the_net_is_the_one_that_runs() -> None:
    text = str(network(stax.Tanh()).program(rows()))
    assert "expansion" in text
    assert "numerical" not in text
    assert "numerical" in str(network(stax.Tanh()).program())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_fewer_terms_at_small_correlations_change_last_bits_only(
    dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, x = network(stax.Tanh(), 3), rows().astype(dtype)
    short = fastntk.gram(net, x, get=GETS)
    monkeypatch.setattr(cpu_numerical, "LEVELS", ())
    monkeypatch.setattr(cpu_numerical, "FAR", -1.0)
    full = fastntk.gram(net, x, get=GETS)
    for a, b in zip(short, full, strict=True):
        error = relative_error(a, b, b.diagonal(), b.diagonal())
        assert error <= 40 * np.finfo(dtype).eps


def test_duplicates_and_tiles_agree_to_the_last_bits() -> None:
    net, x = network(stax.Tanh()), rows(400)
    x[200:] = x[:200]
    whole = fastntk.gram(net, x)
    part = fastntk.gram(net, x[:90], x[200:290])
    np.testing.assert_allclose(part, whole[:90, :90], rtol=0, atol=1e-14)
    np.testing.assert_allclose(whole.diagonal(200), whole.diagonal()[:200], rtol=1e-14)


def test_rows_of_zeros() -> None:
    x = rows(9)
    x[4] = 0.0
    for activation in (stax.Tanh(), stax.Softplus()):
        net = stax.serial(stax.Dense(1), activation, stax.Dense(1, b_std=0.5))
        k = fastntk.gram(net, x, get=GETS)
        tiny = np.where(x == 0, 0, x)
        tiny[4] = 1e-9
        near = fastntk.gram(net, tiny, get=GETS)
        for a, b in zip(k, near, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-7)


def test_only_rows_of_zeros() -> None:
    net = stax.serial(stax.Dense(1), stax.Softplus(), stax.Dense(1))
    value = fastntk.gram(net, np.zeros((2, 3)), get="nngp")
    np.testing.assert_allclose(value, np.full((2, 2), np.log(2) ** 2), rtol=1e-12)


def test_sparse_rows_and_blocks_agree_with_dense_ones() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    net, x = network(stax.Tanh()), rows(40)
    dense = fastntk.gram(net, x)
    np.testing.assert_allclose(fastntk.gram(net, sparse.csr_matrix(x)), dense, 1e-12)
    np.testing.assert_allclose(mean_squares(sparse.csr_matrix(x)), mean_squares(x))


def test_tables_start_in_different_cache_sets() -> None:
    for dtype in (DOUBLE, SINGLE):
        for n in (1, 64, 320, 4096):
            stride = table_stride(n, dtype)
            assert stride >= n
            assert stride * dtype.itemsize // 64 % 2 == 1


def test_composition_goes_on_from_numbers() -> None:
    first = stax.serial(stax.Dense(1, W_std=1.3, b_std=0.1), stax.Tanh())
    second = stax.serial(stax.Dense(1, b_std=0.2), stax.Softplus(), stax.Dense(1))
    x = rows(12)
    whole = stax.serial(first, second).kernel_fn(x, None, GETS)
    parts = second.kernel_fn(first.kernel_fn(x), get=GETS)
    for a, b in zip(parts, whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_inputs_with_positions() -> None:
    net = stax.serial(
        stax.Dense(1), stax.Tanh(), stax.GlobalAvgPool(), stax.Dense(1, b_std=0.1)
    )
    x = rows(12).reshape(4, 3, 6)
    kernel = net.kernel_fn(x, None, "nngp")
    flat = fastntk.gram(stax.serial(stax.Dense(1), stax.Tanh()), rows(12), get="nngp")
    pooled = flat.reshape(4, 3, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(kernel, pooled + 0.01, rtol=1e-9)
