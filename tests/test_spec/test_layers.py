"""Layer parameters are checked when a layer is made, in words that name it."""

from typing import Any

import numpy as np
import pytest

from fastntk import NetworkError, spec, stax

pytestmark = pytest.mark.jit_off

NAN, INF = float("nan"), float("inf")
BAD: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("Dense", (0,), {}, r"Dense\(0\): out_dim is 0; expected an integer >= 1"),
    ("Dense", (-3,), {}, r"Dense\(-3\): out_dim is -3"),
    ("Dense", (2.5,), {}, r"Dense\(2.5\): out_dim is 2.5; expected an integer"),
    ("Dense", (True,), {}, r"Dense\(True\): out_dim is True; expected an integer"),
    ("Dense", ("8",), {}, r"Dense\('8'\): out_dim is '8'"),
    ("Dense", (None,), {}, r"Dense\(None\): out_dim is None"),
    ("Dense", (512, -1.0), {}, r"Dense\(512\): W_std is -1.0"),
    ("Dense", (512,), {"W_std": NAN}, r"Dense\(512\): W_std is nan"),
    ("Dense", (512,), {"W_std": INF}, r"Dense\(512\): W_std is inf"),
    ("Dense", (512,), {"W_std": "1"}, r"Dense\(512\): W_std is '1'"),
    ("Dense", (512,), {"W_std": None}, r"Dense\(512\): W_std is None"),
    ("Dense", (512,), {"W_std": 1e200}, r"Dense\(512\): W_std is 1e\+200"),
    ("Dense", (512,), {"b_std": -0.5}, r"Dense\(512\): b_std is -0.5"),
    ("Dense", (512,), {"b_std": NAN}, r"Dense\(512\): b_std is nan"),
    ("Dense", (512,), {"b_std": [0.1]}, r"Dense\(512\): b_std is \[0.1\]"),
    (
        "Dense",
        (4,),
        {"parameterization": "mup"},
        r"Dense\(4\): parameterization is 'mup'",
    ),
    (
        "Dense",
        (4,),
        {"parameterization": None},
        r"Dense\(4\): parameterization is None",
    ),
    ("Dense", (4,), {"s": (0, 1)}, r"Dense\(4\): s"),
    ("Dense", (4,), {"s": 3}, r"Dense\(4\): s"),
    ("Dense", (4,), {"s": (1, -1)}, r"Dense\(4\): s"),
    ("Dense", (4,), {"s": (1, 2, 3)}, r"Dense\(4\): s"),
    ("Dense", (4,), {"batch_axis": 1}, r"Dense\(4\): batch_axis is 1; expected 0"),
    ("Dense", (4,), {"channel_axis": 0}, r"Dense\(4\): channel_axis is 0; expected -1"),
    ("LeakyRelu", (NAN,), {}, r"LeakyRelu\(nan\): alpha is nan"),
    ("LeakyRelu", ("x",), {}, r"LeakyRelu\('x'\): alpha is 'x'"),
    ("ABRelu", (1, INF), {}, r"ABRelu\(1, inf\): b is inf"),
    ("ABRelu", (None, 1), {}, r"ABRelu\(None, 1\): a is None"),
    ("Erf", (), {"a": NAN}, r"Erf\(a=nan.*\): a is nan"),
    ("Erf", (), {"c": 1j}, r"Erf\(.*\): c is 1j"),
    ("FanOut", (0,), {}, r"FanOut\(0\): num is 0; expected an integer >= 1"),
    ("FanOut", (1.0,), {}, r"FanOut\(1.0\): num is 1.0; expected an integer"),
    ("serial", (), {}, r"serial\(\): found no layers; expected at least one"),
    ("parallel", (), {}, r"parallel\(\): found no layers; expected at least one"),
    ("serial", (3,), {}, r"serial: argument 0 is 3 of type int; expected a layer"),
    ("serial", (stax.Relu,), {}, r"serial: argument 0 .*call it, e.g. Relu\(\)"),
    ("repeat", (stax.Relu(), 0), {}, r"repeat\(Relu\(\), 0\): n is 0"),
    ("repeat", (3, 2), {}, r"serial: argument 0 is 3"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "message"), BAD)
def test_bad_parameters(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(NetworkError, match="^" + message):
        getattr(stax, name)(*args, **kwargs)


def test_numpy_scalars_become_python_numbers() -> None:
    n, weight, bias, s = (np.int64(4), np.float32(1.5), np.float64(0.1), np.int8(2))
    layer = spec.Dense(n, weight, bias, s=(s, 1))  # type: ignore[arg-type]
    assert layer == spec.Dense(4, 1.5, 0.1, s=(2, 1))
    assert type(layer.out_dim) is int
    assert type(layer.W_std) is type(layer.b_std) is float
    assert "np." not in repr(layer)


def test_an_integer_std_is_a_float() -> None:
    assert repr(spec.Dense(4, W_std=2)) == "Dense(4, W_std=2.0)"


def test_zero_is_a_standard_deviation() -> None:
    layer = spec.Dense(4, W_std=0, b_std=0)
    assert (layer.W_std, layer.b_std) == (0.0, 0.0)
