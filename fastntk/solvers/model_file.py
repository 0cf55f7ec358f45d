"""Models in two files: arrays as ``.npz``, all else as JSON; nothing that runs."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fastntk._errors import InputError
from fastntk._files import write_whole
from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import FeatureNames
from fastntk._validation.arguments import as_path
from fastntk.solvers.ridges import Ridge, described
from fastntk.spec import as_spec, from_json, to_json

__all__ = ["Contents", "read_model", "write_model"]

FORMAT = 1
WITH_RIDGES = 2  # the format where the ridge is an array


class Contents(NamedTuple):
    """What is saved of a model: what it takes to predict, and how the solve went.

    Attributes
    ----------
    net, x, coefficients, get, ridge, facts
        As in `fastntk.solvers.KernelModel`.
    feature_names : tuple of str or int, or None
        Of the columns of ``x``; None in files that name none.
    """

    net: Any
    x: Any
    coefficients: FloatArray
    get: str
    ridge: Ridge
    facts: Mapping[str, Any]
    feature_names: FeatureNames | None = None


def write_model(model: Contents, path: Any) -> tuple[Path, Path]:
    """Write a model's contents; see `KernelModel.save`."""
    arrays_path, words_path = _paths(path)
    arrays: dict[str, AnyArray] = {"coefficients": model.coefficients}
    if isinstance(model.x, np.ndarray):
        arrays["x"] = model.x
    else:
        parts = ("data", "indices", "indptr")
        arrays |= {f"x_{name}": getattr(model.x, name) for name in parts}
        arrays["x_shape"] = np.array(model.x.shape)
    if np.ndim(model.ridge):
        arrays["ridge"] = np.asarray(model.ridge)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    data = buffer.getvalue()
    is_number = np.ndim(model.ridge) == 0
    words = {
        "fastntk_model": FORMAT if is_number else WITH_RIDGES,
        "network": json.loads(to_json(as_spec(model.net))),
        "get": model.get,
        "ridge": model.ridge if is_number else described(model.ridge),
        "facts": dict(model.facts),
        "feature_names": model.feature_names,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    write_whole(arrays_path, data)
    write_whole(words_path, json.dumps(words, indent=1).encode())
    return arrays_path, words_path


def read_model(path: Any) -> Contents:
    """Read a model's contents; see `fastntk.solvers.load_model`."""
    arrays_path, words_path = _paths(path)
    try:
        words = json.loads(words_path.read_text(encoding="utf-8"))
        version = words["fastntk_model"]
        network, get, ridge = json.dumps(words["network"]), words["get"], words["ridge"]
        facts, digest = dict(words["facts"]), words["sha256"]
        names = _names(words.get("feature_names"))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{words_path.name}: this is no model saved by fastntk ({error})"
        ) from None
    if version not in (FORMAT, WITH_RIDGES):
        raise InputError(
            f"{words_path.name}: found format {version}; expected {FORMAT} or "
            f"{WITH_RIDGES}. Load it "
            "with the version of fastntk that wrote it"
        )
    data = arrays_path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError(
            f"{arrays_path.name}: its contents are not those that {words_path.name} "
            "was written with; the file is damaged, or of another model"
        )
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        x, coefficients = _rows(arrays), arrays["coefficients"]
        ridge = float(ridge) if version == FORMAT else arrays["ridge"]
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{arrays_path.name}: can't read its arrays ({error})"
        ) from None
    if names is not None and len(names) != x.shape[1]:
        raise InputError(
            f"{words_path.name}: found {len(names)} feature names for {x.shape[1]} "
            "features; the file is damaged, or was changed by hand"
        )
    return Contents(from_json(network), x, coefficients, get, ridge, facts, names)


def _names(found: Any) -> FeatureNames | None:
    """Return the names of features in a file; older ones have none."""
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(n, str | int) for n in found):
        raise TypeError("feature_names is no list of names")
    return tuple(found)


def _rows(arrays: Mapping[str, AnyArray]) -> Any:
    """Return dense or sparse rows."""
    if "x" in arrays:
        return arrays["x"]
    from scipy.sparse import csr_matrix

    parts = (arrays["x_data"], arrays["x_indices"], arrays["x_indptr"])
    return csr_matrix(parts, shape=tuple(arrays["x_shape"]))


def _paths(path: Any) -> tuple[Path, Path]:
    base = as_path(path)
    if base.suffix in (".npz", ".json"):
        base = base.with_suffix("")
    return base.with_name(base.name + ".npz"), base.with_name(base.name + ".json")
