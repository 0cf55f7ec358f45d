"""How a computation is to run: one frozen value, checked once where it is made."""

import dataclasses
from typing import Any, Self

import numpy as np

from fastntk._typing import InputMatrix
from fastntk._validation import (
    check_backend,
    check_dtype,
    check_flag,
    check_max_memory,
    check_threads,
    check_tol,
    resolve_dtype,
)
from fastntk.request.progress import ProgressArg, check_progress

__all__ = ["DEFAULTS", "Options"]


@dataclasses.dataclass(frozen=True)
class Options:
    """The options that public calls share, as they are given there.

    Attributes
    ----------
    dtype : dtype or None
        Of computation and result; None: derived from the inputs.
    backend : {"auto", "cpu", "cuda"}
        Where tiles run.
    threads : int or None
        Worker threads; None: the cores that this process may use.
    max_memory : int or None
        Bytes; None: no limit. Text such as "2GiB" is converted.
    progress : bool or callable
        What is shown.
    collapse : bool
        Whether a cheaper program with the same result may take the place.
    tol : float or None
        Largest error allowed; None: every layer to its own tolerance.

    Raises
    ------
    InputError
        When made, for a value that is not as described.
    """

    dtype: Any = None
    backend: str = "auto"
    threads: int | None = None
    max_memory: int | float | str | None = None
    progress: ProgressArg = False
    collapse: bool = True
    tol: float | None = None

    def __post_init__(self) -> None:
        checked = {
            "dtype": check_dtype(self.dtype),
            "backend": check_backend(self.backend),
            "threads": None if self.threads is None else check_threads(self.threads),
            "max_memory": check_max_memory(self.max_memory),
            "progress": check_progress(self.progress),
            "collapse": check_flag(self.collapse, "collapse"),
            "tol": check_tol(self.tol),
        }
        for name, value in checked.items():
            if value is not getattr(self, name):
                object.__setattr__(self, name, value)

    @property
    def n_threads(self) -> int:
        """Worker threads: as asked, or the cores that this process may use."""
        return check_threads(None) if self.threads is None else self.threads

    @property
    def budget(self) -> int | None:
        """Bytes that the computation may take; None: no limit."""
        return None if self.max_memory is None else int(self.max_memory)

    def dtype_of(self, x1: InputMatrix, x2: InputMatrix | None = None) -> np.dtype[Any]:
        """Return the dtype of a kernel: as asked, or derived from the inputs."""
        return resolve_dtype(self.dtype, x1, x2)

    def replace(self, **changes: Any) -> Self:
        """Return the same options but for some."""
        return dataclasses.replace(self, **changes)


DEFAULTS = Options()
