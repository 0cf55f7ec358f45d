"""What every backend promises, whatever it runs on: a subclass says which one.

All of it through the public functions, on few rows: with duplicates, near and opposite
ones, and one of zeros.
"""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.networks import ERF, RELU, build, dense, mlp, residual
from tests.reference import highprec
from tests.test_cuda.nets import rows
from tests.tolerances import relative_error, tolerance

__all__ = ["BackendContract"]

BOTH = ("nngp", "ntk")
NETS: dict[str, list[Any]] = {
    "relu": mlp(RELU, 2, b_std=0.1),
    "erf": mlp(ERF, 1, b_std=0.1),
    "residual": ["serial", dense(), residual(["serial", RELU, dense(1.0, 0.1)])],
}
PLAIN = build(mlp(RELU, 1))
NET = build(NETS["relu"])


class BackendContract:
    """Tests that every backend passes."""

    name: str

    def gram(
        self, net: Any, x: Any, y: Any = None, get: Any = "ntk", **more: Any
    ) -> Any:
        """Return kernel matrices by this backend."""
        return fastntk.gram(net, x, y, get, backend=self.name, **more)

    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    @pytest.mark.parametrize("name", sorted(NETS))
    def test_is_right(self, name: str, dtype: str) -> None:
        """Against multiple precision, at the same floating-point rows."""
        x = rows(dtype)
        found = self.gram(build(NETS[name]), x, None, BOTH)
        truth = highprec.kernel(NETS[name], x)
        for get, values in zip(BOTH, found, strict=True):
            exact = getattr(truth, get)
            sides = np.diag(exact)
            assert values.dtype == dtype
            assert relative_error(values, exact, sides, sides) <= tolerance(get, dtype)

    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    def test_is_symmetric_with_the_diagonal_of_its_own(self, dtype: str) -> None:
        x = rows(dtype)
        for get, values in zip(BOTH, self.gram(NET, x, None, BOTH), strict=True):
            np.testing.assert_array_equal(values, values.T)
            alone = fastntk.diagonal(NET, x, get, dtype=dtype, backend=self.name)
            np.testing.assert_array_equal(np.diag(values), alone)

    def test_equal_rows_have_equal_kernels(self) -> None:
        found = self.gram(NET, rows())  # whose rows 1 and 3 are equal
        assert found[1, 1] == found[3, 3]
        np.testing.assert_allclose(found[1], found[3], rtol=1e-14)

    def test_powers_of_two_are_exact(self) -> None:
        x = rows()
        found = self.gram(PLAIN, x, 4.0 * x)
        np.testing.assert_array_equal(self.gram(PLAIN, 2.0 * x, 8.0 * x), 4.0 * found)

    def test_order_and_sides_do_not_matter(self) -> None:
        x = rows()
        order = np.random.default_rng(1).permutation(9)
        whole, sides = self.gram(NET, x), fastntk.diagonal(NET, x)
        ways = {
            "order": (self.gram(NET, x[order]), np.ix_(order, order)),
            "sides": (self.gram(NET, x, x[:4].copy()), np.s_[:, :4]),
            "turned": (self.gram(NET, x[5:].copy(), x).T, np.s_[:, 5:]),
        }
        unit = np.sqrt(sides[:, None] * sides)
        for how, (values, place) in ways.items():
            error = np.abs(values - whole[place]) / unit[place]
            assert error.max() <= tolerance("invariance", "float64"), how

    def test_kernels_alone_are_those_of_both(self) -> None:
        x = rows()
        for get, values in zip(BOTH, self.gram(NET, x, None, BOTH), strict=True):
            np.testing.assert_allclose(self.gram(NET, x, None, get), values, rtol=1e-14)

    def test_an_output_is_filled(self) -> None:
        x = rows()
        out = np.full((12, 11), np.nan)[2:11, 1:10]
        assert self.gram(NET, x, out=out) is out
        np.testing.assert_array_equal(out, self.gram(NET, x))

    def test_tiles_cover_the_matrix(self) -> None:
        x, found = rows(), np.full((9, 9), np.nan)
        for i, j, tile in fastntk.tiles(NET, x, backend=self.name):
            found[i, j] = tile
        np.testing.assert_array_equal(found, self.gram(NET, x))

    def test_progress_counts_every_entry(self) -> None:
        seen: list[tuple[int, int]] = []
        self.gram(NET, rows(), progress=lambda *state: seen.append(state))
        assert seen[-1] == (81, 81)

    def test_products_are_those_of_the_matrix(self) -> None:
        x, y = rows(), rows()[:4]
        v = np.random.default_rng(2).standard_normal((9, 3))
        square = fastntk.operator(NET, x, backend=self.name)
        np.testing.assert_allclose(square @ v, self.gram(NET, x) @ v, rtol=1e-11)
        wide = fastntk.operator(NET, y, x, backend=self.name)
        matrix = self.gram(NET, y, x)
        np.testing.assert_allclose(wide @ v, matrix @ v, rtol=1e-11)
        np.testing.assert_allclose(wide.T @ v[:4], matrix.T @ v[:4], rtol=1e-11)

    @pytest.mark.parametrize("method", ["cg", "cholesky"])
    def test_solutions_solve(self, method: str) -> None:
        x = rows()
        y = np.sin(x[:, 0])
        options: Any = {"method": method, "backend": self.name}
        found = fastntk.solve(NET, x, y, ridge=0.1, **options).x
        left = self.gram(NET, x) + 0.1 * np.eye(9)
        np.testing.assert_allclose(left @ found, y, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_rows_that_are_not_finite_are_named(self, bad: float) -> None:
        x = rows()
        x[6, 2] = bad
        with pytest.raises(fastntk.InputError, match="row 6, column 2"):
            self.gram(NET, x)

    def test_bad_shapes_are_named(self) -> None:
        x = rows()
        with pytest.raises(fastntk.InputError, match="x1"):
            self.gram(NET, x[0])
        with pytest.raises(fastntk.InputError, match="5 and 4 features"):
            self.gram(NET, x, x[:, :4])
        with pytest.raises(fastntk.InputError, match="out"):
            self.gram(NET, x, out=np.empty((9, 8)))
