"""The whole Gram matrix in memory."""

from collections.abc import Sequence
from typing import Any

from fastntk._resources import memory_told
from fastntk._typing import AnyArray, GetArg, MatrixLike
from fastntk.calls.choose import choose
from fastntk.request.options import Options
from fastntk.request.progress import ProgressArg
from fastntk.request.request import Request

__all__ = ["gram", "gram_of"]


@memory_told("gram")
def gram(
    net: Any,
    x1: MatrixLike,
    x2: MatrixLike | None = None,
    get: GetArg = "ntk",
    *,
    dtype: Any = None,
    backend: str = "auto",
    threads: int | None = None,
    out: AnyArray | tuple[AnyArray, ...] | None = None,
    max_memory: int | float | str | None = None,
    progress: ProgressArg = False,
    collapse: bool = True,
    tol: float | None = None,
    outputs: str | Sequence[str] | None = None,
) -> Any:
    """Compute a kernel matrix of an infinitely wide network.

    Parameters
    ----------
    net : Network or Spec
        The network, from `fastntk.stax`.
    x1 : array-like or CSR matrix of shape (n1, d), or (n1, positions, channels)
        One row per sample; integers and float16 are promoted.
    x2 : array-like or CSR matrix of the same rank, optional
        The other side. None means ``x1``: half the work, and an exactly symmetric
        result whose diagonal comes from the variances. With a Dropout in the network
        an ``x2`` equal to ``x1`` within 1e-12 counts as None.
    get : {"nngp", "ntk"} or tuple of these, default="ntk"
        Which kernels; several are computed in one pass.
    dtype : {"float32", "float64"}, optional
        Of computation and result. Default: float32 if all inputs are float32 or
        float16, else float64.
    backend : {"auto", "cpu", "cuda"}, default="auto"
        Where tiles run.
    threads : int, optional
        Worker threads; by default the cores this process may use.
    out : ndarray of shape (n1, n2), or tuple of these, optional
        Where to write: any strides, memory maps too; one array per kernel. Reusing it
        saves the page faults of a fresh array. In host memory also for inputs on a
        GPU, whose result then streams there by tiles.
    max_memory : int or str, optional
        Bytes, or text such as "2GiB", for the result, the copy of the inputs and the
        workspaces together (inputs and ``out`` given by the caller do not count).
    progress : bool or callable, default=False
        True shows a bar with rate and time left (needs tqdm); a callable is called
        with (entries done, entries in all), in the calling thread.
    collapse : bool, default=True
        Where all rows have one norm, or the network is homogeneous (Relu without
        biases, say), replace its layers by one function of the angle, fitted to 1e-13
        (float32: 3e-8). False evaluates every layer.
    tol : float, optional
        Largest error allowed, relative to ``sqrt(K(x, x) K(y, y))``: activations
        without a closed form take as many terms as that needs. By default every
        layer is accurate to its own ``tol``.
    outputs : str or sequence of str, optional
        Names of `fastntk.stax.Tap` layers: the kernels at these places, all of one
        walk over the tiles; "output" is the end of the network, "all" every place.
        ``out`` then takes an array per place and kernel, in this order.

    Returns
    -------
    ndarray of shape (n1, n2), or a named tuple of these
        In squared output units. (n1, n2, positions, positions) if positions are left
        at the end of the network. A dictionary of these by place with ``outputs``.

    Raises
    ------
    InputError
        For data or arguments that do not fit; the message says what to do.
    NetworkError
        If the network has no infinite-width limit.
    ToleranceNotReached
        If the bound on the error cannot be made as small as ``tol``.
    RangeError
        If a diagonal leaves the range of ``dtype``; the message names the layer.
    MemoryBudgetError
        Before anything is allocated, if it cannot fit.
    NotSupportedError
        For a backend that is not there.

    Notes
    -----
    The recursion of [1]_ (NTK) and [2]_ (NNGP) in the angle between rows, not its
    cosine: errors are <= 2e-12 in float64 and 1e-5 in float32, relative to
    ``sqrt(K(x, x) K(y, y))``, also for nearly parallel rows and deep networks.

    Cost: ``n1 n2 (2 d + flops of the program)``, half of it if ``x2`` is None. Memory:
    the result, one copy of the inputs, and less than 64 MiB (256 MiB with activations
    that have no closed form, for tables of their coefficients).

    Networks with layers made by a user, and inputs with positions, are evaluated on
    whole matrices in float64: ``8 n1 n2 positions^2`` bytes each, up to three per
    kernel and branch at once.

    References
    ----------
    .. [1] A. Jacot, F. Gabriel, C. Hongler, "Neural tangent kernel: convergence and
       generalization in neural networks", NeurIPS 2018, theorem 1.
    .. [2] J. Lee et al., "Deep neural networks as Gaussian processes", ICLR 2018.

    Examples
    --------
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512, W_std=2**0.5), stax.Relu(), stax.Dense(1))
    >>> fastntk.gram(net, [[1.0, 0.0], [0.0, 1.0]]).round(6)
    array([[1.      , 0.159155],
           [0.159155, 1.      ]])
    """
    options = Options(
        dtype=dtype,
        backend=backend,
        threads=threads,
        max_memory=max_memory,
        progress=progress,
        collapse=collapse,
        tol=tol,
    )
    return gram_of(Request.of(net, x1, x2, get, options, outputs), out)


def gram_of(request: Request, out: Any = None) -> Any:
    """Return the result of `gram` for a request that is checked."""
    with request.beside(out) as found:
        return request.pack(choose(found, out).gram(found, out))
