"""A card of the start page: a chart, the same figures as a table, and where they come from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# As they are read on white and on black.
_TICKS = "#7b8494"
_HEIGHT = 150


class Tone(StrEnum):
    """Whether somebody has to look."""

    WELL = "well"
    WATCH = "watch"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one colour, one for each label of the chart."""

    name: str
    values: Sequence[float | None]
    color: str = "var(--color-primary-600)"


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, as Chart.js draws them; ``said`` is what somebody hears who does not see them."""

    labels: Sequence[str]
    series: Sequence[Series]
    said: str
    lying: bool = False
    height: int = _HEIGHT

    @property
    def data(self) -> str:
        """Return what is drawn."""
        datasets = [
            {"label": each.name, "data": list(each.values), "backgroundColor": each.color, "maxBarThickness": 28}
            for each in self.series
        ]
        return json.dumps({"labels": list(self.labels), "datasets": datasets})

    @property
    def options(self) -> str:
        """Return how it is drawn: from zero, in whole units, without moving."""
        counts: dict[str, Any] = {"beginAtZero": True, "ticks": {"color": _TICKS, "precision": 0}, "grid": {}}
        names: dict[str, Any] = {"ticks": {"color": _TICKS}, "grid": {"display": False}}
        legend = {"display": len(self.series) > 1, "position": "bottom", "labels": {"color": _TICKS, "boxWidth": 12}}
        return json.dumps(
            {
                "animation": False,
                "responsive": True,
                "maintainAspectRatio": False,
                "indexAxis": "y" if self.lying else "x",
                "plugins": {"legend": legend},
                "scales": {"x": counts, "y": names} if self.lying else {"x": names, "y": counts},
            }
        )


@dataclass(frozen=True, slots=True)
class Card:
    """A few figures about one thing, in a line and as a table."""

    title: str
    href: str
    line: str
    tone: Tone = Tone.PLAIN
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    chart: Chart | None = None
