"""Layers made by a user: their kernel functions, called and checked."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastntk._errors import FastntkError, NetworkError
from fastntk._kernel import Kernel
from fastntk._typing import AnyArray
from fastntk.spec import Custom

__all__ = ["check_kernel", "run_custom"]

# relative to the variances: a diagonal, or a mirror image, computed on its own
_CLOSE = {"float64": 1e-9, "float32": 2e-5}


def run_custom(
    spec: Custom,
    state: Kernel | list[Kernel],
    options: Mapping[str, Any],
    label: str,
) -> Kernel:
    """Call a user's ``kernel_fn(kernel, **kwargs)``.

    Parameters
    ----------
    spec : Custom
        The layer.
    state : Kernel or list of Kernel
        What comes before it; a list if these are branches.
    options : mapping
        Keyword arguments of the network's ``kernel_fn``, those that are not None.
    label : str
        The layer as shown in messages.

    Returns
    -------
    Kernel
        Checked, in float64.

    Raises
    ------
    NetworkError
        If what comes back is no kernel of the same samples, or the function writes
        into the kernel it was given. Other exceptions of the function pass, with a
        note that names the layer.
    """
    first = state if isinstance(state, Kernel) else state[0]
    given = {name: value for name, value in options.items() if value is not None}
    seen = _frozen(state) if isinstance(state, Kernel) else list(map(_frozen, state))
    result = _call(spec, seen, given, label)
    if not isinstance(result, Kernel):
        raise NetworkError(
            f"{label}: its kernel_fn returned {type(result).__name__}; expected a "
            "Kernel, e.g. kernel.replace(nngp=...)"
        )
    result = check_kernel(result, f"{label}: its kernel_fn returned", NetworkError)
    if result.nngp.shape[:2] != first.nngp.shape[:2]:
        raise NetworkError(
            f"{label}: its kernel_fn returned a kernel of "
            f"{' x '.join(map(str, result.nngp.shape[:2]))} samples; expected "
            f"{' x '.join(map(str, first.nngp.shape[:2]))}, those it was given"
        )
    if (result.ntk is None) != (first.ntk is None):
        raise NetworkError(
            f"{label}: its kernel_fn returned ntk "
            f"{'None' if result.ntk is None else 'of some shape'}, but was given "
            f"{'None' if first.ntk is None else 'an array'}; expected the same kind"
        )
    if (result.cov2 is None) != (first.cov2 is None):
        raise NetworkError(
            f"{label}: its kernel_fn returned cov2 for one side only; expected None "
            "where it was given None, and an array where it was given one"
        )
    return result


def _call(
    spec: Custom,
    seen: Kernel | list[Kernel],
    given: Mapping[str, Any],
    label: str,
) -> Any:
    """Call the user's function; whatever it raises says which layer it was."""
    try:
        return spec.kernel_fn(seen, **given)
    except Exception as error:
        if _is_in_place(error):
            raise NetworkError(
                f"{label}: its kernel_fn changed the kernel in place ({error}), which "
                "other branches may share and is read-only; expected a new kernel, "
                "e.g. kernel.replace(nngp=2 * kernel.nngp)"
            ) from error
        error.add_note(f"raised by the kernel_fn of {label}")
        raise


def _is_in_place(error: Exception) -> bool:
    """Say whether an error comes of writing into a kernel that was given."""
    is_write = isinstance(error, ValueError) and "read-only" in str(error)
    return is_write or isinstance(error, dataclasses.FrozenInstanceError)


def _frozen(kernel: Kernel) -> Kernel:
    """Return a kernel whose arrays can't be written: other branches may share them."""
    changes = {}
    for name in ("nngp", "ntk", "cov1", "cov2"):
        array = getattr(kernel, name)
        if array is not None:
            changes[name] = array.view()
            changes[name].flags.writeable = False
    return kernel.replace(**changes)


def check_kernel(kernel: Kernel, what: str, error: type[FastntkError]) -> Kernel:
    """Return a kernel with float64 arrays whose shapes and values fit each other.

    Parameters
    ----------
    kernel : Kernel
        As a user made it.
    what : str
        How a message begins.
    error : type
        Error to raise.
    """
    arrays = {
        name: _as_array(getattr(kernel, name), f"{what} {name}", error)
        for name in ("nngp", "ntk", "cov1", "cov2")
    }
    nngp, ntk, cov1, cov2 = arrays.values()
    if nngp is None or cov1 is None:
        raise error(f"{what} a Kernel without nngp or cov1; expected arrays")
    shape = nngp.shape
    if len(shape) not in (2, 4) or shape[2:] != shape[2:][::-1] or 0 in shape:
        raise error(
            f"{what} nngp of shape {shape}; expected (n1, n2), or (n1, n2, positions, "
            "positions)"
        )
    if ntk is not None and ntk.ndim == 0:
        ntk = arrays["ntk"] = np.full(shape, ntk)
    expected = {
        "ntk": shape,
        "cov1": (shape[0], *shape[2:]),
        "cov2": (shape[1], *shape[2:]),
    }
    for name, size in expected.items():
        found = arrays[name]
        if found is not None and found.shape != size:
            raise error(f"{what} {name} of shape {found.shape}; expected {size}")
    if cov2 is None:
        _check_symmetric(nngp, ntk, cov1, _close(kernel), what, error)
    return kernel.replace(**arrays)


def _close(kernel: Kernel) -> float:
    """Return how far numbers may differ that stand for the same: as their dtype."""
    given = (kernel.nngp, kernel.ntk, kernel.cov1)
    kinds = [np.asarray(a).dtype for a in given if a is not None]
    is_single = any(k.kind == "f" and k.itemsize < 8 for k in kinds)
    return _CLOSE["float32" if is_single else "float64"]


def _as_array(value: Any, what: str, error: type[FastntkError]) -> AnyArray | None:
    if value is None:
        return None
    if hasattr(type(value), "filled"):
        raise error(f"{what} in a masked array; expected a plain array without mask")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise error(f"{what} of dtype {array.dtype}; expected real numbers")
    array = array.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        is_suspect = not np.isfinite(array.sum())
    if is_suspect and not np.isfinite(array).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise error(f"{what} with {array[bad]} at {bad}; expected finite numbers")
    return array


def _check_symmetric(
    nngp: AnyArray,
    ntk: AnyArray | None,
    cov1: AnyArray,
    close: float,
    what: str,
    error: type[FastntkError],
) -> None:
    """Check a kernel without ``cov2``: both sides are the same samples."""
    if nngp.shape[0] != nngp.shape[1]:
        raise error(
            f"{what} nngp of shape {nngp.shape} and no cov2; expected cov2, or a "
            "square nngp"
        )
    index = np.arange(len(nngp))
    scale = float(np.abs(cov1).max(initial=0.0))
    if np.abs(nngp[index, index] - cov1).max(initial=0.0) > close * scale:
        raise error(
            f"{what} an nngp whose diagonal is not cov1, although both sides are the "
            "same samples; expected both changed alike"
        )
    for name, array in (("nngp", nngp), ("ntk", ntk)):
        if array is None:
            continue
        axes = (1, 0) if array.ndim == 2 else (1, 0, 3, 2)
        scale = float(np.abs(array).max(initial=0.0))
        if np.abs(array - array.transpose(axes)).max(initial=0.0) > close * scale:
            raise error(
                f"{what} an {name} that is not symmetric, although both sides are the "
                "same samples; expected entry (i, j) to be entry (j, i)"
            )
