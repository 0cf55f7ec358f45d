"""Duals of activations with kinks on whole tiles, and the sums of quadrature.

Called by `fastntk.duals` with the JIT's usual flags, in float64; the GIL is released.
"""

from __future__ import annotations

import math

import numpy as np

from fastntk._jit import cpu_kernel, scalar
from fastntk._typing import FloatArray, IntArray
from fastntk.kernels.vector.chosen import hermite_values, panel_width

__all__ = [
    "AT_ONCE",
    "angle_sums",
    "far_sums",
    "hermite_means",
    "node_products",
    "panel_values",
    "plane_nodes",
    "plane_sums",
    "products",
]

WIDTH = panel_width(np.dtype(np.float64))
LANES = 32  # sums side by side
AT_ONCE = 4  # products that `angle_sums` adds at a time


@cpu_kernel
def angle_sums(
    s: FloatArray,
    left: FloatArray,
    right: FloatArray,
    starts: IntArray,
    out: FloatArray,
) -> None:
    """Write ``sum_t T_t(s) sum_r left[r] right[r]``, r from ``starts[t]`` on.

    ``s`` and ``out`` are of shape (n1, n2), ``left`` is (n1, R), ``right`` (R, n2); the
    starts are multiples of 4.
    """
    n2 = s.shape[1]
    part, now, before = np.empty(n2), np.empty(n2), np.empty(n2)
    for i in range(s.shape[0]):
        angles, weights = s[i], left[i]
        now[:] = 0.0
        before[:] = 0.0
        for t in range(len(starts) - 2, -1, -1):
            part[:] = 0.0
            for r in range(starts[t], starts[t + 1], 4):
                w0, w1, w2, w3 = (
                    weights[r],
                    weights[r + 1],
                    weights[r + 2],
                    weights[r + 3],
                )
                c0, c1, c2, c3 = right[r], right[r + 1], right[r + 2], right[r + 3]
                for j in range(n2):
                    part[j] += w0 * c0[j] + w1 * c1[j] + w2 * c2[j] + w3 * c3[j]
            twice = 2.0 if t > 0 else 1.0
            for j in range(n2):
                before[j] = part[j] + twice * angles[j] * now[j] - before[j]
            now, before = before, now
        out[i] = now


@cpu_kernel
def products(a: FloatArray, b: FloatArray, out: FloatArray) -> None:
    """Write ``a @ b``, on this thread alone: those of BLAS wait for each other."""
    n_terms, n2 = b.shape
    whole = n_terms - n_terms % 4
    for i in range(a.shape[0]):
        row = out[i]
        row[:] = 0.0
        for k in range(0, whole, 4):
            w0, w1, w2, w3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            c0, c1, c2, c3 = b[k], b[k + 1], b[k + 2], b[k + 3]
            for j in range(n2):
                row[j] += w0 * c0[j] + w1 * c1[j] + w2 * c2[j] + w3 * c3[j]
        for k in range(whole, n_terms):
            weight, column = a[i, k], b[k]
            for j in range(n2):
                row[j] += weight * column[j]


@cpu_kernel
def node_products(
    one: FloatArray, two: FloatArray, weights: FloatArray, out: FloatArray
) -> None:
    """Add ``one @ diag(weights) @ two.T``, on this thread alone."""
    n = len(weights)
    whole = n - n % LANES
    scaled, part = np.empty(n), np.empty(LANES)
    for i in range(one.shape[0]):
        for k in range(n):
            scaled[k] = one[i, k] * weights[k]
        for j in range(two.shape[0]):
            column = two[j]
            part[:] = 0.0
            for k in range(0, whole, LANES):
                for lane in range(LANES):
                    part[lane] += scaled[k + lane] * column[k + lane]
            for k in range(whole, n):
                part[k - whole] += scaled[k] * column[k]
            out[i, j] += part.sum()


@cpu_kernel
def far_sums(
    x: FloatArray,
    left: FloatArray,
    right: FloatArray,
    limits: FloatArray,
    counts: IntArray,
    value: FloatArray,
    slope: FloatArray,
) -> None:
    """Write ``sum_k w_k rho^k`` and ``sum_k k w_k rho^(k-1)``, but of near pairs.

    ``x`` are signed complements of shape (n1, n2), ``left`` the (n1, K) and ``right``
    the (K, n) coefficients, n >= n2 whole panels, all C-ordered. Where no ``|rho|`` of
    a panel is above ``limits[m]``, ``counts[m]`` terms are enough, an even number;
    pairs beyond the last limit are left to the caller.
    """
    n2, n_terms, stride = x.shape[1], left.shape[1], right.shape[1]
    rows, cols = left.ravel(), right.ravel()
    room, sums = np.empty(WIDTH), np.empty(2 * WIDTH)
    last = limits[len(limits) - 1]
    for i in range(x.shape[0]):
        for start in range(0, n2, WIDTH):
            n = min(WIDTH, n2 - start)
            largest = 0.0
            room[:] = 1.0
            for j in range(n):
                size = 1.0 - abs(x[i, start + j])
                if size <= last:
                    room[j] = x[i, start + j]
                    largest = max(largest, size)
            m = 0
            while limits[m] < largest:
                m += 1
            place = (rows, i * n_terms, 1, cols, start, stride)
            hermite_values(room, 0, *place, counts[m], sums, 0, WIDTH)
            for j in range(n):
                value[i, start + j] = sums[j]
                slope[i, start + j] = sums[WIDTH + j]


@cpu_kernel
def hermite_means(z: FloatArray, values: FloatArray, out: FloatArray) -> None:
    """Write ``sum_i values_i h_k(z_i)`` for every k, by the recurrence of the h_k.

    ``values`` carry the weights and the normal density, so that nothing overflows. Both
    have a length that is a multiple of 8.
    """
    n = len(z)
    now, before, part = values.copy(), np.zeros(n), np.zeros(8)
    for k in range(len(out)):
        part[:] = 0.0
        for i in range(0, n, 8):
            for j in range(8):
                part[j] += now[i + j]
        out[k] = part.sum()
        up, down = 1.0 / math.sqrt(k + 1.0), math.sqrt(k / (k + 1.0))
        for i in range(n):
            before[i] = up * z[i] * now[i] - down * before[i]
        now, before = before, now


@cpu_kernel
def panel_values(
    edges: FloatArray, coefs: FloatArray, u: FloatArray, out: FloatArray
) -> None:
    """Write values of Legendre series on adjoining panels, by Clenshaw's recurrence.

    ``coefs`` has a row of coefficients for every panel; points outside take the value
    at the end.
    """
    n_panels, n = coefs.shape
    for i in range(len(u)):
        low, high = 0, n_panels
        while high - low > 1:
            middle = (low + high) // 2
            if edges[middle] <= u[i]:
                low = middle
            else:
                high = middle
        t = 2.0 * (u[i] - edges[low]) / (edges[low + 1] - edges[low]) - 1.0
        t = min(max(t, -1.0), 1.0)
        value, before = coefs[low, n - 1], 0.0
        for k in range(n - 2, -1, -1):
            now = coefs[low, k] + (2.0 * k + 1.0) / (k + 1.0) * t * value
            now -= (k + 1.0) / (k + 2.0) * before
            before, value = value, now
        out[i] = value


@scalar
def _insert(edges: FloatArray, n: int, value: float) -> int:
    """Put a number into the first n, which ascend; return how many there are."""
    place = n
    while place > 0 and edges[place - 1] > value:
        edges[place] = edges[place - 1]
        place -= 1
    edges[place] = value
    return n + 1


@cpu_kernel
def plane_nodes(
    moments: FloatArray,
    angles: FloatArray,
    radii: FloatArray,
    kinks: FloatArray,
    rule: FloatArray,
    u: FloatArray,
    v: FloatArray,
    weights: FloatArray,
) -> None:
    """Write the nodes of quadrature in the plane, pair by pair and ray by ray.

    ``moments`` are sqrt(q1), sqrt(q2), theta of each pair, shape (3, n); ``angles``,
    (n, p), the edges of the angle, ``radii`` those of the radius, cut at the ``kinks``
    (none of them 0) of either side; ``rule`` are nodes and weights on [0, 1]. ``u``,
    ``v`` and ``weights`` have the shape (n, rays, nodes of a ray).
    """
    n_radii, n_nodes, last = len(radii), rule.shape[1], radii[len(radii) - 1]
    edges = np.empty(n_radii + 2 * len(kinks))
    for i in range(moments.shape[1]):
        r1, r2, theta = moments[0, i], moments[1, i], moments[2, i]
        for p in range(angles.shape[1] - 1):
            low, width = angles[i, p], angles[i, p + 1] - angles[i, p]
            for m in range(n_nodes):
                angle = low + width * rule[0, m]
                ray, mass = p * n_nodes + m, width * rule[1, m] / (2.0 * math.pi)
                one, two = r1 * math.cos(angle), r2 * math.cos(angle - theta)
                edges[:n_radii] = radii
                n_edges = n_radii
                for c in kinks:
                    for side in (one, two):
                        r = c / side if side != 0.0 else last
                        cut = r if 0.0 < r < last else last
                        n_edges = _insert(edges, n_edges, cut)
                k = 0
                for e in range(n_edges - 1):
                    step = edges[e + 1] - edges[e]
                    for a in range(n_nodes):
                        r = edges[e] + step * rule[0, a]
                        u[i, ray, k], v[i, ray, k] = one * r, two * r
                        dense = r * math.exp(-0.5 * r * r)
                        weights[i, ray, k] = mass * (step * rule[1, a]) * dense
                        k += 1


@cpu_kernel
def plane_sums(
    first: FloatArray, second: FloatArray, weights: FloatArray, out: FloatArray
) -> None:
    """Add products of values and weights, with what rounding drops (Kahan 1965)."""
    n_rays, n_nodes = first.shape[1], first.shape[2]
    for i in range(first.shape[0]):
        total, lost = 0.0, 0.0
        for ray in range(n_rays):
            for k in range(n_nodes):
                part = first[i, ray, k] * second[i, ray, k] * weights[i, ray, k] - lost
                new = total + part
                lost = (new - total) - part
                total = new
        out[i] = total
