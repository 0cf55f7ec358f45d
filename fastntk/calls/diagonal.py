"""The diagonal of a kernel, in O(n)."""

from collections.abc import Sequence
from typing import Any

from fastntk._resources import memory_told
from fastntk._typing import GetArg, MatrixLike
from fastntk.calls.choose import choose
from fastntk.request.options import Options
from fastntk.request.request import Request

__all__ = ["diagonal"]


@memory_told("diagonal")
def diagonal(
    net: Any,
    x: MatrixLike,
    get: GetArg = "ntk",
    *,
    dtype: Any = None,
    backend: str = "auto",
    outputs: str | Sequence[str] | None = None,
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
    outputs : str or sequence of str, optional
        As in `fastntk.gram`: the result is then a dictionary by place.

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
    options = Options(dtype=dtype, backend=backend)
    request = Request.of(net, x, None, get, options, outputs)
    return request.pack(choose(request).diagonal(request))
