"""A walk through kernels, composition, layers of one's own, and predictions."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

import fastntk as nt
from fastntk import stax


def inputs():
    """Return two sets of rows and targets of the first."""
    rng = np.random.default_rng(1)
    x1, x2 = rng.standard_normal((10, 16)), rng.standard_normal((7, 16))
    return x1, x2, rng.uniform(size=(10, 1))


def kernels(x1, x2):
    """Ask for kernels in every way, and apply one network after another."""
    _, _, kernel_fn = stax.serial(
        stax.Dense(512), stax.Relu(), stax.Dense(512), stax.Relu(), stax.Dense(1)
    )
    kernel = kernel_fn(x1, x2)
    both = kernel_fn(x1, x2, ("nngp", "ntk"))
    again = kernel_fn(kernel)
    return {
        "nngp": kernel_fn(x1, x2, "nngp"),
        "ntk": kernel_fn(x1, x2, get="ntk"),
        "both_nngp": both.nngp,
        "both_ntk": both.ntk,
        "cov1": kernel_fn(x1, x2, "cov1"),
        "cov2": kernel.cov2,
        "is_gaussian": kernel_fn(x1, x2, ("is_gaussian", "cov2")).is_gaussian,
        "again_nngp": again.nngp,
        "again_ntk": again.ntk,
        "again_symmetric": kernel_fn(kernel_fn(x1)).ntk,
    }


def residual(depth):
    """Return a network of blocks whose input is added to their output."""
    block = stax.serial(
        stax.FanOut(2),
        stax.parallel(
            stax.serial(
                stax.Relu(), stax.Dense(64, 1.3, 0.1), stax.Erf(), stax.Dense(64, 1.1)
            ),
            stax.Identity(),
        ),
        stax.FanInSum(),
    )
    return stax.serial(stax.Dense(64, 1.5, 0.1), stax.repeat(block, depth), head())


def head():
    """Return the last layers."""
    return stax.serial(
        stax.LayerNorm(),
        stax.Gelu(),
        stax.Dense(1, 1.2, 0.05, parameterization="standard"),
    )


def structures(x1, x2):
    """Use branches of several kinds, and layers of more shapes."""
    _, _, resnet = residual(3)
    _, _, product = stax.serial(
        stax.FanOut(3),
        stax.parallel(stax.Dense(8), stax.Dense(8, 1.2, 0.3), stax.Dense(8, 0.7)),
        stax.FanInProd(),
        stax.Dense(1, 1.0, 0.1),
    )
    _, _, side_by_side = stax.serial(
        stax.FanOut(2),
        stax.parallel(
            stax.serial(stax.Dense(8, 1.1), stax.Sin()),
            stax.serial(stax.Dense(24, 0.9, 0.2), stax.Rbf(0.3)),
        ),
        stax.FanInConcat(-1),
        stax.Dropout(0.8),
        stax.Dense(1, 1.0, 0.1),
    )
    return {
        "resnet": resnet(x1, x2, "ntk"),
        "product": product(x1, x2, "ntk"),
        "side_by_side": side_by_side(x1, None, "ntk"),
        "side_by_side_cross": side_by_side(x1, x2, "nngp"),
        "batched": nt.batch(resnet, batch_size=5)(x1, None, "ntk"),
    }


def doubled():
    """Return a layer that multiplies its input by two."""

    def init_fn(rng, input_shape):
        return input_shape, ()

    def apply_fn(params, inputs, **kwargs):
        return 2 * inputs

    def kernel_fn(k, **kwargs):
        return k.replace(
            nngp=4 * k.nngp,
            ntk=4 * k.ntk,
            cov1=4 * k.cov1,
            cov2=None if k.cov2 is None else 4 * k.cov2,
        )

    return init_fn, apply_fn, kernel_fn


def own_layers(x1, x2):
    """Put layers of one's own between others."""
    _, _, kernel_fn = stax.serial(
        stax.Dense(8, 1.2, 0.1), doubled(), stax.Relu(), doubled(), stax.Dense(1)
    )
    own = kernel_fn(x1, x2)
    alone = kernel_fn(x1)
    return {"own_nngp": own.nngp, "own_ntk": own.ntk, "own_symmetric": alone.ntk}


def sequences():
    """Use samples with positions, and graphs on them."""
    rng = np.random.default_rng(2)
    x1, x2 = rng.standard_normal((4, 5, 3)), rng.standard_normal((3, 5, 3))
    pattern = tuple(rng.integers(0, 2, (n, 5, 5)).astype(float) for n in (4, 3))
    _, _, pooled = stax.serial(
        stax.Dense(8, 1.2, 0.1), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1)
    )
    _, _, graph = stax.serial(
        stax.Dense(8, 1.2, 0.1),
        stax.Relu(),
        stax.Aggregate(),
        stax.Dense(8, 1.1, 0.2),
        stax.Erf(),
        stax.Flatten(),
        stax.Dense(1, 1.0, 0.3),
    )
    _, _, alive = stax.serial(stax.Dense(8, 1.2, 0.1), stax.Relu(), stax.Dense(8))
    return {
        "pooled": pooled(x1, x2, "ntk"),
        "graph": graph(x1, x2, "ntk", pattern=pattern),
        "alive": alive(x1, x2, "nngp"),
        "alive_cov1": alive(x1, x2).cov1,
    }


def predictions(x_train, x_test, y_train):
    """Train to a time, to convergence, and infer from kernels alone."""
    _, _, kernel_fn = stax.serial(
        stax.Dense(512, 1.5, 0.1), stax.Relu(), stax.Dense(1, 1.5, 0.1)
    )
    predict_fn = nt.predict.gradient_descent_mse_ensemble(kernel_fn, x_train, y_train)
    both = predict_fn(x_test=x_test, get=("nngp", "ntk"))

    ntk_train_train = kernel_fn(x_train, None, "ntk")
    ntk_test_train = kernel_fn(x_test, x_train, "ntk")
    mse_fn = nt.predict.gradient_descent_mse(ntk_train_train, y_train, diag_reg=1e-4)
    fx_train, fx_test = mse_fn(5.0, 0.0, 0.0, ntk_test_train)
    gp_fn = nt.predict.gp_inference(
        kernel_fn(x_train, None, ("nngp", "ntk")), y_train, diag_reg=1e-4
    )
    gp = gp_fn(
        get=("nngp", "ntk"),
        k_test_train=kernel_fn(x_test, x_train, ("nngp", "ntk")),
        k_test_test=kernel_fn(x_test, None, "nngp"),
    )
    return {
        "ensemble_nngp": both.nngp,
        "ensemble_ntk": both.ntk,
        "fx_train": fx_train,
        "fx_test": fx_test,
        "gp_nngp_mean": gp.nngp.mean,
        "gp_ntk_covariance": gp.ntk.covariance,
        "learning_rate": nt.predict.max_learning_rate(
            ntk_train_train, y_train_size=y_train.size
        ),
    }


def main():
    """Return everything that the script computes."""
    x1, x2, y1 = inputs()
    return (
        kernels(x1, x2)
        | structures(x1, x2)
        | own_layers(x1, x2)
        | sequences()
        | predictions(x1, x2, y1)
    )
