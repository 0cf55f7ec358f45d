"""Order and chaos over the scales of weights and biases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.plotting.checks import check_result
from fastntk.plotting.style import as_axes, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastntk.theory import CriticalLine, PhaseDiagram

__all__ = ["phase_diagram"]


def phase_diagram(
    diagram: PhaseDiagram,
    line: CriticalLine | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Show chi_1 over the scales of weights and biases, and the critical line.

    Parameters
    ----------
    diagram : PhaseDiagram
        From `fastntk.theory.phase_diagram`, at least 2 x 2 points.
    line : CriticalLine, optional
        From `fastntk.theory.critical_line`; by default the contour chi_1 = 1.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes
        The critical line is its first line if it was given. Hatched: no fixed point,
        variances explode.

    Raises
    ------
    InputError
        If the diagram has fewer than two scales of weights or biases, or an argument is
        no result of these functions.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax, theory
    >>> diagram = theory.phase_diagram(
    ...     stax.Erf(), np.linspace(0.5, 2.5, 20), np.linspace(0.01, 0.5, 10)
    ... )
    >>> line = theory.critical_line(stax.Erf(), np.linspace(0.01, 0.5, 10))
    >>> ax = phase_diagram(diagram, line)
    >>> bool((ax.lines[0].get_xdata() == line.W_std).all())
    True
    """
    from fastntk.theory import CriticalLine, PhaseDiagram

    check_result(diagram, PhaseDiagram, "diagram", "fastntk.theory.phase_diagram")
    if line is not None:
        check_result(line, CriticalLine, "line", "fastntk.theory.critical_line")
    ax = as_axes(ax)
    if len(diagram.W_std) < 2 or len(diagram.b_std) < 2:
        raise InputError(
            f"diagram: found {len(diagram.b_std)} biases x {len(diagram.W_std)} "
            "weights; expected at least 2 x 2 points to make a map of"
        )
    _draw_map(ax, diagram)
    if line is not None:
        ax.plot(line.W_std, line.b_std, color="black", lw=2.5, label="critical line")
    elif np.nanmin(diagram.chi_1) < 1.0 < np.nanmax(diagram.chi_1):
        grid = diagram.W_std, diagram.b_std
        ax.contour(*grid, diagram.chi_1, levels=[1.0], colors="black", linewidths=2.5)
    ax.set_xlim(diagram.W_std.min(), diagram.W_std.max())
    ax.set_ylim(diagram.b_std.min(), diagram.b_std.max())
    for name, inside in _regions(diagram.chi_1).items():
        _write_inside(ax, diagram, name, inside)
    set_title(ax, "Phase diagram")
    ax.set(xlabel="W_std, scale of weights", ylabel="b_std, scale of biases")
    return ax


def _draw_map(ax: Axes, diagram: PhaseDiagram) -> None:
    """Colour the plane by chi_1, as far from 1 on both sides."""
    from matplotlib.colors import LogNorm

    chi = np.ma.masked_invalid(np.where(diagram.chi_1 > 0, diagram.chi_1, np.nan))
    reach = float(np.clip(np.abs(np.log2(chi)).max(), 0.25, 2.0)) if chi.count() else 1
    steps = [2.0**k for k in (-2, -1, -0.5, 0, 0.5, 1, 2) if abs(k) <= reach]
    ticks = [step for step in steps if reach < 1.0 or float(np.log2(step)) % 1 == 0]
    ax.patch.set(facecolor="0.85", hatch="///", edgecolor="0.6")
    image = ax.pcolormesh(
        diagram.W_std,
        diagram.b_std,
        chi,
        cmap="PuOr_r",
        norm=LogNorm(2.0**-reach, 2.0**reach),
        shading="gouraud" if not chi.mask.any() else "nearest",
        rasterized=True,
    )
    label = "chi_1, growth of squared gradients per layer"
    bar = ax.figure.colorbar(image, ax=ax, extend="both", label=label)
    bar.set_ticks(ticks, labels=[f"{tick:.3g}" for tick in ticks])
    bar.ax.minorticks_off()


def _regions(chi: FloatArray) -> dict[str, Any]:
    """Return where each phase lies."""
    with np.errstate(invalid="ignore"):
        found = {"ordered": chi < 1.0, "chaotic": chi > 1.0}
    found["unbounded"] = ~np.isfinite(chi)
    return found


def _write_inside(ax: Axes, diagram: PhaseDiagram, name: str, inside: Any) -> None:
    """Write a phase's name at the point of it that is farthest from all borders."""
    if np.mean(inside) < 0.08:
        return
    from scipy.ndimage import distance_transform_edt

    shape = inside.shape
    sampling = (1.0 / shape[0], 1.6 / shape[1])  # names are wide
    depth = distance_transform_edt(np.pad(inside, 1), sampling=sampling)[1:-1, 1:-1]
    i, j = np.unravel_index(int(np.argmax(depth)), shape)
    place = (diagram.W_std[j], diagram.b_std[i])
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 2.5}
    ax.text(*place, name, ha="center", va="center", fontweight="bold", bbox=box)
