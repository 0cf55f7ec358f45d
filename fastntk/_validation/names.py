"""Names of features: remembered where a table was given, matched where one comes."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from fastntk._errors import InputError
from fastntk._validation.frames import is_frame, labels_of, take_columns

__all__ = ["FeatureNames", "feature_names", "match_features"]

FeatureNames: TypeAlias = tuple[str | int, ...]
"""Names of the columns of a table: what JSON keeps of them."""

_SHOWN = 8  # names of each kind in a message


def feature_names(x: Any) -> FeatureNames | None:
    """Return the names of the columns of a table; None for anything else.

    Parameters
    ----------
    x : object
        What the caller passed.

    Returns
    -------
    tuple of str or int, or None
        Labels that are neither text nor integers, as text.
    """
    if type(x) is np.ndarray or not is_frame(x):
        return None
    return tuple(map(_label, labels_of(x)))


def match_features(
    x: Any, names: FeatureNames | None, name: str, where: str = "the training rows"
) -> Any:
    """Return rows with their features in the order of names that are known.

    Parameters
    ----------
    x : array-like, sparse matrix or table
        Rows. Only a table has names; anything else comes back as it is.
    names : tuple of str or int, or None
        From `feature_names`; None where no table was given.
    name, where : str
        Of the argument and of what has the known names, for the message.

    Returns
    -------
    object
        ``x``, or the same table with its columns in the order of ``names``.

    Raises
    ------
    InputError
        If the names are not the same, but for their order.

    Notes
    -----
    Columns that are numbered 0, 1, 2, ..., as pandas does where nobody names them, are
    matched by place with names of another kind, like the columns of an array.
    """
    if names is None:
        return x
    found = feature_names(x)
    if found is None or found == names:
        return x
    if len(set(found)) == len(found) and set(found) == set(names):
        places = {label: k for k, label in enumerate(found)}
        return take_columns(x, [places[label] for label in names])
    if _are_places(found, names) or _are_places(names, found):
        return x
    raise InputError(
        f"{name}: found a table whose columns are not those of {where}: "
        f"{_difference(found, names)}; expected {len(names)} columns with the same "
        "names, in any order. Select or rename columns, or pass arrays to go by place"
    )


def _label(label: Any) -> str | int:
    if isinstance(label, str):
        return str(label)
    if isinstance(label, int | np.integer) and not isinstance(label, bool):
        return int(label)
    return str(label)


def _are_places(names: FeatureNames, others: FeatureNames) -> bool:
    """Say whether names are numbers from 0, as nobody gave them, beside real ones."""
    are_numbers = names == tuple(range(len(names)))
    return are_numbers and not all(isinstance(label, int) for label in others)


def _difference(found: FeatureNames, names: FeatureNames) -> str:
    missing = [label for label in names if label not in set(found)]
    extra = [label for label in found if label not in set(names)]
    twice = sorted({str(label) for label in found if found.count(label) > 1})
    words = []
    if missing:
        words.append(f"missing {_listed(missing)}")
    if extra:
        words.append(f"unknown {_listed(extra)}")
    if twice:
        words.append(f"repeated {_listed(twice)}")
    return "; ".join(words) or "repeated names"


def _listed(labels: Sequence[str | int]) -> str:
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return ", ".join(map(repr, labels[:_SHOWN])) + more
