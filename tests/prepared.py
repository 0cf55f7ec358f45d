"""Prepared computations, as the public calls make them."""

from typing import Any

from fastntk.request.options import Options
from fastntk.request.request import Request
from fastntk.tiling import setup


def prepare(net: Any, x1: Any, x2: Any, get: Any, **options: Any) -> setup.Setup:
    """Return the checked call of some rows, with options as `fastntk.gram` has."""
    return setup.prepare(Request.of(net, x1, x2, get, Options(**options)))
