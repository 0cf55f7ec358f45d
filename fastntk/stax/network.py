"""``Network``: a spec with the functions that neural-tangents users expect."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fastntk._errors import NetworkError
from fastntk._kernel import Kernel
from fastntk.spec import Spec, resolve_axes, to_json
from fastntk.stax.triple import Triple

if TYPE_CHECKING:
    from fastntk._typing import GetArg, MatrixLike
    from fastntk.program import Program

__all__ = ["Kernel", "Network"]


@dataclasses.dataclass(frozen=True, repr=False)
class Network(Triple):
    """A neural network of infinite width: a value, and the functions of it.

    Networks are made by the functions of `fastntk.stax`.  They are immutable;
    they can be compared, hashed, pickled and printed, and are used as the triple
    ``(init_fn, apply_fn, kernel_fn)``: unpacked, indexed, sliced and measured.

    Parameters
    ----------
    spec : Spec
        What the network is; see `fastntk.spec`.

    Raises
    ------
    NetworkError
        If ``spec`` is not a spec.

    Examples
    --------
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512, W_std=1.5), stax.Relu(), stax.Dense(1))
    >>> net
    serial(Dense(512, W_std=1.5), Relu(), Dense(1))
    >>> init_fn, apply_fn, kernel_fn = net
    >>> net[2] == kernel_fn
    True
    >>> net == stax.from_json(net.to_json())
    True
    """

    spec: Spec

    def __post_init__(self) -> None:
        """Check that ``spec`` is one."""
        found: object = self.spec
        if not isinstance(found, Spec):
            raise NetworkError(
                f"Network: spec is of type {type(found).__name__}; expected a Spec. "
                "Build networks with the functions of fastntk.stax"
            )

    def __repr__(self) -> str:
        """Return the call that makes the network, in the words of `fastntk.stax`."""
        return repr(self.spec)

    def kernel_fn(
        self,
        x1: MatrixLike | Kernel,
        x2: MatrixLike | None = None,
        get: GetArg | None = None,
        **kwargs: Any,
    ) -> Any:
        """Compute the kernels of the network at infinite width.

        Parameters
        ----------
        x1 : array-like or CSR matrix of shape (n1, d), (n1, positions, channels), or \
Kernel
            One row per sample. The `Kernel` of other layers goes on from there:
            ``serial(a, b).kernel_fn(x)`` is ``b.kernel_fn(a.kernel_fn(x))``.
        x2 : array-like or CSR matrix of the same rank, default=None
            None stands for ``x1``: the result is then exactly symmetric, and
            its diagonal is exact. None with a `Kernel`, which holds both sides.
        get : str, tuple of str, or None, default=None
            "nngp", "ntk", or any other field of a `Kernel`, in any case.
        **kwargs : object
            Keyword arguments of neural-tangents. ``pattern=(pattern1, pattern2)``,
            of shape (n1, positions, positions) and (n2, ...), is what Aggregate sums
            by. Layers made by a user get all of them. Those that ask for another
            layout (``diagonal_batch``, ``diagonal_spatial``, ``mask_constant``,
            ``batch_axis``, ``channel_axis``) must have the value that is computed, and
            ``rng``, ``key``, ``keys`` draw a warning.

        Returns
        -------
        ndarray of shape (n1, n2), named tuple, or Kernel
            The field if ``get`` is a string; for a tuple a named tuple with these
            fields in this order; for None a `Kernel` with everything. Kernels are of
            shape (n1, n2, positions, positions) while there are positions.

        Raises
        ------
        InputError
            If the data, ``get`` or a keyword argument are not as described.
        NetworkError
            If the network has no kernel at infinite width.
        RangeError
            If a value leaves the range of the dtype.
        MemoryBudgetError
            If matrices of all positions, or for layers of a user, do not fit.
        NotSupportedError
            For a keyword argument that asks for another layout.

        See Also
        --------
        fastntk.gram : The same with control of dtype, threads and memory.

        Notes
        -----
        From rows the angles are exact; from a `Kernel` they are as good as its
        numbers allow, so that pairs of nearly parallel rows lose digits.

        Examples
        --------
        >>> import numpy as np
        >>> from fastntk import stax
        >>> net = stax.serial(stax.Dense(512), stax.Relu(), stax.Dense(1))
        >>> net.kernel_fn(np.eye(2), get="ntk")
        array([[0.5       , 0.07957747],
               [0.07957747, 0.5       ]])
        >>> kernel = net.kernel_fn(np.eye(2))
        >>> kernel.cov1
        array([0.25, 0.25])
        >>> net.kernel_fn(kernel, get="nngp").round(6)
        array([[0.125   , 0.061716],
               [0.061716, 0.125   ]])
        """
        from fastntk.calls.kernel_fn import call_kernel_fn

        return call_kernel_fn(self.spec, x1, x2, get, kwargs)

    def program(
        self, x: MatrixLike | None = None, get: GetArg = ("nngp", "ntk")
    ) -> Program:
        """Return the steps that compute the kernels, for inspection.

        Parameters
        ----------
        x : array-like or CSR matrix of shape (n, d), default=None
            The data. With it the program is the one that runs: its first layer in the
            "standard" parameterization knows the number of features, series of
            numerical activations have their terms, and what depends on the angle alone
            is collapsed to one function of it.
        get : {"nngp", "ntk"} or tuple of these, default=("nngp", "ntk")
            The kernels.

        Returns
        -------
        Program
            ``print`` shows its ops, slots, bytes and flops.

        Raises
        ------
        InputError
            If the data or ``get`` are not as described.
        NetworkError
            If the network has no kernel at infinite width.
        """
        from fastntk._validation import as_samples, check_get
        from fastntk.program import lower
        from fastntk.request.options import Options
        from fastntk.request.request import Request
        from fastntk.tiling.setup import prepare

        names, _ = check_get(get)
        if x is None:
            return lower(self.spec, names)
        shape = as_samples(x, "x").shape
        if len(shape) > 2:
            return lower(resolve_axes(self.spec, len(shape)), names, shape[-1])
        setup = prepare(Request.of(self, x, None, names, Options()))
        setup.prepare_rows()
        return setup.program if setup.runs is None else setup.runs

    def profile(
        self,
        rho: Any,
        get: GetArg = ("nngp", "ntk"),
        *,
        variance: float = 1.0,
        n_features: int | None = None,
    ) -> Any:
        """Return the kernels between rows of one norm as functions of their cosine.

        Parameters
        ----------
        rho : array-like
            Cosines of the angle between two rows, from -1 to 1; any shape.
        get : {"nngp", "ntk"} or tuple of these, default=("nngp", "ntk")
            The kernels.
        variance : float, default=1.0
            Mean square of the features of a row, ``|x|^2 / d``: unit vectors of one
            feature, or rows of norm ``sqrt(d)``.
        n_features : int, default=None
            ``d``, which a first layer in the "standard" parameterization needs.

        Returns
        -------
        ndarray of the shape of rho, or a named tuple of these
            In float64.

        Raises
        ------
        InputError
            If an argument is not as described.
        NetworkError
            If the network has no kernel at infinite width.

        See Also
        --------
        fastntk.theory.kernel_profile : On a sphere in d dimensions, by the angle.

        Notes
        -----
        The recursion itself, not a table: errors are those of `fastntk.gram`.

        Examples
        --------
        >>> from fastntk import stax
        >>> net = stax.serial(stax.Dense(1, W_std=2**0.5), stax.Relu(), stax.Dense(1))
        >>> net.profile([-1.0, 0.0, 1.0], "nngp").round(6)
        array([0.     , 0.31831, 1.     ])
        """
        from fastntk.calls.profile import profile

        return profile(self.spec, rho, get, variance, n_features)

    def to_json(self) -> str:
        """Return the network as JSON text, for `fastntk.stax.from_json`.

        Returns
        -------
        str
            One line; numbers come back exactly.

        Examples
        --------
        >>> from fastntk import stax
        >>> stax.Relu().to_json()
        '{"fastntk": 1, "network": {"layer": "Relu"}}'
        """
        return to_json(self.spec)
