"""The recursion as one would write it in PyTorch, fused by its compiler."""

import math
from typing import Any

import numpy as np

from bench.cuda.clock import median_seconds
from bench.nets import B_STD, W_STD

__all__ = ["measure"]


def measure(x: np.ndarray, depth: int) -> float:
    """Return the median seconds of the NTK of ReLU layers, by cosines, in float32."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    rows = torch.from_numpy(x).cuda()
    n_features = x.shape[1]
    w2, b2 = W_STD**2, B_STD**2

    def layers(s: Any, q: Any) -> Any:
        s = w2 * s / n_features + b2
        q = w2 * q / n_features + b2
        t = s
        for _ in range(depth):
            norm = torch.sqrt(q[:, None] * q[None, :])
            rho = torch.clamp(s / norm, -1.0, 1.0)
            theta = torch.acos(rho)
            kappa = norm * (torch.sqrt(1 - rho * rho) + (math.pi - theta) * rho)
            s = w2 * kappa / (2 * math.pi) + b2
            t = w2 * t * (math.pi - theta) / (2 * math.pi) + s
            q = w2 * q / 2 + b2
        return t

    fused = torch.compile(layers)

    def work() -> Any:
        return fused(rows @ rows.T, (rows * rows).sum(1))

    work()
    torch.cuda.synchronize()
    return median_seconds(work)[0]
