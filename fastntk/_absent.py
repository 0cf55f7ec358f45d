"""Names of neural-tangents that fastntk does not have, and what to do instead."""

import sys
from collections.abc import Mapping
from types import FrameType

__all__ = ["LAYERS", "TOP", "missing"]

PAGE = 'See "Coming from neural-tangents" in the documentation'

_FINITE = (
    "finite networks and their empirical kernels have no implementation yet; kernels "
    "of infinite width are fastntk.gram and kernel_fn of a network"
)
_IMAGES = (
    "layers for images have no implementation yet; networks here take rows (n, d) and "
    "samples with positions (n, positions, channels), without windows or padding"
)
_POOL = (
    "pooling over windows has no implementation yet; stax.GlobalAvgPool and "
    "stax.GlobalSumPool pool all positions, and stax.DotGeneral(rhs=matrix, "
    "dimension_numbers=(((1,), (0,)), ((), ()))) takes any linear map of positions"
)
_DECORATOR = (
    "no decorator is needed: a triple (init_fn, apply_fn, kernel_fn) is a layer, to be "
    "put into stax.serial or stax.parallel as it is"
)
_MASKS = (
    "masks have no implementation yet; give samples of equal length, or rows with "
    "zeros in place of what is missing"
)
_INTERNAL = (
    "it belongs to the decorator stax.requires, which is not needed: kernels are "
    "always computed for all pairs of samples and positions"
)

LAYERS: dict[str, str] = {
    **dict.fromkeys(
        ("Conv", "ConvLocal", "ConvTranspose", "ImageResize", "Padding"), _IMAGES
    ),
    **dict.fromkeys(("AvgPool", "SumPool"), _POOL),
    **dict.fromkeys(
        ("GlobalSelfAttention", "AttentionMechanism", "PositionalEmbedding"),
        "attention has no implementation yet; stax.GlobalAvgPool, stax.Aggregate and "
        "stax.DotGeneral mix positions",
    ),
    **dict.fromkeys(("layer", "requires", "supports_masking"), _DECORATOR),
    **dict.fromkeys(("MaskedArray", "unmask_fn"), _MASKS),
    **dict.fromkeys(("Bool", "Diagonal"), _INTERNAL),
}
"""Public names of ``neural_tangents.stax``."""

TOP: dict[str, str] = {
    **dict.fromkeys(
        (
            "NtkImplementation",
            "empirical_kernel_fn",
            "empirical_nngp_fn",
            "empirical_ntk_fn",
            "empirical_ntk_vp_fn",
            "experimental",
            "linearize",
            "monte_carlo_kernel_fn",
            "taylor_expand",
        ),
        _FINITE,
    ),
}
"""Public names of ``neural_tangents``."""


def missing(module: str, name: str, hints: Mapping[str, str]) -> Exception:
    """Return the error of a name that a module does not have.

    Parameters
    ----------
    module : str
        Full name of the module.
    name : str
        What was looked for.
    hints : mapping
        What to do instead, by name.

    Returns
    -------
    AttributeError or ImportError
        For Python to suggest similar names, an AttributeError knows the module. It is
        an ImportError where a statement ``from module import name`` asks for a name
        with a hint: Python would show a message of its own in the place of the hint.
    """
    message = f"module {module!r} has no attribute {name!r}"
    if name not in hints:
        return AttributeError(message, name=name, obj=sys.modules.get(module))
    remedy = f": {hints[name]}. {PAGE}"
    if _is_imported_from(sys._getframe(2)):
        message = f"cannot import name {name!r} from {module!r}{remedy}"
        return ImportError(message, name=module)
    return AttributeError(message + remedy, name=name, obj=sys.modules.get(module))


def _is_imported_from(frame: FrameType) -> bool:
    """Say whether a frame runs ``from module import name`` at the moment.

    Only the statement itself counts: ``hasattr`` and ``getattr`` with a default rely on
    an AttributeError, and so does the machinery of imports.
    """
    from opcode import opmap

    code, at = frame.f_code.co_code, frame.f_lasti
    return 0 <= at < len(code) and code[at] == opmap.get("IMPORT_FROM")
