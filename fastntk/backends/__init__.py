"""Where a tile runs: `cpu` or `cuda`; each has the interface of `base.Backend`."""

from fastntk.backends.base import Backend, Worker
from fastntk.backends.select import get_backend

__all__ = ["Backend", "Worker", "get_backend"]
