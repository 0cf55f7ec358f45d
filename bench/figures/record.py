"""What a figure is: a promise, what was measured, and whether it holds."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

AT_MOST, AT_LEAST = "<=", ">="


@dataclass
class Row:
    """One promise beside one measurement.

    Parameters
    ----------
    case : str
        What was computed.
    asked : float or None
        The threshold; None for a number that is only shown.
    sense : {"<=", ">="}
        On which side of the threshold the measurement must lie.
    measured : float
        The figure itself, in ``unit``; NaN when it could not be measured.
    unit : str
        "x" (a ratio), "s", "MiB", ...
    against : str
        What the ratio is taken to, or what the figure is.
    ours, theirs : float or None
        Best times in seconds behind a ratio.
    agree : float or None
        Largest deviation of the two results relative to sqrt(Kii Kjj).
    agree_within : float or None
        The deviation above which the comparison is void.
    """

    case: str
    asked: float | None
    sense: str
    measured: float
    unit: str
    against: str
    ours: float | None = None
    theirs: float | None = None
    agree: float | None = None
    agree_within: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    figure: str = ""
    time: str = ""
    version: str = ""

    @property
    def verdict(self) -> str:
        """Return "ok", "FAIL", "shown", or "not measured"."""
        if math.isnan(self.measured):
            return "not measured" if self.asked is not None else "shown"
        disagree = (
            self.agree is not None
            and self.agree_within is not None
            and not self.agree <= self.agree_within
        )
        if disagree:
            return "FAIL"
        if self.asked is None:
            return "shown"
        at_most = self.sense == AT_MOST
        holds = self.measured <= self.asked if at_most else self.measured >= self.asked
        return "ok" if holds else "FAIL"

    def as_dict(self) -> dict[str, Any]:
        """Return the row for JSON, verdict included; NaN becomes null."""
        row = {**asdict(self), "verdict": self.verdict}
        if math.isnan(self.measured):
            row["measured"] = None
        return row

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "Row":
        """Return the row of `as_dict`."""
        known = {k: v for k, v in row.items() if k != "verdict"}
        if known["measured"] is None:
            known["measured"] = math.nan
        return cls(**known)


@dataclass(frozen=True)
class Figure:
    """A named function that measures one or a few rows."""

    name: str
    measure: Callable[[Any], Iterator[Row]]


FIGURES: dict[str, Figure] = {}

Measure = Callable[[Any], Iterator[Row]]


def figure(name: str) -> Callable[[Measure], Measure]:
    """Register a function as the figure ``name``."""

    def register(measure: Measure) -> Measure:
        FIGURES[name] = Figure(name, measure)
        return measure

    return register
