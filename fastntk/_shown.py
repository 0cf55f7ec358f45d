"""How messages show what was given: in a few words, never all numbers of an array."""

import re
from typing import Any

__all__ = ["TRACED", "is_traced", "shown"]


def shown(value: object, limit: int = 60) -> str:
    """Return a value as a message shows it.

    Parameters
    ----------
    value : object
        What the caller gave, of any kind.
    limit : int, default=60
        Longest text of a value that is written out.

    Returns
    -------
    str
        Arrays and tables by shape and dtype, functions by name, all else by ``repr``,
        cut where it is long.

    Examples
    --------
    >>> import numpy as np
    >>> shown(np.eye(3))
    'an ndarray of shape (3, 3) and dtype float64'
    >>> shown((np.eye(2), "ntk"))
    "(an ndarray of shape (2, 2) and dtype float64, 'ntk')"
    >>> shown(np.float32(0.5)), shown(print)
    ('0.5', 'the function print')
    """
    try:
        text = _shown(value, limit)
    except Exception:  # of any kind: __repr__ and __getattr__ are the caller's
        text = f"<{type(value).__name__}>"
    return text + TRACED if is_traced(value) else text


_SHORT = 20  # characters of a list of lists that is written out

TRACED = " that JAX traces (leave jax.jit, grad and vmap out: nothing here needs them)"


def is_traced(value: object) -> bool:
    """Say whether a value is an array that JAX traces, which has no numbers.

    It is known by its type, so that JAX is never imported.
    """
    return any(
        base.__name__.endswith("Tracer") and base.__module__.partition(".")[0] == "jax"
        for base in type(value).__mro__
    )


def _shown(value: Any, limit: int) -> str:
    kind = type(value)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(getattr(value, "shape", None), tuple):
        return _array(value, kind.__name__, limit)
    if kind is list and any(isinstance(item, tuple | list) for item in value):
        text = repr(value)
        return text if len(text) <= _SHORT else f"a list of {len(value)} lists"
    if kind in (tuple, list) and any(map(_is_nested, value)):
        inner = ", ".join(shown(item, limit) for item in value[:4])
        inner += ", ..." if len(value) > 4 else ""
        return f"({inner})" if kind is tuple else f"[{inner}]"
    if kind is dict and any(map(_is_nested, value.values())):
        return f"a dict with the keys {shown(list(value), limit)}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    text = re.sub(r" at 0x[0-9a-f]+", "", " ".join(repr(value).split()))
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _array(value: Any, name: str, limit: int) -> str:
    dtype = getattr(value, "dtype", None)
    if value.shape == () and hasattr(value, "item") and not is_traced(value):
        return shown(value.item(), limit)
    article = "an" if name[:1].lower() in "aeiou" or name == "ndarray" else "a"
    tail = "" if dtype is None else f" and dtype {dtype}"
    return f"{article} {name} of shape {tuple(value.shape)}{tail}"


def _is_nested(item: object) -> bool:
    if isinstance(item, tuple | list):
        return len(item) > 0 and isinstance(item[0], float | complex | tuple | list)
    return isinstance(getattr(item, "shape", None), tuple)
