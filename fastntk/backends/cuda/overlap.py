"""Whether arrays on the device share memory: by their addresses, on the host."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray

__all__ = ["address_of", "refuse_shared"]

WORK = 10_000  # of NumPy's search; harder cases count as shared


class _Addresses:
    """Addresses of the device as if they were the host's; never followed."""

    def __init__(self, interface: dict[str, Any]) -> None:
        pointer = interface["data"][0]
        keys = ("shape", "strides", "typestr")
        self.__array_interface__ = {key: interface.get(key) for key in keys}
        self.__array_interface__ |= {"data": (pointer, True), "version": 3}


def address_of(x: Any) -> AnyArray | None:
    """Return an array with the addresses of one on the device, not to be read."""
    if hasattr(x, "_ary"):  # of the simulator
        values: AnyArray = x._ary
        return values
    try:
        interface = x.__cuda_array_interface__
    except Exception:  # none, or one that says no: whoever reads the array will say so
        return None
    return None if 0 in interface["shape"] else np.asarray(_Addresses(interface))


def refuse_shared(outs: Sequence[Any], inputs: Sequence[Any]) -> None:
    """Refuse outputs that share memory with an input, or with one another.

    Raises
    ------
    InputError
        If they do.
    """
    blocked = [address_of(x) for x in inputs]
    for out in outs:
        here = address_of(out)
        for other in blocked:
            if here is not None and other is not None and _is_shared(here, other):
                raise InputError(
                    "out: found memory on the device that is shared with an input or "
                    "another output; expected memory of its own. Pass a new array"
                )
        blocked.append(here)


def _is_shared(first: AnyArray, second: AnyArray) -> bool:
    shares_memory: Any = np.shares_memory  # its stub knows no max_work above 0
    try:
        return bool(shares_memory(first, second, max_work=WORK))
    except np.exceptions.TooHardError:
        return True
