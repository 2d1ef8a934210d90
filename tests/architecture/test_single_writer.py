"""`transitions` is the only writer of an execution's status."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRITER = ROOT / "apps" / "executions" / "transitions.py"
SQL = re.compile(
    r"UPDATE\s+executions_execution\b(?:\s+\w+)?\s+SET\b((?!\bFROM\b|\bWHERE\b).)*?\bstatus\s*="
    r"|INSERT\s+INTO\s+executions_execution\b",
    re.IGNORECASE | re.DOTALL,
)


def sources() -> list[Path]:
    return [path for path in (ROOT / "apps").rglob("*.py") if "migrations" not in path.parts and path != WRITER]


def names_in(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def offences(source: str) -> Iterator[int]:
    """Lines that write the status of an execution."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {keyword.arg for keyword in node.keywords}
            writes = node.func.attr in ("update", "create", "get_or_create", "update_or_create", "bulk_update")
            fields = [arg for arg in node.args if isinstance(arg, ast.List)]
            named = any(
                isinstance(item, ast.Constant) and item.value == "status" for arg in fields for item in arg.elts
            )
            if writes and ("status" in keywords or named) and "Execution" in names_in(node):
                yield node.lineno
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == "status" and "execution" in names_in(target):
                    yield node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield node.lineno


def test_nobody_else_writes_the_status_of_an_execution() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in sources() for line in offences(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "Execution.objects.filter(pk=1).update(status='running')",
        "Execution.objects.create(status='running')",
        "Execution.objects.bulk_update(rows, ['number', 'status'])",
        "execution.status = 'running'",
        "cursor.execute('UPDATE executions_execution SET status = 1')",
        "cursor.execute('INSERT INTO executions_execution (id, status, x) VALUES (1)')",
    ],
)
def test_the_check_sees_a_second_writer(source: str) -> None:
    assert list(offences(source))


@pytest.mark.parametrize(
    "source",
    [
        "Execution.objects.filter(status='running').update(hinted_at=None)",
        "Worker.objects.update(status='lost')",
        "cursor.execute('UPDATE executions_execution SET hints = 1')",
    ],
)
def test_the_check_lets_the_rest_pass(source: str) -> None:
    assert not list(offences(source))
