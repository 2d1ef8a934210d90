"""What a run found: as a table for people, as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.figures import Figure
from bench.machine import Machine, Moment

_HEADER = ("what", "Attune", "least … most", "floor", "ratio", "budget", "verdict")


@dataclass(frozen=True)
class Report:
    """`is_quick`: with fewer samples and rounds than a figure worth keeping wants."""

    figures: Sequence[Figure]
    machine: Machine
    before: Moment
    after: Moment
    is_quick: bool


def as_table(report: Report) -> str:
    rows = [_HEADER, *(_cells(figure) for figure in report.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    machine, before, after = report.machine, report.before, report.after
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return "\n".join(
        [
            *lines,
            "",
            f"{before.at}, {machine.cores} cores ({machine.processor}), {machine.memory_mb:,} MB, {machine.kernel}",
            versions,
            f"load {before.load_1_min} before, {after.load_1_min} after{'; --quick' if report.is_quick else ''}",
            "Medians. Only ratios mean something elsewhere: both sides ran in turn, here, in this run.",
        ]
    )


def as_json(report: Report) -> str:
    """Every round of every figure besides what the table shows."""
    document = {
        "machine": asdict(report.machine),
        "before": asdict(report.before),
        "after": asdict(report.after),
        "is_quick": report.is_quick,
        "figures": [_json_of(figure) for figure in report.figures],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _json_of(figure: Figure) -> dict[str, object]:
    return {
        "name": figure.name.strip(),
        "unit": figure.unit,
        "value": figure.value,
        "least": figure.least,
        "most": figure.most,
        "rounds": list(figure.values),
        "floor_name": figure.floor_name or None,
        "floor": figure.floor,
        "floor_rounds": list(figure.floors),
        "ratio": figure.ratio,
        "budget": figure.budget.text if figure.budget else None,
        "verdict": figure.verdict or None,
    }


def _cells(figure: Figure) -> tuple[str, ...]:
    spread = "" if figure.least == figure.most else f"{_number(figure.least)} … {_number(figure.most)}"
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    floor = f"{_number(figure.floor)} {figure.unit} {figure.floor_name}" if figure.floor is not None else ""
    budget = figure.budget.text if figure.budget else ""
    return (figure.name, f"{_number(figure.value)} {figure.unit}", spread, floor, ratio, budget, figure.verdict)


def _number(value: float) -> str:
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
