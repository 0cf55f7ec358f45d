"""Layers that hold Python functions: values still, but without JSON."""

import functools
import pickle
from typing import Any

import pytest

from fastntk import NetworkError, spec, stax

pytestmark = pytest.mark.jit_off


def dual(cov12: Any, var1: Any, var2: Any) -> Any:
    return cov12


def slope(cov12: Any, var1: Any, var2: Any) -> Any:
    return 1.0


def kernel_fn(kernel: Any, **kwargs: Any) -> Any:
    return kernel


class Callable:
    def __call__(self, kernel: Any) -> Any:
        return kernel


def test_repr_shows_the_names_of_functions() -> None:
    assert repr(spec.Elementwise(nngp_fn=dual)) == "Elementwise(nngp_fn=dual)"
    layer = spec.Elementwise(abs, dual, slope)
    assert repr(layer) == "Elementwise(fn=abs, nngp_fn=dual, d_nngp_fn=slope)"
    assert repr(stax.Elementwise(abs, dual, slope)) == repr(layer)
    partial = functools.partial(dual, var1=1.0)
    assert repr(spec.Elementwise(nngp_fn=partial)) == "Elementwise(nngp_fn=partial)"
    assert repr(spec.Custom(kernel_fn)) == "Custom(kernel_fn)"
    assert repr(spec.Custom(Callable())) == "Custom(Callable)"
    assert repr(spec.Custom(kernel_fn, "mine")) == "Custom(mine)"


def test_equality_is_the_identity_of_functions() -> None:
    def twin(cov12: Any, var1: Any, var2: Any) -> Any:
        return cov12

    assert spec.Elementwise(nngp_fn=dual) == spec.Elementwise(nngp_fn=dual)
    assert spec.Elementwise(nngp_fn=dual) != spec.Elementwise(nngp_fn=twin)
    assert spec.Custom(kernel_fn) == spec.Custom(kernel_fn)
    assert len({spec.Custom(kernel_fn), spec.Custom(kernel_fn), spec.Custom(dual)}) == 2


@pytest.mark.parametrize(
    "layer", [spec.Elementwise(abs, dual, slope), spec.Custom(kernel_fn)], ids=repr
)
def test_functions_of_a_module_pickle(layer: spec.Spec) -> None:
    net = spec.Serial((spec.Dense(3), layer))
    assert pickle.loads(pickle.dumps(net)) == net


@pytest.mark.parametrize(
    "layer", [spec.Elementwise(nngp_fn=dual), spec.Custom(kernel_fn)], ids=repr
)
def test_there_is_no_json(layer: spec.Spec) -> None:
    net = spec.Serial((spec.Dense(3), spec.Parallel((layer,))))
    for convert in (net.to_dict, lambda: spec.to_json(net), layer.to_dict):
        with pytest.raises(NetworkError, match=r"^(Elementwise|Custom)\(.*pickle it"):
            convert()


def test_a_description_can_not_name_a_function() -> None:
    with pytest.raises(NetworkError, match="fn is 'abs'; expected a function"):
        spec.Spec.from_dict({"layer": "Elementwise", "fn": "abs"})
    with pytest.raises(NetworkError, match="kernel_fn is 'f'; expected a function"):
        spec.Spec.from_dict({"layer": "Custom", "kernel_fn": "f"})


BAD: list[tuple[type[spec.Spec], tuple[Any, ...], str]] = [
    (spec.Elementwise, (), r"Elementwise\(\): found neither fn nor nngp_fn"),
    (spec.Elementwise, (3,), r"Elementwise\(fn=3\): fn is 3; expected a function"),
    (spec.Elementwise, (None, "f"), r"Elementwise\(nngp_fn='f'\): nngp_fn is 'f'"),
    (spec.Elementwise, (abs, None, slope), "Elementwise.*d_nngp_fn without nngp_fn"),
    (spec.Custom, (None,), "Custom: kernel_fn is None; expected a function"),
    (spec.Custom, (kernel_fn, 3), "Custom: name is 3; expected a str"),
]


@pytest.mark.parametrize(("layer", "args", "message"), BAD)
def test_bad_parameters(layer: Any, args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(NetworkError, match="^" + message):
        layer(*args)
