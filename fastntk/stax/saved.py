"""Networks from JSON text."""

from __future__ import annotations

from fastntk.spec import from_json as spec_from_json
from fastntk.stax.network import Network

__all__ = ["from_json"]


def from_json(text: str | bytes) -> Network:
    """Read a network written by `Network.to_json`.

    Parameters
    ----------
    text : str or bytes
        The JSON text.

    Returns
    -------
    Network
        Equal to the network that was written.

    Raises
    ------
    NetworkError
        If the text is no JSON, has another format version, or describes a
        layer or a field that does not exist.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.from_json('{"fastntk": 1, "network": {"layer": "Dense", "out_dim": 3}}')
    Dense(3)
    """
    return Network(spec_from_json(text))
