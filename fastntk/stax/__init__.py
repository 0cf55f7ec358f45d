"""Networks in the vocabulary of ``neural_tangents.stax``.

Layer names, argument names and defaults are those of neural-tangents 0.6.5, so
that a script changes its import line and keeps the rest.  Every function returns
a `Network`: a value that can be printed, compared, hashed, pickled and written as
JSON, and that unpacks to ``init_fn, apply_fn, kernel_fn``.

Examples
--------
>>> import numpy as np
>>> from fastntk import stax
>>> init_fn, apply_fn, kernel_fn = stax.serial(
...     stax.Dense(512), stax.Relu(), stax.Dense(1)
... )
>>> kernel_fn(np.eye(2), None, "nngp")
array([[0.25      , 0.07957747],
       [0.07957747, 0.25      ]])
"""

from typing import TYPE_CHECKING

from fastntk.stax.activations.analytic import Arctan, LogCosh, Sigmoid, Softplus, Tanh
from fastntk.stax.activations.elementwise import ABRelu, Abs, Erf, LeakyRelu, Relu, Sign
from fastntk.stax.activations.exponentials import Exp, ExpNormalized, Gaussian, Rbf
from fastntk.stax.activations.gated import GeluTanh, Mish, Silu, Swish
from fastntk.stax.activations.kinked import (
    Celu,
    Elu,
    HardSwish,
    HardTanh,
    Relu6,
    Selu,
    Softsign,
)
from fastntk.stax.activations.polynomials import (
    Hermite,
    Monomial,
    Polynomial,
    RectifiedMonomial,
)
from fastntk.stax.activations.smooth import Cos, Gabor, Gelu, Sigmoid_like, Sin
from fastntk.stax.combinators import (
    FanInConcat,
    FanInProd,
    FanInSum,
    FanOut,
    parallel,
    repeat,
    serial,
)
from fastntk.stax.custom import Elementwise, ElementwiseNumerical
from fastntk.stax.graphs import Aggregate, AggregateImplementation
from fastntk.stax.linear import Dense, Identity
from fastntk.stax.network import Kernel, Network
from fastntk.stax.normalisation import Dropout, LayerNorm
from fastntk.stax.saved import from_json
from fastntk.stax.spatial import (
    DotGeneral,
    Flatten,
    GlobalAvgPool,
    GlobalSumPool,
    Index,
    Slice,
)
from fastntk.stax.taps import Tap

__all__ = [
    "ABRelu",
    "Abs",
    "Aggregate",
    "AggregateImplementation",
    "Arctan",
    "Celu",
    "Cos",
    "Dense",
    "DotGeneral",
    "Dropout",
    "Elementwise",
    "ElementwiseNumerical",
    "Elu",
    "Erf",
    "Exp",
    "ExpNormalized",
    "FanInConcat",
    "FanInProd",
    "FanInSum",
    "FanOut",
    "Flatten",
    "Gabor",
    "Gaussian",
    "Gelu",
    "GeluTanh",
    "GlobalAvgPool",
    "GlobalSumPool",
    "HardSwish",
    "HardTanh",
    "Hermite",
    "Identity",
    "Index",
    "Kernel",
    "LayerNorm",
    "LeakyRelu",
    "LogCosh",
    "Mish",
    "Monomial",
    "Network",
    "Polynomial",
    "Rbf",
    "RectifiedMonomial",
    "Relu",
    "Relu6",
    "Selu",
    "Sigmoid",
    "Sigmoid_like",
    "Sign",
    "Silu",
    "Sin",
    "Slice",
    "Softplus",
    "Softsign",
    "Swish",
    "Tanh",
    "Tap",
    "from_json",
    "parallel",
    "repeat",
    "serial",
]

if not TYPE_CHECKING:  # checkers know the names above, and no others

    def __getattr__(name: str) -> object:
        """Say what is there instead of a layer of neural-tangents that is not."""
        from fastntk._absent import LAYERS, missing

        raise missing(__name__, name, LAYERS)
