"""Operators travel to other processes: network, rows and options do."""

import copy
import pickle

import numpy as np
import pytest

import fastntk
from fastntk.operators import GramOperator
from tests.test_operators.cases import RELU_NET, rows

X = rows(200)
V = np.random.default_rng(3).standard_normal((200, 3))


def test_a_pickled_operator_gives_the_same_bits() -> None:
    K = fastntk.operator(RELU_NET, X, get="nngp", dtype="float32", max_memory="2MB")
    right = K @ V
    for other in (pickle.loads(pickle.dumps(K)), copy.deepcopy(K)):
        assert np.array_equal(other @ V, right)
        assert (other.get, other.tile_dtype) == (K.get, K.tile_dtype)
    shifted = pickle.loads(pickle.dumps(K.shifted(0.5)))
    assert np.array_equal(shifted @ V, K.shifted(0.5) @ V)


def test_one_of_two_sides() -> None:
    K = fastntk.operator(RELU_NET, X, X[:30] + 1.0)
    assert np.array_equal(pickle.loads(pickle.dumps(K)).rmatmat(V), K.rmatmat(V))


def test_one_that_was_made_by_hand_is_refused_in_words() -> None:
    K = fastntk.operator(RELU_NET, X)
    made = GramOperator(RELU_NET, K._setup, K._layout)
    with pytest.raises(fastntk.NotSupportedError, match=r"not made by fastntk\.oper"):
        pickle.dumps(made)
