"""Products by CuPy: where it works, and what is said where it does not."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastntk.backends.cuda import backend as _loaded_before_anything_is_replaced  # noqa: F401
from fastntk.backends.cuda import products as cuda_products

pytestmark = pytest.mark.jit_off


class FakeCupy(ModuleType):
    """NumPy in the place of CuPy."""

    __version__ = "0.0"

    def __init__(self, *, is_broken: bool = False) -> None:
        super().__init__("cupy")
        self.is_broken = is_broken
        self.cuda = SimpleNamespace(ExternalStream=_Stream)

    def __getattr__(self, name: str) -> Any:
        if name == "full" and self.is_broken:
            raise OSError("libcublas.so.13 cannot be loaded")
        return getattr(np, name)


class _Stream:
    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __enter__(self) -> None:
        pass

    def __exit__(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("is_broken", [False, True])
def test_cupy_multiplies_where_it_works(
    is_broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", FakeCupy(is_broken=is_broken))
    monkeypatch.setattr(cuda_products, "is_simulated", lambda: False)
    cuda_products._cupy.cache_clear()
    try:
        product = cuda_products.library_product()
        if is_broken:
            assert product is None
            name = cuda_products.library_name()
            assert name.startswith("own kernel (CuPy 0.0 cannot multiply: libcublas")
            return
        assert product is not None
        assert cuda_products.library_name() == "cuBLAS by CuPy 0.0"
        a, b = np.arange(6.0), np.arange(12.0)
        block = np.zeros(20)
        product(a, b, block, (2, 4), 3, SimpleNamespace(handle=7))
        expected = a.reshape(2, 3) @ b.reshape(4, 3).T
        np.testing.assert_array_equal(block[:8].reshape(2, 4), expected)
    finally:
        cuda_products._cupy.cache_clear()


def test_why_cupy_does_not_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_products, "is_simulated", lambda: False)
    wrong = SimpleNamespace(full=lambda *_: np.ones((2, 2)))
    for found, words in ((None, "pip install"), (wrong, "product by CuPy was wrong")):
        monkeypatch.setitem(sys.modules, "cupy", found)
        cuda_products._cupy.cache_clear()
        assert words in cuda_products.library_name()
    cuda_products._cupy.cache_clear()
