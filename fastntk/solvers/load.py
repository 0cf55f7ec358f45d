"""Saved models come back as models."""

from typing import Any

from fastntk.solvers.model import KernelModel
from fastntk.solvers.model_file import read_model

__all__ = ["load_model"]


def load_model(path: Any) -> KernelModel:
    """Load a model that `KernelModel.save` has written.

    Parameters
    ----------
    path : path-like
        Either of the two files, or their common name.

    Returns
    -------
    KernelModel
        As it was saved.

    Raises
    ------
    InputError
        If a file is damaged, of another kind, or the two don't belong together.
    OSError
        If a file can't be opened.

    Notes
    -----
    Arrays are loaded with ``allow_pickle=False``: a file can't run code.
    """
    return KernelModel(**read_model(path)._asdict())
