"""Linear layers in neural-tangents' vocabulary."""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Dense", "Identity"]


def Dense(
    out_dim: int,
    W_std: float = 1.0,
    b_std: float | None = None,
    batch_axis: int = 0,
    channel_axis: int = -1,
    parameterization: str = "ntk",
    s: tuple[float, float] = (1, 1),
) -> Network:
    """Return a fully connected layer.

    Parameters
    ----------
    out_dim : int
        Width of the layer, >= 1.  At infinite width it enters the kernel only
        through the next layer, and only if that is parameterized "standard".
    W_std : float, default=1.0
        Standard deviation of the weights, >= 0.
    b_std : float or None, default=None
        Standard deviation of the biases, >= 0; None for a layer without bias.
    batch_axis : int, default=0
        Samples come first: 0, or the same axis counted from the end.
    channel_axis : int, default=-1
        Features come last: -1, or the same axis counted from the front, 1 for rows.
    parameterization : {"ntk", "standard"}, default="ntk"
        "ntk": weights are standard normal and the layer multiplies them by
        ``W_std / sqrt(n_in)``.  "standard": weights have the standard
        deviation ``W_std / sqrt(n_in)`` themselves, which changes the NTK.
    s : tuple of two numbers, default=(1, 1)
        Width scales of the input and the output, > 0; ``s[0]`` enters the NTK
        of the "standard" parameterization, and nothing else here.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not as described.

    Notes
    -----
    With ``K`` and ``T`` the NNGP and the NTK before the layer (``<x, y> / n_in``
    and 0 at the input), ``n_in`` the input width and ``w = W_std**2``,
    ``b = b_std**2`` (0 without bias), the layer gives

    - ``K' = w K + b``;
    - ``T' = w T + K'`` for "ntk" [1]_;
    - ``T' = w T + (n_in / s[0]) K + 1`` for "standard" [2]_, where 1 is left out
      if ``b_std`` is None but not if it is 0.

    All arguments of ``neural_tangents.stax.Dense`` are accepted.

    References
    ----------
    .. [1] A. Jacot, F. Gabriel and C. Hongler, "Neural tangent kernel: convergence
       and generalization in neural networks", NeurIPS 2018.
    .. [2] J. Sohl-Dickstein, R. Novak, S. S. Schoenholz and J. Lee, "On the infinite
       width limit of neural networks with a standard parameterization", 2020,
       arXiv:2001.07301.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Dense(512, W_std=1.5, b_std=0.1)
    Dense(512, W_std=1.5, b_std=0.1)
    """
    return Network(
        spec.Dense(out_dim, W_std, b_std, parameterization, s, batch_axis, channel_axis)
    )


def Identity() -> Network:
    """Return the layer that passes its input on.

    Returns
    -------
    Network

    Notes
    -----
    ``K' = K`` and ``T' = T``.  Its use is as a skip connection in `parallel`.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.parallel(stax.Dense(512), stax.Identity())
    parallel(Dense(512), Identity())
    """
    return Network(spec.Identity())
