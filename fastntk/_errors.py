"""The exceptions that fastntk raises on purpose.

Each one also derives from the built-in exception a caller would expect, so
``except ValueError`` keeps working where an array library would raise it, and
``except FastntkError`` catches everything that the library itself refuses.  A
message says what was found, what was expected and what to do.
"""

__all__ = [
    "ConditionWarning",
    "ConvergenceError",
    "FastntkError",
    "IndefiniteError",
    "InputError",
    "MemoryBudgetError",
    "NetworkError",
    "NotSupportedError",
    "RangeError",
    "StoreError",
    "ToleranceNotReached",
]


class FastntkError(Exception):
    """Base class of every error that fastntk raises on purpose.

    Examples
    --------
    >>> import fastntk
    >>> try:
    ...     fastntk.stax.Dense(0)
    ... except fastntk.FastntkError as error:
    ...     print(error)
    Dense(0): out_dim is 0; expected an integer >= 1
    """


class InputError(FastntkError, ValueError):
    """Bad data or a bad argument of a call: shape, dtype, NaN, unknown option."""


class NetworkError(FastntkError, ValueError):
    """A layer parameter or a combination of layers that describes no network.

    The message starts with the layer, e.g. ``Dense(512): W_std is -1.0; ...``.
    """


class RangeError(FastntkError, ArithmeticError):
    """A kernel value that leaves the range of the output dtype.

    The message names the layer at which the value over- or underflows.
    """


class MemoryBudgetError(FastntkError, MemoryError):
    """A result that needs more memory than is allowed.

    It is raised before anything is allocated; the message gives the bytes
    needed and the call that works within the budget.
    """


class NotSupportedError(FastntkError, NotImplementedError):
    """A feature or a backend that this version or this machine does not have."""


class IndefiniteError(InputError):
    """A matrix that should be positive semi-definite and is not.

    The message gives a quadratic form ``v^T K v / v^T v`` that is negative; ``vector``
    is that ``v``, or None where only the value is known.
    """

    def __init__(self, message: str, vector: object = None) -> None:
        super().__init__(message)
        self.vector = vector


class ConvergenceError(FastntkError, ArithmeticError):
    """A solve that did not reach the tolerance asked for.

    ``result`` is what had been reached, with its true residuals.
    """

    def __init__(self, message: str, result: object = None) -> None:
        super().__init__(message)
        self.result = result


class ToleranceNotReached(FastntkError, ArithmeticError):
    """A kernel whose certified error is above the tolerance asked for.

    The message gives the bound that was reached and what to do.
    """


class StoreError(FastntkError, OSError):
    """A store on the disk that can't be written, read or continued.

    The message gives the path and the remedy; finished tiles are kept.
    """


class ConditionWarning(UserWarning):
    """A kernel matrix that is singular to working precision, and what was done.

    The message gives the condition number and the rank that was kept.
    """
