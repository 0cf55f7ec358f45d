"""Where a tile runs: `cpu` today; every backend has the interface of `base.Backend`."""

from fastntk.backends.base import Backend, get_backend

__all__ = ["Backend", "get_backend"]
