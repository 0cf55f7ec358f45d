"""neural-tangents on the same problem: ``python rival.py N`` in its environment.

Kernel and prediction by its own functions, float64, compiled. The address space is
bounded, so that a matrix that doesn't fit is an error and not the end of the machine.
"""

import json
import resource
import sys
import time


def main() -> None:
    """Solve for N rows and print the seconds."""
    limit = int(float(sys.argv[2]) * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    import jax

    jax.config.update("jax_enable_x64", True)
    import neural_tangents as nt
    import numpy as np
    from neural_tangents import stax

    n = int(sys.argv[1])
    layers = []
    for _ in range(3):
        layers += [stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu()]
    _, _, kernel_fn = stax.serial(*layers, stax.Dense(1, W_std=1.5, b_std=0.1))
    kernel_fn = jax.jit(kernel_fn, static_argnums=(2,))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 20))
    y = np.sin(2.0 * x[:, :1])
    kernel_fn(x[:500], None, "ntk").block_until_ready()
    start = time.perf_counter()
    kernel = kernel_fn(x, None, "ntk").block_until_ready()
    seconds = {"kernel": time.perf_counter() - start}
    predict_fn = nt.predict.gradient_descent_mse(kernel, y, diag_reg=1e-3)
    found = predict_fn(None, None, -1, kernel[:10])
    jax.block_until_ready(found)
    seconds["all"] = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"n": n, "seconds": seconds, "peak_GiB": peak}))


if __name__ == "__main__":
    main()
