"""The diagonal of a kernel, in O(n)."""

from typing import Any

from fastntk._typing import GetArg, MatrixLike
from fastntk.backends import get_backend
from fastntk.layerwise.evaluate import is_staged, staged_diagonal
from fastntk.request.placement import device_diagonal, is_on_device
from fastntk.request.results import pack
from fastntk.tiling.setup import as_spec, prepare

__all__ = ["diagonal"]


def diagonal(
    net: Any,
    x: MatrixLike,
    get: GetArg = "ntk",
    *,
    dtype: Any = None,
    backend: str = "auto",
) -> Any:
    """Return ``k(x, x)`` of every row, without the rest of the matrix.

    Parameters
    ----------
    net : Network or Spec
        The network.
    x : array-like or CSR matrix of shape (n, d), or (n, positions, channels)
        One row per sample.
    get : {"nngp", "ntk"} or tuple of these, default="ntk"
        Which kernel.
    dtype : {"float32", "float64"}, optional
        Of the result; float32 if ``x`` is, else float64. The computation is float64.
    backend : {"auto", "cpu", "cuda"}, default="auto"
        Where the norms of the rows are computed; "auto" is where the rows are.

    Returns
    -------
    ndarray of shape (n,), or a named tuple of these
        In squared output units. (n, positions, positions) if positions are left at
        the end of the network.

    Raises
    ------
    InputError, NetworkError, RangeError, NotSupportedError
        As for `fastntk.gram`.

    Notes
    -----
    The recursion ``q' = W_std^2 E[phi(sqrt(q) z)^2] + b_std^2`` and its tangent, O(n d)
    for the norms and O(n) per layer. Networks that are evaluated on whole matrices (see
    `fastntk.gram`) are computed in blocks of 64 samples.

    Examples
    --------
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512, W_std=2**0.5), stax.Relu(), stax.Dense(1))
    >>> fastntk.diagonal(net, [[3.0, 4.0], [0.0, 0.0]])
    array([25.,  0.])
    """
    spec = as_spec(net)
    if is_on_device(x):
        return device_diagonal(spec, x, get, dtype, backend)
    kind = "cpu" if backend == "auto" else backend
    if is_staged(spec, x):
        get_backend(kind)  # says if there is none
        return staged_diagonal(spec, x, get, dtype)
    setup = prepare(spec, x, None, get, dtype=dtype, backend=kind)
    setup.prepare_rows()
    values = [setup.rows1.diagonal(name).astype(setup.dtype) for name in setup.get]
    return pack(values, setup.get, setup.is_tuple)
