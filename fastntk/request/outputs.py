"""Places of a network whose kernels are asked for, by name."""

from typing import Any

from fastntk._errors import InputError
from fastntk.spec import END, EVERY, Spec, tap_names

__all__ = ["check_outputs"]


def check_outputs(outputs: Any, spec: Spec) -> tuple[str, ...]:
    """Return the places of a network whose kernels are asked for.

    Parameters
    ----------
    outputs : str or sequence of str
        Names of taps; "output" is the end, and "all" stands for all of them.
    spec : Spec
        The network.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        If a name is not there, there more than once, or asked for twice.
    """
    known = (*tap_names(spec), END)
    places = outputs
    if isinstance(outputs, str):
        places = known if outputs == EVERY else (outputs,)
    expected = f"expected names of {', '.join(map(repr, known))}, or {EVERY!r}"
    if not isinstance(places, tuple | list) or not places:
        raise InputError(f"outputs: found {type(outputs).__name__}; {expected}")
    for place in places:
        if not isinstance(place, str) or place not in known:
            found = repr(place) if isinstance(place, str) else type(place).__name__
            raise InputError(f"outputs: found {found}; {expected}")
        if known.count(place) > 1:
            raise InputError(
                f"outputs: found {known.count(place)} taps of the name {place!r}; "
                "expected one. Give each a name of its own"
            )
    if len(set(places)) < len(places):
        raise InputError(f"outputs: found {list(places)}; expected each name once")
    return tuple(places)
