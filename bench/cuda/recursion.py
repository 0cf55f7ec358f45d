"""The recursion of ReLU layers as one writes it in any array library."""

import math
from typing import Any

from bench.nets import B_STD, W_STD

__all__ = ["ntk"]


def ntk(products: Any, norms: Any, n_features: int, depth: int, library: Any) -> Any:
    """Return the NTK of ReLU layers, by cosines.

    Parameters
    ----------
    products : array of shape (n, n)
        Scalar products of rows.
    norms : array of shape (n,)
        Their squared norms.
    n_features : int
        Of the rows.
    depth : int
        Hidden layers.
    library : module
        NumPy, `jax.numpy` or PyTorch: what is used of it has one name in all of them.
    """
    w2, b2 = W_STD**2, B_STD**2
    s = w2 * products / n_features + b2
    q = w2 * norms / n_features + b2
    t = s
    for _ in range(depth):
        norm = library.sqrt(q[:, None] * q[None, :])
        cosine = library.clip(s / norm, -1.0, 1.0)
        angle = math.pi - library.arccos(cosine)
        kappa = norm * (library.sqrt(1.0 - cosine * cosine) + angle * cosine)
        s = w2 * kappa / (2 * math.pi) + b2
        t = w2 * t * angle / (2 * math.pi) + s
        q = w2 * q / 2 + b2
    return t
