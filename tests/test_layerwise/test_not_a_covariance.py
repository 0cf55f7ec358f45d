"""A kernel to continue from has to be one."""

import numpy as np
import pytest

from fastntk import InputError, stax


def test_numbers_that_are_no_covariance_are_refused() -> None:
    first = stax.serial(stax.Dense(3), stax.Relu())
    second = stax.serial(stax.Dense(3), stax.Relu(), stax.Dense(1))
    kernel = first.kernel_fn(np.eye(3), np.eye(3)[:2] + 0.1)
    with pytest.raises(InputError, match=r"cov1: found -.*variances"):
        second.kernel_fn(kernel.replace(cov1=-kernel.cov1))
    with pytest.raises(InputError, match=r"nngp: found .* beyond sqrt\(cov1 cov2\)"):
        second.kernel_fn(kernel.replace(nngp=10 * kernel.nngp))
