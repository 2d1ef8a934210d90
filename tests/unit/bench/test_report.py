"""A table for people, JSON for programs."""

import json

from bench.figures import Figure, at_least_of
from bench.machine import Machine, Moment, this_machine
from bench.report import Report, as_json, as_table

_MACHINE = Machine(
    cores=2, processor="Fast 3000", memory_mb=8000, kernel="6.1", versions={"Attune": "0.1.0", "Python": "3.11.7"}
)
_FIGURES = (
    Figure(
        name="throughput",
        unit="/s",
        values=[80, 100, 90.5],
        floors=[200, 210, 190],
        floor_name="bare Celery",
        budget=at_least_of(0.6, "bare Celery"),
    ),
    Figure(name="  memory of it", unit="MB", values=[0.25]),
)
_REPORT = Report(
    _FIGURES,
    _MACHINE,
    Moment("2026-11-22T06:00:00+00:00", 0.4),
    Moment("2026-11-22T06:03:00+00:00", 2.5),
    is_quick=True,
)


def test_the_table_shows_median_extremes_floor_ratio_and_verdict() -> None:
    line = as_table(_REPORT).splitlines()[1]
    cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
    assert cells == [
        "throughput",
        "90.5 /s",
        "80 … 100",
        "200 /s bare Celery",
        "0.48",
        "≥ 0.60 of bare Celery",
        "missed",
    ]


def test_a_single_value_has_no_extremes_and_small_ones_keep_their_digits() -> None:
    line = as_table(_REPORT).splitlines()[2]
    assert [cell.strip() for cell in line.split("  ") if cell.strip()] == ["memory of it", "0.25 MB"]


def test_the_table_says_what_the_figures_depend_on() -> None:
    text = as_table(_REPORT)
    assert "2 cores (Fast 3000)" in text
    assert "Attune 0.1.0, Python 3.11.7" in text
    assert "load 0.4 before, 2.5 after; --quick" in text


def test_json_holds_every_round_beside_its_floor() -> None:
    document = json.loads(as_json(_REPORT))
    assert document["machine"]["versions"] == {"Attune": "0.1.0", "Python": "3.11.7"}
    assert document["before"] == {"at": "2026-11-22T06:00:00+00:00", "load_1_min": 0.4}
    assert document["after"]["load_1_min"] == 2.5
    assert document["is_quick"] is True
    first, second = document["figures"]
    assert first == {
        "name": "throughput",
        "unit": "/s",
        "value": 90.5,
        "least": 80,
        "most": 100,
        "rounds": [80, 100, 90.5],
        "floor_name": "bare Celery",
        "floor": 200,
        "floor_rounds": [200, 210, 190],
        "ratio": 100 / 210,
        "budget": "≥ 0.60 of bare Celery",
        "verdict": "missed",
    }
    assert second["name"] == "memory of it"
    assert (second["floor"], second["ratio"], second["budget"], second["verdict"]) == (None, None, None, None)


def test_this_machine_tells_the_versions_of_all_that_is_measured() -> None:
    machine = this_machine()
    assert list(machine.versions) == ["Attune", "Python", "PostgreSQL", "Valkey", "Celery", "Django"]
    assert all(version[0].isdigit() for version in machine.versions.values())
    assert machine.cores >= 1
    assert machine.memory_mb > 100
