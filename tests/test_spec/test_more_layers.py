"""Bad parameters of smooth, polynomial, normalising and spatial layers."""

from typing import Any

import numpy as np
import pytest

from fastntk import NetworkError, stax

pytestmark = pytest.mark.jit_off

NAN, INF = float("nan"), float("inf")
Bad = tuple[str, tuple[Any, ...], dict[str, Any], str]
SMOOTH: list[Bad] = [
    ("Sin", (NAN,), {}, r"Sin\(a=nan\): a is nan; expected a finite number"),
    ("Sin", (), {"c": "x"}, r"Sin\(c='x'\): c is 'x'; expected a real number"),
    ("Cos", (1, INF), {}, r"Cos\(a=1, b=inf\)|Cos\(b=inf\): b is inf"),
    ("Cos", (1, 1e200), {}, r"Cos\(b=1e\+200\): b is 1e\+200; expected 0 or a magn"),
    ("Exp", (None,), {}, r"Exp\(a=None\): a is None; expected a real number"),
    ("Gaussian", (1, NAN), {}, r"Gaussian\(b=nan\): b is nan"),
    ("Rbf", (-0.5,), {}, r"Rbf\(gamma=-0.5\): gamma is -0.5; expected a number >= 0"),
    ("Rbf", (NAN,), {}, r"Rbf\(gamma=nan\): gamma is nan; expected a finite number"),
    ("ExpNormalized", (-1,), {}, r"ExpNormalized\(gamma=-1\): gamma is -1.0; expected"),
    ("ExpNormalized", (), {"shift": INF}, r"ExpNormalized\(shift=inf\): shift is inf"),
]
POLYNOMIALS: list[Bad] = [
    ("Hermite", (-1,), {}, r"Hermite\(-1\): degree is -1; expected an integer >= 0"),
    ("Hermite", (65,), {}, r"Hermite\(65\): degree is 65; expected .* <= 64"),
    ("Hermite", (2.0,), {}, r"Hermite\(2.0\): degree is 2.0; expected an integer"),
    ("Monomial", (True,), {}, r"Monomial\(True\): degree is True; expected an integer"),
    ("Monomial", (-2,), {}, r"Monomial\(-2\): degree is -2; expected an integer >= 0"),
    ("RectifiedMonomial", ("2",), {}, r"RectifiedMonomial\('2'\): degree is '2'"),
    ("RectifiedMonomial", (99,), {}, r"RectifiedMonomial\(99\): degree is 99.*64"),
    ("Polynomial", ((),), {}, r"Polynomial\(\(\)\): found no coefficients; expected"),
    ("Polynomial", (3,), {}, r"Polynomial\(3\): coef is 3; expected a sequence"),
    ("Polynomial", (np.array(3.0),), {}, r"Polynomial\(.*coef is a single number"),
    ("Polynomial", ("12",), {}, r"Polynomial\('12'\): coef is '12'; expected a seq"),
    ("Polynomial", ([0, NAN],), {}, r"Polynomial\(\[0, nan\]\): coef\[1\] is nan"),
    ("Polynomial", ([1j],), {}, r"Polynomial\(\[1j\]\): coef\[0\] is 1j"),
    ("Polynomial", ([[1.0]],), {}, r"Polynomial\(\[\[1.0\]\]\): coef\[0\] is \[1.0\]"),
    ("Polynomial", ([1.0] * 66,), {}, r"Polynomial\(.*found 66 coefficients.*65"),
]
NORMALISING: list[Bad] = [
    ("LayerNorm", (), {"eps": -1e-3}, r"LayerNorm\(eps=-0.001\): eps is -0.001"),
    ("LayerNorm", (), {"eps": NAN}, r"LayerNorm\(eps=nan\): eps is nan"),
    ("LayerNorm", (0,), {}, r"LayerNorm\(\): axis is 0; expected -1.*channel"),
    ("LayerNorm", ((1, -1),), {}, r"LayerNorm\(\): axis is \(1, -1\); expected -1"),
    ("LayerNorm", ((),), {}, r"LayerNorm\(\): axis is \(\); expected -1"),
    ("LayerNorm", (True,), {}, r"LayerNorm\(\): axis is True; expected -1"),
    ("LayerNorm", (), {"channel_axis": 0}, r"LayerNorm\(\): channel_axis is 0"),
    ("LayerNorm", ((1, 2),), {}, r"LayerNorm\(\): axis is \(1, 2\); expected -1"),
    ("LayerNorm", (), {"batch_axis": 1}, r"LayerNorm\(\): batch_axis is 1; expected 0"),
    ("Dropout", (0,), {}, r"Dropout\(0\): rate is 0.0; expected a number in \(0, 1\]"),
    ("Dropout", (1.5,), {}, r"Dropout\(1.5\): rate is 1.5; expected .* is kept"),
    ("Dropout", (-0.1,), {}, r"Dropout\(-0.1\): rate is -0.1"),
    ("Dropout", (NAN,), {}, r"Dropout\(nan\): rate is nan"),
    ("Dropout", (0.5, "eval"), {}, r"Dropout\(0.5\): mode is 'eval'; expected 'train'"),
    ("Dropout", (0.5, None), {}, r"Dropout\(0.5\): mode is None; expected 'train'"),
    ("FanInConcat", (0,), {}, r"FanInConcat\(\): axis is 0; expected -1. Branches"),
    ("FanInConcat", (-2,), {}, r"FanInConcat\(\): axis is -2; expected -1. Branches"),
]
ONE, LAST = (((1,), (0,)), ((), ())), (((1,), (3,)), ((), ()))
SPATIAL: list[Bad] = [
    ("Flatten", (1,), {}, r"Flatten\(\): batch_axis is 1; expected 0. Inputs have"),
    ("Flatten", (0, 1), {}, r"Flatten\(\): batch_axis_out is 1; expected 0"),
    ("GlobalAvgPool", (1,), {}, r"GlobalAvgPool\(\): batch_axis is 1"),
    ("GlobalSumPool", (0, 1), {}, r"GlobalSumPool\(\): channel_axis is 1; expected -1"),
    ("Index", ("a",), {}, r"Index: idx has 'a'; expected integers, slices and \.\.\."),
    ("Index", (1.5,), {}, r"Index: idx has 1.5; expected integers"),
    ("Index", (True,), {}, r"Index: idx has True; expected integers"),
    ("Index", ((..., 0, ...),), {}, r"Index: idx is .*expected at most one ellipsis"),
    ("Index", (slice(0, 3, 0),), {}, r"Index: idx has a slice of step 0"),
    ("Index", (slice("a"),), {}, r"Index: idx has \(None, 'a', None\); expected int"),
    ("Index", (0, 1), {}, r"Index\(Slice\[0\]\): batch_axis is 1; expected 0"),
    ("DotGeneral", (), {"lhs": 1, "rhs": 2}, "DotGeneral: found both lhs and rhs"),
    ("DotGeneral", (), {"rhs": []}, "DotGeneral: rhs is empty; expected at least"),
    ("DotGeneral", (), {"rhs": [[1], [2, 3]]}, "DotGeneral: rhs is .*equal length"),
    ("DotGeneral", (), {"lhs": 1j}, "DotGeneral: lhs has 1j; expected finite real"),
    ("DotGeneral", (), {"rhs": "2"}, "DotGeneral: rhs has '2'; expected finite real"),
    ("DotGeneral", (), {"rhs": [1, INF]}, "DotGeneral: rhs has inf; expected finite"),
    (
        "DotGeneral",
        (),
        {"rhs": [1.0], "dimension_numbers": LAST},
        r"DotGeneral: dimension_numbers .*constant, which has shape \(1,\)",
    ),
    (
        "DotGeneral",
        (),
        {"rhs": 1.0, "dimension_numbers": ONE},
        r"DotGeneral: dimension_numbers .*constant, which has shape \(\)",
    ),
    ("DotGeneral", (), {"dimension_numbers": 3}, "DotGeneral: dimension_numbers is 3"),
    (
        "DotGeneral",
        (),
        {"rhs": [1.0], "dimension_numbers": (((1, 2), (0,)), ((), ()))},
        "DotGeneral: dimension_numbers .*as many axes left as right",
    ),
    (
        "DotGeneral",
        (),
        {"dimension_numbers": ((("a",), (0,)), ((), ()))},
        "DotGeneral: dimension_numbers is .*expected a tuple of integers",
    ),
    ("DotGeneral", (), {"rhs": 1, "channel_axis": 0}, "DotGeneral: channel_axis is 0"),
    ("Aggregate", (0,), {}, "Aggregate: aggregate_axis is 0; expected different axes"),
    ("Aggregate", ((1, 1),), {}, r"Aggregate: aggregate_axis is \(1, 1\); expected"),
    ("Aggregate", (1.5,), {}, r"Aggregate: aggregate_axis is \(1.5,\); expected a tup"),
    ("Aggregate", ((True,),), {}, r"Aggregate: aggregate_axis is \(True,\)"),
    ("Aggregate", (), {"batch_axis": 1}, "Aggregate: batch_axis is 1; expected 0"),
    ("Aggregate", (), {"to_dense": np.sqrt}, "Aggregate: to_dense .*identity"),
    ("Aggregate", (), {"to_dense": str}, "Aggregate: to_dense .*Apply it to the patt"),
    ("Aggregate", (), {"implementation": "x"}, "Aggregate: implementation is 'x'"),
]


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "message"),
    [*SMOOTH, *POLYNOMIALS, *NORMALISING, *SPATIAL],
)
def test_bad_parameters(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(NetworkError, match="^" + message):
        getattr(stax, name)(*args, **kwargs)


@pytest.mark.parametrize("axis", [np.arange(2), None, "x"])
def test_an_axis_of_any_kind_is_refused_in_words(axis: Any) -> None:
    with pytest.raises(NetworkError, match=r"^Flatten\(\): batch_axis is .*expected 0"):
        stax.Flatten(axis)


def test_edges_of_the_ranges_are_allowed() -> None:
    assert repr(stax.Rbf(0)) == "Rbf(gamma=0.0)"
    assert repr(stax.Dropout(1)) == "Dropout(1.0)"
    assert repr(stax.LayerNorm(eps=-0.0)) == "LayerNorm(eps=0.0)"
    assert repr(stax.Hermite(64)) == "Hermite(64)"
    assert repr(stax.Polynomial([2])) == "Polynomial((2.0,))"
