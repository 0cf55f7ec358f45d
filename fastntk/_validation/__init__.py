"""Checks of data and arguments, made before any work starts.

Every function returns its argument in the one form that the rest of the
package understands, or raises `InputError` with a message that says what was
found, what was expected and what to do.  Inputs are never modified, and dense
ones never copied but by `owned` and `owned_rows`.  SciPy is not imported: a sparse
matrix is recognised by its ``tocsr`` method, a table by its columns.
"""

from fastntk._validation.arrays import refuse_masked, to_array
from fastntk._validation.frames import is_frame
from fastntk._validation.indices import as_index
from fastntk._validation.inputs import as_input, check_pair, float_dtype
from fastntk._validation.keywords import check_fields, check_keywords
from fastntk._validation.names import FeatureNames, feature_names, match_features
from fastntk._validation.options import (
    check_backend,
    check_dtype,
    check_flag,
    check_get,
    check_max_memory,
    check_threads,
    check_tol,
    resolve_dtype,
)
from fastntk._validation.outputs import check_out
from fastntk._validation.own import owned, owned_rows
from fastntk._validation.samples import (
    as_samples,
    check_samples,
    is_same_input,
    n_axes,
)

__all__ = [
    "FeatureNames",
    "as_index",
    "as_input",
    "as_samples",
    "check_backend",
    "check_dtype",
    "check_fields",
    "check_flag",
    "check_get",
    "check_keywords",
    "check_max_memory",
    "check_out",
    "check_pair",
    "check_samples",
    "check_threads",
    "check_tol",
    "feature_names",
    "float_dtype",
    "is_frame",
    "is_same_input",
    "match_features",
    "n_axes",
    "owned",
    "owned_rows",
    "refuse_masked",
    "resolve_dtype",
    "to_array",
]
