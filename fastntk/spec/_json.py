"""Text form of a network: JSON with a format version around ``Spec.to_dict``."""

import json
from typing import Any

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._base import Spec

__all__ = ["FORMAT_VERSION", "from_json", "to_json"]

FORMAT_VERSION = 1

_TOO_DEEP = (
    "network description: layers are nested too deeply for Python's recursion "
    "limit; expected a flatter network. Put layers side by side in one serial(...)"
)


def to_json(spec: Spec) -> str:
    """Return the network as JSON text.

    Parameters
    ----------
    spec : Spec
        The network.

    Returns
    -------
    str
        ``{"fastntk": format version, "network": {...}}`` on one line.  Floats
        are written by ``repr`` and come back exactly.

    Examples
    --------
    >>> from fastntk.spec import LeakyRelu
    >>> to_json(LeakyRelu(0.1))
    '{"fastntk": 1, "network": {"layer": "LeakyRelu", "alpha": 0.1}}'
    """
    document = {"fastntk": FORMAT_VERSION, "network": spec.to_dict()}
    return json.dumps(document, allow_nan=False)


def from_json(text: str | bytes) -> Spec:
    """Read a network written by `to_json`.

    Parameters
    ----------
    text : str or bytes
        The JSON text; bytes are read as UTF-8.

    Returns
    -------
    Spec
        Equal to the network that was written.

    Raises
    ------
    NetworkError
        If the text is no JSON, has another format version, or describes a
        layer or a field that does not exist.

    Examples
    --------
    >>> from fastntk.spec import Erf
    >>> from_json(to_json(Erf(a=0.5))) == Erf(a=0.5)
    True
    """
    document = _parse(text)
    if not isinstance(document, dict) or "fastntk" not in document:
        raise NetworkError(
            f"network description: found {shown(document)}; expected an object "
            'with "fastntk" (the format version) and "network", as to_json writes'
        )
    version = document["fastntk"]
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise NetworkError(
            f"network description: found format version {shown(version)}; this fastntk "
            f"reads version {FORMAT_VERSION}. Install the fastntk that wrote it"
        )
    unknown = sorted(set(document) - {"fastntk", "network"})
    if unknown:
        raise NetworkError(
            f"network description: unknown field {unknown[0]!r}; expected only "
            '"fastntk" and "network"'
        )
    try:
        return Spec.from_dict(document.get("network", {}))
    except RecursionError:
        raise NetworkError(_TOO_DEEP) from None


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError) as error:  # JSON and UTF-8 errors are ValueErrors
        raise NetworkError(
            f"network description: this is no JSON text ({error}); expected what "
            "to_json returned"
        ) from None
    except RecursionError:
        raise NetworkError(_TOO_DEEP) from None
