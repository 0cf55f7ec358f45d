"""`Kernel`: what a network's kernel function returns, and a user's one takes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from fastntk._errors import InputError, NotSupportedError
from fastntk._shown import shown

if TYPE_CHECKING:
    from fastntk._typing import AnyArray

__all__ = ["KERNEL_FIELDS", "Kernel"]

# Fields that have one value here, and what another one would ask for.
_CONSTANTS: dict[str, tuple[Any, str]] = {
    "is_reversed": (False, "axes of positions in another order"),
    "diagonal_batch": (True, "covariances between all samples in cov1 and cov2"),
    "diagonal_spatial": (False, "kernels of equal positions only"),
    "batch_axis": (0, "another axis of samples"),
    "mask1": (None, "masks"),
    "mask2": (None, "masks"),
}


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Kernel:
    """Kernels of a network, the variances that belong to them, and what they mean.

    The result of ``kernel_fn(x1, x2)``; the input and the result of another network's
    ``kernel_fn(kernel)`` and of a layer made by a user.  The fields are those of
    ``neural_tangents.Kernel``.

    Parameters
    ----------
    nngp : ndarray of shape (n1, n2) or (n1, n2, positions, positions)
        Neural network Gaussian process kernel.
    ntk : ndarray of the shape of ``nngp``, or None
        Neural tangent kernel; None if it was not asked for.
    cov1 : ndarray of shape (n1,) or (n1, positions, positions)
        NNGP kernel of each sample of ``x1`` with itself.
    cov2 : ndarray of shape (n2,) or (n2, positions, positions), or None, default=None
        The same for ``x2``; None if ``x2`` was None.
    x1_is_x2 : bool, default=False
        Whether both sides are the same samples.
    is_gaussian : bool, default=False
        Whether the outputs are independent Gaussian processes in the limit, as after
        a Dense; an activation needs it.
    is_reversed : bool, default=False
        Always False.
    is_input : bool, default=False
        Whether the kernel is that of the inputs. It is for the reader alone: nothing
        here depends on it.
    diagonal_batch, diagonal_spatial : bool
        Always True and False: ``cov1`` holds no pairs of samples, and all arrays hold
        all pairs of positions.
    shape1, shape2 : tuple of int, or None
        Shape of the outputs that the kernel is of: (n, width) or (n, positions,
        width). A following Dense in the standard parameterization and `FanInConcat`
        use the width; None: not known.
    batch_axis, channel_axis : int
        Always 0 and -1.
    mask1, mask2 : None
        Always None.

    Raises
    ------
    NotSupportedError
        If a field that has one value only is given another.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> kernel = stax.serial(stax.Dense(512), stax.Relu()).kernel_fn(np.eye(3))
    >>> kernel
    Kernel(nngp (3, 3), ntk (3, 3), cov1 (3,), cov2 None, float64; \
x1_is_x2=True, is_gaussian=False, shape1=(3, 512), shape2=(3, 512))
    >>> kernel.replace(nngp=2 * kernel.nngp).nngp.shape
    (3, 3)
    >>> stax.Dense(1).kernel_fn(kernel).is_gaussian
    True
    """

    nngp: AnyArray
    ntk: AnyArray | None
    cov1: AnyArray
    cov2: AnyArray | None = None
    x1_is_x2: bool = False
    is_gaussian: bool = False
    is_reversed: bool = False
    is_input: bool = False
    diagonal_batch: bool = True
    diagonal_spatial: bool = False
    shape1: tuple[int, ...] | None = None
    shape2: tuple[int, ...] | None = None
    batch_axis: int = 0
    channel_axis: int = -1
    mask1: None = None
    mask2: None = None

    def __post_init__(self) -> None:
        """Refuse what no computation here could honour."""
        for name, (value, meaning) in _CONSTANTS.items():
            found = getattr(self, name)
            if not _is_equal(found, value):
                raise NotSupportedError(
                    f"Kernel: {name} is {shown(found)}; expected {value!r}: {meaning} "
                    "are not supported"
                )

    def __repr__(self) -> str:
        """Return shapes, not numbers."""
        arrays = ", ".join(
            f"{name} {getattr(getattr(self, name), 'shape', None)}"
            for name in ("nngp", "ntk", "cov1", "cov2")
        )
        values = ", ".join(
            f"{name}={getattr(self, name)!r}"
            for name in ("x1_is_x2", "is_gaussian", "shape1", "shape2")
        )
        return f"Kernel({arrays}, {getattr(self.nngp, 'dtype', None)}; {values})"

    def replace(self, **changes: Any) -> Self:
        """Return a kernel with some fields changed.

        Parameters
        ----------
        **changes : object
            New values by field name.

        Returns
        -------
        Kernel
            The other fields, arrays too, are shared and not copied.

        Raises
        ------
        InputError
            If a name is no field.
        """
        for name in changes:
            if name not in KERNEL_FIELDS:
                raise InputError(
                    f"Kernel.replace: found {name!r}; expected fields of a Kernel: "
                    f"{', '.join(KERNEL_FIELDS)}"
                )
        return dataclasses.replace(self, **changes)

    def asdict(self) -> dict[str, Any]:
        """Return the fields by name; arrays are shared, not copied.

        Returns
        -------
        dict
        """
        return {name: getattr(self, name) for name in KERNEL_FIELDS}

    def astuple(self) -> tuple[Any, ...]:
        """Return the fields in their order; arrays are shared, not copied.

        Returns
        -------
        tuple
        """
        return tuple(self.asdict().values())


def _is_equal(found: Any, value: Any) -> bool:
    try:
        return found is value or bool(found == value)
    except Exception:  # an array
        return False


KERNEL_FIELDS = tuple(field.name for field in dataclasses.fields(Kernel))
"""Names of the fields of a `Kernel`: what ``get`` accepts."""
