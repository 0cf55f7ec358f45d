"""Ceilings, what a case has to do at least, and rows."""

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.benchmark import Settings
from fastntk.benchmark.cases import (
    CASES,
    Work,
    cases_of,
    floor_seconds,
    program_of,
    work_of,
)
from fastntk.benchmark.ceilings import Ceilings, measure_ceilings
from fastntk.benchmark.loops import evaluate_polynomials, polynomial_flops
from fastntk.benchmark.scaling import slope
from fastntk.benchmark.settings import random_rows
from fastntk.kernels.formulas.polynomials import asin_coefficients, constants


def net(depth: int = 2, b_std: float | None = 0.1) -> stax.Network:
    hidden = depth * [stax.Dense(8, b_std=b_std), stax.Relu()]
    return stax.serial(*hidden, stax.Dense(1, b_std=b_std))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_ceilings_are_rates_of_this_machine(dtype: str) -> None:
    found = measure_ceilings(dtype, 1)
    for rate in (found.product, found.numpy_product, found.polynomial):
        assert 0.2 < rate < 2000.0
    assert 0.05 < found.write_fresh < 500.0
    assert 0.05 < found.write_reused < 500.0
    assert found.best_product == max(found.product, found.numpy_product)
    assert found.as_dict()["threads"] == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_polynomial_loop_evaluates_polynomials(dtype: type) -> None:
    strip = np.linspace(0.0, 1.0, 100).astype(dtype)
    x, table = strip.astype(np.float64), constants(np.dtype(dtype))
    c = np.array(asin_coefficients(table), np.float64)
    evaluate_polynomials(strip, table, 1)
    np.testing.assert_allclose(strip, np.polyval(c[::-1], x), rtol=1e-6)
    evaluate_polynomials(strip, table, 1000)
    assert np.isfinite(strip).all() and strip.max() < 2.0
    assert polynomial_flops(np.dtype(dtype)) >= 2 * (len(c) - 1)


def test_rows_are_reproducible_and_nested_in_nothing() -> None:
    np.testing.assert_array_equal(random_rows(10, 3), random_rows(10, 3))
    assert random_rows(10, 3, "float32").dtype == np.float32
    assert not np.array_equal(random_rows(10, 3), random_rows(10, 3, seed=1))


# --- work -----------------------------------------------------------------------------


def settings(network: stax.Network | None = None, **changes: object) -> Settings:
    return Settings(net=network or net(), n=40, d=6, **changes)  # type: ignore[arg-type]


def test_flops_and_bytes_of_every_case() -> None:
    s = settings(columns=3)
    program = program_of(s.net, s.rows(s.n), None, s.get)
    assert program is not None
    gram, reused, rectangular, product = (work_of(name, s) for name in CASES)
    half = 40 * 41 // 2
    assert gram.entries == 1600 and gram.written == 1600 * 8
    assert gram.product_flops == 2 * 6 * half
    assert gram.layer_flops == program.flops * half
    assert gram.is_fresh and not reused.is_fresh
    assert rectangular.entries == 800 and rectangular.product_flops == 2 * 6 * 800
    assert product.product_flops == 2 * 6 * half + 2 * 3 * 1600
    assert product.written == 40 * 3 * 8
    single = work_of("gram", settings(dtype="float32"))
    assert single.written == 1600 * 4


def test_the_floor_is_arithmetic_or_writing() -> None:
    rates = Ceilings(1, 10.0, 5.0, 20.0, 1.0, 4.0)
    work = Work(100, 1e10, 2e10, 1e9, is_fresh=True)
    assert floor_seconds(work, rates) == pytest.approx(1.0 + 1.0)
    work = Work(100, 1e9, 1e9, 1e9, is_fresh=True)
    assert floor_seconds(work, rates) == pytest.approx(1.0)
    work = Work(100, 1e9, 1e9, 1e9, is_fresh=False)
    assert floor_seconds(work, rates) == pytest.approx(0.25)
    assert floor_seconds(Work(1, None, None, 1.0, True), rates) is None
    assert Work(1, None, None, 1.0, True).flops is None


def test_the_program_is_the_one_that_runs() -> None:
    plain, x = net(8, None), random_rows(400, 5)
    found = program_of(plain, x, None, "ntk")
    assert found is not None
    assert str(found) == str(plain.program(x, "ntk"))


def test_cases_compute_what_they_say() -> None:
    s = settings(columns=2, threads=1)
    cases = {case.name: case for case in cases_of(s)}
    x, other = s.rows(40), s.rows(20, seed=1)
    whole = fastntk.gram(s.net, x)
    np.testing.assert_array_equal(cases["gram"].call(), whole)
    np.testing.assert_array_equal(cases["gram, reused output"].call(), whole)
    cross = fastntk.gram(s.net, x, other)
    np.testing.assert_array_equal(cases["rectangular"].call(), cross)
    columns = np.random.default_rng(2).standard_normal((40, 2))
    product = cases["streamed product"].call()
    np.testing.assert_allclose(product, whole @ columns, rtol=1e-12)
    assert cases["rectangular"].shape == (40, 20)


def test_networks_on_whole_matrices_have_no_streamed_product() -> None:
    def identity(kernel: object, **options: object) -> object:
        return kernel

    triple = (lambda *a: None, lambda *a: None, identity)
    staged = stax.serial(stax.Dense(4), triple, stax.Dense(1))
    s = settings(staged, threads=1)
    assert [case.name for case in cases_of(s)] == list(CASES[:3])
    assert program_of(s.net, s.rows(4), None, "ntk") is None
    assert work_of("gram", s).flops is None


def test_a_slope_needs_two_points() -> None:
    assert slope([{"n": 3, "best_s": 1.0}], "n") is None
    cubic = [{"n": n, "best_s": 2.0 * n**3} for n in (1, 2, 5)]
    assert slope(cubic, "n") == pytest.approx(3.0)
