"""What ``Network.kernel_fn`` does with its arguments."""

from collections.abc import Mapping
from typing import Any

from fastntk._kernel import Kernel
from fastntk._resources import memory_told
from fastntk._validation import check_fields, check_keywords, n_axes
from fastntk.calls.choose import layerwise
from fastntk.calls.gram import gram_of
from fastntk.layerwise.stages import contains
from fastntk.request.request import Request, paired
from fastntk.request.results import pack
from fastntk.spec import Aggregate, Custom, Spec

__all__ = ["call_kernel_fn"]


@memory_told("kernel_fn")
def call_kernel_fn(
    spec: Spec, x1: Any, x2: Any, get: Any, keywords: Mapping[str, Any]
) -> Any:
    """Return what `fastntk.stax.Network.kernel_fn` returns.

    Parameters
    ----------
    spec : Spec
        The network.
    x1, x2, get
        As in ``kernel_fn``.
    keywords : mapping
        Its keyword arguments.
    """
    names, is_tuple = check_fields(get)
    is_kernel = isinstance(x1, Kernel)
    x2 = paired(x1, x2)
    check_keywords(
        keywords,
        n_axes(x1),
        takes_pattern=contains(spec, Aggregate),
        takes_any=contains(spec, Custom),
    )
    carried: tuple[str, ...] = ("nngp", "ntk")
    if names is not None and "ntk" not in names:
        carried = ("nngp",)
    if names is None and is_kernel and x1.ntk is None:
        carried = ("nngp",)
    if names is not None and not is_kernel and {"nngp", "ntk"}.issuperset(names):
        request = Request(spec, x1, x2, names, is_tuple)
        if not request.is_layerwise:
            return gram_of(request)
    kernel = layerwise().kernel(Request(spec, x1, x2, carried), keywords)
    if names is None:
        return kernel
    return pack([getattr(kernel, name) for name in names], names, is_tuple)
