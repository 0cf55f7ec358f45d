"""What a network is: frozen, printable, comparable, picklable layer descriptions.

A spec holds numbers and other specs, never arrays, and code only where the user
gives it (`Elementwise`, `Custom`); this package imports nothing but the standard
library.  `fastntk.stax` is the facade that users see; `fastntk.program` turns a
spec into the steps that compute a kernel.

Examples
--------
>>> from fastntk.spec import Dense, Relu, Serial
>>> net = Serial((Dense(512, W_std=1.5, b_std=0.1), Relu(), Dense(1)))
>>> net
serial(Dense(512, W_std=1.5, b_std=0.1), Relu(), Dense(1))
>>> Serial.from_dict(net.to_dict()) == net
True
"""

from fastntk.spec._base import Spec, as_spec, known_layers
from fastntk.spec._json import FORMAT_VERSION, from_json, to_json
from fastntk.spec._resolve import resolve_axes
from fastntk.spec.activations.elementary import (
    ABRelu,
    Abs,
    Erf,
    Identity,
    LeakyRelu,
    Relu,
    Sign,
)
from fastntk.spec.activations.numerical import (
    Arctan,
    Celu,
    Elu,
    GeluTanh,
    HardSwish,
    HardTanh,
    LogCosh,
    Mish,
    Numerical,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softplus,
    Softsign,
    Tanh,
)
from fastntk.spec.activations.polynomials import (
    Hermite,
    Monomial,
    Polynomial,
    RectifiedMonomial,
)
from fastntk.spec.activations.smooth import (
    Cos,
    Exp,
    ExpNormalized,
    Gabor,
    Gaussian,
    Gelu,
    Rbf,
    Sin,
)
from fastntk.spec.custom import Custom, Elementwise, ElementwiseNumerical
from fastntk.spec.dense import Dense
from fastntk.spec.graphs import Aggregate
from fastntk.spec.normalisation import Dropout, LayerNorm
from fastntk.spec.spatial import (
    DotGeneral,
    Flatten,
    GlobalAvgPool,
    GlobalSumPool,
    Index,
)
from fastntk.spec.structure import (
    FanInConcat,
    FanInProd,
    FanInSum,
    FanOut,
    Parallel,
    Section,
    Serial,
    repeat,
)
from fastntk.spec.taps import END, EVERY, Tap, tap_names

__all__ = [
    "END",
    "EVERY",
    "FORMAT_VERSION",
    "ABRelu",
    "Abs",
    "Aggregate",
    "Arctan",
    "Celu",
    "Cos",
    "Custom",
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
    "LayerNorm",
    "LeakyRelu",
    "LogCosh",
    "Mish",
    "Monomial",
    "Numerical",
    "Parallel",
    "Polynomial",
    "Rbf",
    "RectifiedMonomial",
    "Relu",
    "Relu6",
    "Section",
    "Selu",
    "Serial",
    "Sigmoid",
    "Sign",
    "Silu",
    "Sin",
    "Softplus",
    "Softsign",
    "Spec",
    "Tanh",
    "Tap",
    "as_spec",
    "from_json",
    "known_layers",
    "repeat",
    "resolve_axes",
    "tap_names",
    "to_json",
]
