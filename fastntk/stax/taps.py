"""Kernels of several depths: places that have a name."""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Tap"]


def Tap(name: str) -> Network:
    """Return a layer that changes nothing, and names its place in the network.

    ``fastntk.gram(net, x, outputs=["name"])`` computes the kernels at this place,
    together with those at other taps and at the end, in one walk over the tiles.

    Parameters
    ----------
    name : str
        The name: any text without ``@`` that is not "output" (the end of the network)
        or "all". Names are different where they are asked for.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``name`` is not as described.

    Notes
    -----
    The kernel at a tap is that of the network cut off behind it. Cost: a copy of the
    pairs of a panel, and writing one more matrix; the layers are computed once.

    Examples
    --------
    >>> import fastntk
    >>> from fastntk import stax
    >>> block = stax.serial(stax.Dense(8), stax.Relu())
    >>> net = stax.serial(block, stax.Tap("one"), block, stax.Tap("two"))
    >>> kernels = fastntk.gram(net, [[1.0, 0.0]], get="nngp", outputs=["one", "two"])
    >>> kernels["one"], kernels["two"]
    (array([[0.25]]), array([[0.125]]))
    """
    return Network(spec.Tap(name))
