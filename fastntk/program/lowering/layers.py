"""Which function lowers which layer: importing this module registers them all.

==================  ==========================================================
module              layers
==================  ==========================================================
``structure``       serial, parallel, FanOut and what joins branches
``linear``          Dense, Identity, normalisation, dropout, constant factors
``activations``     rectifiers, Sign, Erf, RectifiedMonomial
``smooth``          Gelu, Gabor, sines, exponentials
``series``          polynomials
``numerical``       activations by series and quadrature; Elementwise
``functions``       why a layer of the user's own (Custom) has no program
``spatial``         what needs positions, and says so
==================  ==========================================================

Adding a layer: write a function in one of these that takes the spec, the `Builder`,
the state and a label, and returns the new state; register it with
``@lowers(LayerClass)``.
"""

from fastntk.program.lowering import activations as lower_activations
from fastntk.program.lowering import functions as lower_functions
from fastntk.program.lowering import linear as lower_linear
from fastntk.program.lowering import numerical as lower_numerical
from fastntk.program.lowering import series as lower_series
from fastntk.program.lowering import smooth as lower_smooth
from fastntk.program.lowering import spatial as lower_spatial
from fastntk.program.lowering import structure as lower_structure

__all__ = [
    "lower_activations",
    "lower_functions",
    "lower_linear",
    "lower_numerical",
    "lower_series",
    "lower_smooth",
    "lower_spatial",
    "lower_structure",
]
