"""Places in a network whose kernels can be asked for by name."""

import dataclasses
from collections.abc import Iterator

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._base import Spec
from fastntk.spec.structure import Parallel, Serial

__all__ = ["END", "EVERY", "Tap", "tap_names"]

END = "output"  # the end of the network, among the names of its places
EVERY = "all"  # every place that has a name, and the end


@dataclasses.dataclass(frozen=True, repr=False)
class Tap(Spec):
    """A place in a network, by name; it changes nothing.

    Parameters
    ----------
    name : str
        What it is called.

    Raises
    ------
    NetworkError
        If ``name`` is no text, empty, one of the names that mean other places, or
        holds an ``@``.
    """

    name: str

    def __post_init__(self) -> None:
        """Check the name."""
        name: object = self.name
        is_text = isinstance(name, str) and bool(name.strip()) and "@" not in name
        if not is_text or name in (END, EVERY):
            raise NetworkError(
                f"Tap({shown(self.name)}): name is {shown(self.name)}; "
                f"expected text without '@' that is not {END!r} or {EVERY!r}, e.g. "
                "Tap('block 1')"
            )


def tap_names(spec: Spec) -> Iterator[str]:
    """Yield the names of all taps of a network, in order.

    Examples
    --------
    >>> from fastntk.spec import Relu
    >>> list(tap_names(Serial((Tap("a"), Relu(), Tap("b")))))
    ['a', 'b']
    """
    if isinstance(spec, Tap):
        yield spec.name
    elif isinstance(spec, Serial | Parallel):
        for layer in spec.layers:
            yield from tap_names(layer)
