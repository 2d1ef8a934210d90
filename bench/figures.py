"""What was measured, against its floor and its budget: as a table for people, as JSON for programs."""

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

_HEADER = ("what", "Attune", "floor", "ratio", "budget", "verdict")


@dataclass(frozen=True)
class Budget:
    """A promise of docs/performance.md; `is_met` looks at the figure."""

    text: str
    is_met: Callable[["Figure"], bool]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`values` and `floors` are one per round, in `unit`, and stand for the median; a floor was measured in turn."""

    name: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    floor_name: str = ""
    budget: Budget | None = None

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def floor(self) -> float | None:
        return median(self.floors) if self.floors else None

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' own ratios: noise that lasts longer than a round hits both sides alike."""
        if not self.floors:
            return None
        return median([value / floor for value, floor in zip(self.values, self.floors, strict=True)])

    @property
    def verdict(self) -> str:
        if self.budget is None:
            return ""
        return "met" if self.budget.is_met(self) else "missed"


@dataclass(frozen=True)
class Machine:
    """What the figures depend on."""

    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    load_1_min: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))
    python: str = field(default_factory=platform.python_version)


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(
    name: str,
    percent: int,
    seconds: Sequence[float],
    floors: Sequence[float] = (),
    *,
    floor_name: str = "",
    budget: Budget | None = None,
) -> Figure:
    """The same percentile of both sides, of samples in seconds."""
    return Figure(
        name=name,
        unit="ms",
        values=[percentile(seconds, percent) * 1000],
        floors=[percentile(floors, percent) * 1000] if floors else (),
        floor_name=floor_name,
        budget=budget,
    )


def at_most(limit: float, unit: str = "ms") -> Budget:
    return Budget(f"≤ {limit:g} {unit}", lambda figure: figure.value <= limit)


def as_table(figures: Sequence[Figure], before: Machine, after: Machine) -> str:
    rows = [_HEADER, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    machine = f"{before.cores} cores, Python {before.python}, load {before.load_1_min} before, {after.load_1_min} after"
    note = "Only ratios mean something elsewhere: both sides ran in turn, here, in this run."
    return "\n".join([*lines, "", machine, note])


def as_json(figures: Sequence[Figure], before: Machine, after: Machine) -> str:
    found = [
        {
            "name": figure.name,
            "unit": figure.unit,
            "value": figure.value,
            "rounds": list(figure.values),
            "floor_name": figure.floor_name or None,
            "floor": figure.floor,
            "floor_rounds": list(figure.floors),
            "ratio": figure.ratio,
            "budget": figure.budget.text if figure.budget else None,
            "verdict": figure.verdict or None,
        }
        for figure in figures
    ]
    document = {"machine": asdict(before), "load_1_min_after": after.load_1_min, "figures": found}
    return json.dumps(document, indent=2)


def _cells(figure: Figure) -> tuple[str, ...]:
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    floor = f"{_number(figure.floor)} {figure.unit} {figure.floor_name}" if figure.floor is not None else ""
    budget = figure.budget.text if figure.budget else ""
    return (figure.name, f"{_number(figure.value)} {figure.unit}", floor, ratio, budget, figure.verdict)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
