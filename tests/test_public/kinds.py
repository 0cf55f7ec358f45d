"""Arguments of a wrong kind, and stand-ins for arrays that are not in this memory."""

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

__all__ = ["MARK", "Tracer", "wrong_kinds"]

MARK = 7.2413  # in all arrays here: a message that shows it prints an array


class Tracer:
    """Looks like an array that JAX traces: shape and dtype, but no numbers."""

    dtype, size = np.dtype(np.float32), 36

    def __init__(self, shape: tuple[int, ...] = (12, 3)) -> None:
        self.shape, self.ndim = shape, len(shape)

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        raise TracerArrayConversionError(
            "The numpy.ndarray conversion method __array__() was called on "
            "traced array "
            f"with shape float32{self.shape}"
        )

    def __bool__(self) -> NoReturn:
        raise TracerArrayConversionError("Attempted boolean conversion of traced array")

    __float__ = __int__ = __index__ = __iter__ = __bool__

    def __len__(self) -> int:
        return self.shape[0]

    def _traced(self, *args: object) -> "Tracer":
        return self

    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __mul__ = __matmul__ = _traced
    __neg__ = __getitem__ = astype = reshape = _traced
    __eq__ = _traced  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Traced<float32[12,3]>with<DynamicJaxprTrace>"


class TracerArrayConversionError(TypeError):
    """As JAX raises it."""


Tracer.__module__ = TracerArrayConversionError.__module__ = "jax._src.core"
Tracer.__name__ = Tracer.__qualname__ = "DynamicJaxprTracer"


class OnDevice:
    """Looks like a tensor on a GPU that is no CUDA array that can be read here."""

    shape, dtype, ndim, size, device = (12, 3), "torch.float32", 2, 36, "cuda:0"

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError(
            "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to "
            "copy the tensor to host memory first."
        )

    def __len__(self) -> int:
        return 12

    def __float__(self) -> NoReturn:
        raise ValueError("only one element tensors can be converted to Python scalars")

    __int__ = __index__ = __bool__ = __float__

    def __repr__(self) -> str:
        return f"tensor([[{MARK}, {MARK}]], device='cuda:0')"


def function(x1: Any, x2: Any = None, get: Any = None) -> NoReturn:
    """Stand for a function where none is expected."""
    raise AssertionError("it was called")


def wrong_kinds(frames: bool = True) -> Iterator[tuple[str, Any]]:
    """Yield values of many kinds, by name."""
    matrix = np.full((5, 2), MARK)
    yield "function", function
    yield "class", dict
    yield "string", "words"
    yield "None", None
    yield "matrix", matrix
    yield "list", matrix.tolist()
    yield "ragged", [[MARK], [MARK, 1.0]]
    yield "objects", matrix.astype(object)
    yield "strings", np.array(["a", "b"])
    yield "complex", matrix * 1j
    yield "nan", float("nan")
    yield "negative", -3
    yield "huge", 10**400
    yield "bool", True
    yield "mapping", {"a": matrix}
    yield "pair", (matrix, matrix)
    yield "cube", np.full((2, 2, 2, 2, 2), MARK)
    yield "nothing", np.empty((0, 3))
    yield "object", object()
    yield "traced", Tracer()
    yield "on a device", OnDevice()
    if frames:
        import pandas as pd  # type: ignore[import-untyped]

        yield "frame", pd.DataFrame({"a": ["x", "y"], "b": [MARK, MARK]})
        yield "series", pd.Series(["x", "y"])
