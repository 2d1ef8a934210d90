"""Every row of operators.yaml, in its dialects; and the table is complete."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import yaml

from apps.rules.criteria import OPERATORS, Dialect, InvalidCriteria, compile_criteria

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TABLE = yaml.safe_load(Path(__file__).with_name("operators.yaml").read_text())


class Row(NamedTuple):
    operator: Any
    value: Any
    pattern: Any
    condition: Any
    expected: bool | str
    note: str


ROWS = [
    pytest.param(dialect, Row(*row), id=f"{dialect}-{row[0]}-{row[-1]}")
    for dialect in get_args(Dialect)
    for row in [*TABLE["both"], *TABLE[dialect]]
]


def _answer(row: Row, dialect: Dialect) -> bool | str:
    payload = {"there": "is something"} if row.value == "<missing>" else {"v": row.value}
    criterion = {"type": row.operator, "pattern": row.pattern}
    if row.condition is not None:
        criterion["condition"] = row.condition
    try:
        compiled = compile_criteria({"trigger.v": criterion}, dialect=dialect)
    except InvalidCriteria:
        return "refused"
    outcome = compiled.evaluate(payload, now=NOW)
    assert outcome.matched == (outcome.failed is None)
    return "error" if outcome.failed is not None and outcome.failed.is_error else outcome.matched


@pytest.mark.parametrize(("dialect", "row"), ROWS)
def test_it_says_what_the_table_says(dialect: Dialect, row: Row) -> None:
    assert _answer(row, dialect) == row.expected, row.note


def test_the_table_has_every_operator_with_every_kind_of_answer() -> None:
    assert sum(len(rows) for rows in TABLE.values()) >= 250
    asked = {(row[0], row[4]) for rows in TABLE.values() for row in rows}
    assert {name for name, _ in asked} >= OPERATORS.keys()
    for name in OPERATORS:
        assert {(name, True), (name, False)} & asked, name


def test_there_are_the_33_operators_of_stackstorm() -> None:
    names = """matchwildcard matchregex regex iregex eq equals neq nequals ieq iequals contains icontains ncontains
    incontains startswith istartswith endswith iendswith lt lessthan gt greaterthan td_lt timediff_lt td_gt timediff_gt
    exists nexists in inside nin ninside search"""
    assert OPERATORS.keys() == set(names.split())
    assert len(OPERATORS) == 33
