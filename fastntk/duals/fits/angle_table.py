"""The polynomials of `fastntk.duals.fits.angle` as few products per pair.

The coefficient of every degree in the angle is a symmetric function of both variances,
which a handful of eigenvectors give to rounding: 150 products where the polynomials
have a thousand.
"""

import dataclasses

import numpy as np

from fastntk._typing import FloatArray, IntArray
from fastntk.kernels.cpu.dual_tiles import AT_ONCE, angle_sums, products

__all__ = ["AngleTable", "angle_table"]


@dataclasses.dataclass(frozen=True, eq=False)
class AngleTable:
    """``sum_t T_t(s) sum_r left_r(q1) right_r(q2)``, every r with a degree t.

    Attributes
    ----------
    left, right : ndarray of shapes (m, R), (R, m)
        Chebyshev coefficients in ``log q``; they differ in signs.
    starts : ndarray of shape (t + 1,)
        The products of a degree, multiples of 4.
    """

    left: FloatArray
    right: FloatArray
    starts: IntArray

    def __call__(self, one: FloatArray, two: FloatArray, s: FloatArray) -> FloatArray:
        """Return the sums of all pairs.

        Parameters
        ----------
        one, two : ndarray of shapes (n1, m), (n2, m)
            The polynomials of ``log q`` at rows and columns.
        s : ndarray of shape (n1, n2)
            The angle, from -1 to 1.

        Returns
        -------
        ndarray of shape (n1, n2)
        """
        out = np.empty(s.shape)
        rows = np.empty((len(one), self.left.shape[1]))
        products(one, self.left, rows)
        columns = np.empty((self.right.shape[0], len(two)))
        products(self.right, np.ascontiguousarray(two.T), columns)
        angle_sums(s, rows, columns, self.starts, out)
        return out


def angle_table(coefs: FloatArray, rest: float) -> AngleTable:
    """Return the products of some polynomials.

    Parameters
    ----------
    coefs : ndarray of shape (m, m, t)
        Chebyshev coefficients in both logarithms, symmetric, and in the angle.
    rest : float
        Eigenvalues below may go.

    Returns
    -------
    AngleTable
    """
    left, right, starts = [], [], [0]
    for t in range(coefs.shape[2]):
        part = coefs[:, :, t]
        values, vectors = np.linalg.eigh(0.5 * (part + part.T))
        kept = np.abs(values) > rest
        rows = vectors[:, kept] * np.sqrt(np.abs(values[kept]))
        fill = ((0, 0), (0, -rows.shape[1] % AT_ONCE))
        left.append(np.pad(rows * np.sign(values[kept]), fill))
        right.append(np.pad(rows, fill))
        starts.append(starts[-1] + right[-1].shape[1])
    columns = np.ascontiguousarray(np.concatenate(right, axis=1).T)
    return AngleTable(np.concatenate(left, axis=1), columns, np.array(starts))
