"""One layer of every kind that holds numbers only, for tests over all layers."""

from fastntk import spec

LAYERS: tuple[spec.Spec, ...] = (
    spec.Dense(4, 1.5, 0.1, "standard", (1, 2)),
    spec.Identity(),
    spec.Tap("block 1"),
    spec.Relu(),
    spec.LeakyRelu(0.2),
    spec.ABRelu(-1, 2),
    spec.Abs(),
    spec.Sign(),
    spec.Erf(1, 2, 3),
    spec.Gelu(),
    spec.Gabor(),
    spec.Sin(1, 2, 3),
    spec.Cos(0.1, 0.2, -0.3),
    spec.Tanh(),
    spec.Sigmoid(tol=1e-6),
    spec.Softplus(),
    spec.Silu(method="series"),
    spec.Mish(),
    spec.Elu(1 / 3),
    spec.Selu(method="quadrature"),
    spec.Celu(0.7, tol=1e-9),
    spec.Softsign(),
    spec.HardTanh(),
    spec.Relu6(),
    spec.HardSwish(),
    spec.GeluTanh(),
    spec.LogCosh(),
    spec.Arctan(),
    spec.Exp(1, 0.5),
    spec.Gaussian(2, -0.25),
    spec.Rbf(0.1),
    spec.ExpNormalized(0.5, -0.3),
    spec.Hermite(3),
    spec.Monomial(0),
    spec.RectifiedMonomial(64),
    spec.Polynomial((0, 1 / 3, 2)),
    spec.LayerNorm(1e-3),
    spec.Dropout(0.7, "test"),
    spec.Flatten(),
    spec.GlobalAvgPool(),
    spec.GlobalSumPool(),
    spec.Aggregate((1, 2), "SPARSE"),
    spec.Aggregate(),
    spec.DotGeneral(rhs=0.1),
    spec.DotGeneral(
        lhs=((1.0, -1.0), (0.5, 0.1)), dimension_numbers=(((1,), (1,)), ((), ()))
    ),
    spec.DotGeneral(),
    spec.Index((slice(None), 1, ...)),  # type: ignore[arg-type]
    spec.Index(slice(3, None, -2)),  # type: ignore[arg-type]
    spec.Index((0,)),
    spec.Index(()),
    spec.FanOut(3),
    spec.FanInSum(),
    spec.FanInProd(),
    spec.FanInConcat(),
    spec.Serial((spec.Dense(3), spec.Gelu())),
    spec.Parallel((spec.Identity(), spec.Sin())),
)
"""Every class at least once, with values that no short decimal holds."""

HOLD_CODE = {"Custom", "Elementwise", "ElementwiseNumerical"}
