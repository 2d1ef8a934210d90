"""What was measured, against its floor and its budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True)
class Budget:
    """A promise of docs/performance.md; `is_met` looks at the figure."""

    text: str
    is_met: Callable[["Figure"], bool]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`values` and `floors` are one per round, in `unit`, and stand for the median; a floor was measured in turn.

    `extremes`, the least and the most, where `values` are percentiles of what was measured.
    """

    name: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    floor_name: str = ""
    budget: Budget | None = None
    extremes: tuple[float, float] | None = None

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def least(self) -> float:
        return self.extremes[0] if self.extremes else min(self.values)

    @property
    def most(self) -> float:
        return self.extremes[1] if self.extremes else max(self.values)

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


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


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
        extremes=(min(seconds) * 1000, max(seconds) * 1000),
    )


def at_most(limit: float, unit: str = "ms") -> Budget:
    return Budget(f"≤ {limit:g} {unit}", lambda figure: figure.value <= limit)


def at_least(limit: float, unit: str) -> Budget:
    return Budget(f"≥ {limit:g} {unit}", lambda figure: figure.value >= limit)


def at_least_of(share: float, floor_name: str) -> Budget:
    """Of the floor."""
    return Budget(f"≥ {share:.2f} of {floor_name}", lambda figure: (figure.ratio or 0) >= share)


def at_most_of(share: float, floor_name: str) -> Budget:
    """Of the floor."""
    return Budget(f"≤ {share:.2f} of {floor_name}", lambda figure: figure.ratio is not None and figure.ratio <= share)
