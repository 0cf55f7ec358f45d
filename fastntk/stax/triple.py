"""``Triple``: what is used as neural-tangents' ``(init_fn, apply_fn, kernel_fn)``."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, SupportsIndex, overload

from fastntk._errors import NotSupportedError
from fastntk._shown import shown

__all__ = ["Triple"]

_NAMES = ("init_fn", "apply_fn", "kernel_fn")


class Triple:
    """An object with three functions, which stands for the tuple of them."""

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        """Yield ``init_fn``, ``apply_fn`` and ``kernel_fn``."""
        return iter(self._functions())

    def __len__(self) -> int:
        """Return 3, the number of functions."""
        return len(_NAMES)

    def __reversed__(self) -> Iterator[Callable[..., Any]]:
        """Yield ``kernel_fn``, ``apply_fn`` and ``init_fn``."""
        return iter(self._functions()[::-1])

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Callable[..., Any]: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Callable[..., Any], ...]: ...

    def __getitem__(self, key: Any, /) -> Any:
        """Return one function, or a tuple of some."""
        try:
            return self._functions()[key]
        except (TypeError, IndexError) as error:
            names = ", ".join(f"{k} ({name})" for k, name in enumerate(_NAMES))
            raise type(error)(
                f"Network: found the index {shown(key)}; expected {names}, or a slice "
                "of these. Its layers are in net.spec"
            ) from None

    def _functions(self) -> tuple[Callable[..., Any], ...]:
        return tuple(getattr(self, name) for name in _NAMES)

    def init_fn(self, rng: Any, input_shape: tuple[int, ...]) -> NoReturn:
        """Draw the parameters of a finite network: not supported yet.

        Parameters
        ----------
        rng : object
            Source of randomness.
        input_shape : tuple of int
            Shape of the inputs.

        Raises
        ------
        NotSupportedError
            Always.
        """
        raise NotSupportedError(_not_yet("init_fn"))

    def apply_fn(self, params: Any, inputs: Any, **kwargs: Any) -> NoReturn:
        """Evaluate a finite network: not supported yet.

        Parameters
        ----------
        params : object
            Parameters from `init_fn`.
        inputs : array-like of shape (n, d)
            One row per sample.
        **kwargs : object
            Further arguments.

        Raises
        ------
        NotSupportedError
            Always.
        """
        raise NotSupportedError(_not_yet("apply_fn"))


def _not_yet(name: str) -> str:
    return (
        f"{name}: finite-width networks are not supported yet; expected a use of the "
        "infinite-width kernel. Call kernel_fn, the third item of the triple"
    )
