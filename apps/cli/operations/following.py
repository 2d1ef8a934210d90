"""Follows an operation to its end: a bar and its steps on stderr, every error with its file and line."""

import time
from collections.abc import Mapping
from typing import Any

from apps.cli.advice import advice
from apps.cli.details import details_of
from apps.cli.errors import Failed
from apps.cli.output.printer import Printer
from apps.cli.output.status_line import bar
from apps.cli.session import Session

_PAUSE_S = 0.2


def see_operation(session: Session, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The operation when it has ended, well or not. Ctrl-C leaves it alone and says how to look again."""
    try:
        with session.printer.status_line() as line:
            while operation["ended_at"] is None:
                step = _step(operation)
                line.show(f"{bar(operation['progress'])}  {step}", milestone=step)
                time.sleep(_PAUSE_S)
                operation = session.api.get("operations", operation["id"])
    except KeyboardInterrupt:
        hint = f"attune operation show {operation['id']}"
        session.printer.say(f"operation {operation['id']} goes on; to look again: {hint}")
        raise
    return dict(operation)


def tell_steps(printer: Printer, operation: Mapping[str, Any]) -> None:
    """What was done, a line for each step."""
    for step in operation["steps"]:
        printer.say(f"  {_MARKS.get(step['status'], ' ')} {step['name']}")


def failure_of(operation: Mapping[str, Any]) -> Failed:
    """The error of an operation that failed."""
    error = operation["error"] or {}
    code, details = str(error.get("code", "failed")), details_of(error)
    hints = [*advice(code, error), f"what it said: attune operation log {operation['id']}"]
    return Failed(code, str(error.get("detail") or "It failed."), details=details, hints=hints)


_MARKS = {"succeeded": "✓", "failed": "✗"}


def _step(operation: Mapping[str, Any]) -> str:
    running = [step["name"] for step in operation["steps"] if step["status"] == "running"]
    return running[-1] if running else f"operation {operation['id']} {operation['status']}"
