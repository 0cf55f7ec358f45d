"""Arguments, their order, kinds and defaults are those of neural-tangents 0.6.5."""

import inspect

import pytest

from fastntk import stax

pytestmark = pytest.mark.jit_off

AXES = "batch_axis=0, channel_axis=-1"
# Written down from the source of neural-tangents; `...` is a function.
SIGNATURES = {
    "ABRelu": "a, b, do_stabilize=False",
    "Abs": "do_stabilize=False",
    "Aggregate": f"aggregate_axis=None, {AXES}, to_dense=..., implementation='DENSE'",
    "Cos": "a=1.0, b=1.0, c=0.0",
    "Dense": f"out_dim, W_std=1.0, b_std=None, {AXES}, parameterization='ntk', "
    "s=(1, 1)",
    "DotGeneral": "*, lhs=None, rhs=None, dimension_numbers=(((), ()), ((), ())), "
    f"precision=None, {AXES}",
    "Dropout": "rate, mode='train'",
    "Elementwise": "fn=None, nngp_fn=None, d_nngp_fn=None, *, kinks=None, df=None, "
    "tol=1e-12, method='auto'",
    "ElementwiseNumerical": "fn, deg, df=None",
    "Erf": "a=1.0, b=1.0, c=0.0",
    "Exp": "a=1, b=1",
    "ExpNormalized": "gamma=1, shift=-1, do_clip=False",
    "FanInConcat": "axis=-1",
    "FanInProd": "",
    "FanInSum": "",
    "FanOut": "num",
    "Flatten": "batch_axis=0, batch_axis_out=0",
    "Gabor": "",
    "Gaussian": "a=1, b=-1",
    "Gelu": "approximate=False",
    "GlobalAvgPool": AXES,
    "GlobalSumPool": AXES,
    "Hermite": "degree",
    "Identity": "",
    "Index": f"idx, {AXES}",
    "LayerNorm": f"axis=-1, eps=1e-12, {AXES}",
    "LeakyRelu": "alpha, do_stabilize=False",
    "Monomial": "degree",
    "Polynomial": "coef",
    "Rbf": "gamma=1.0",
    "RectifiedMonomial": "degree",
    "Relu": "do_stabilize=False",
    "Sigmoid_like": "",
    "Sign": "",
    "Tap": "name",
    "Sin": "a=1.0, b=1.0, c=0.0",
    "parallel": "*layers",
    "repeat": "layer, n",
    "serial": "*layers",
}
OURS = {"AggregateImplementation", "Kernel", "Network", "Slice", "from_json"}
CERTIFIED = "*, tol=1e-12, method='auto'"
# Activations without a closed form, which neural-tangents does not have.
MORE = {
    **dict.fromkeys(("Arctan", "GeluTanh", "LogCosh", "Mish", "Sigmoid"), CERTIFIED),
    **dict.fromkeys(("Silu", "Softplus", "Swish", "Tanh", "Selu"), CERTIFIED),
    **dict.fromkeys(("HardSwish", "HardTanh", "Relu6", "Softsign"), CERTIFIED),
    "Celu": f"alpha=1.0, {CERTIFIED}",
    "Elu": f"alpha=1.0, {CERTIFIED}",
}


def shown(name: str) -> str:
    """Return a signature without annotations."""
    signature = inspect.signature(getattr(stax, name))
    parameters = [
        p.replace(
            annotation=p.empty,
            default=Ellipsis if inspect.isfunction(p.default) else p.default,
        )
        for p in signature.parameters.values()
    ]
    bare = signature.replace(parameters=parameters, return_annotation=signature.empty)
    return str(bare)[1:-1].replace("Ellipsis", "...")


@pytest.mark.parametrize("name", MORE)
def test_activations_without_a_closed_form(name: str) -> None:
    assert shown(name) == MORE[name]


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_and_defaults_are_those_of_neural_tangents(name: str) -> None:
    assert shown(name) == SIGNATURES[name]


def test_every_layer_is_in_the_table() -> None:
    assert set(stax.__all__) - OURS == {*SIGNATURES, *MORE}


def test_options_without_effect_are_accepted() -> None:
    assert stax.Gelu(approximate=True) == stax.Gelu()
    assert stax.ExpNormalized(do_clip=True) == stax.ExpNormalized()
    assert stax.DotGeneral(rhs=2.0, precision="highest") == stax.DotGeneral(rhs=2.0)
    assert stax.Aggregate(to_dense=lambda p: p) == stax.Aggregate(to_dense=None)
    sparse = stax.Aggregate(to_dense=str, implementation="SPARSE")
    assert sparse == stax.Aggregate(implementation="SPARSE")
    assert stax.LayerNorm(axis=(-1,)) == stax.LayerNorm(axis=[-1]) == stax.LayerNorm()
