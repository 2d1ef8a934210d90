"""Follows an execution to its end and tells it: the result to stdout, the rest to stderr, and the exit code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from apps.cli.errors import Detail, ExitCode, Failed
from apps.cli.executions.following import follow_attempt
from apps.cli.executions.log_output import LogOutput
from apps.cli.executions.waiting import Deadline, has_started, is_terminal, leaving_alone, wait_until
from apps.cli.session import Session


@dataclass(frozen=True)
class Watching:
    """`log_to` is where the log goes while it grows, None is nowhere; `shows_result` is for stdout."""

    deadline: Deadline
    log_to: TextIO | None
    shows_result: bool


def see_to_the_end(session: Session, execution: Mapping[str, Any], *, watching: Watching) -> int:
    """Waits for the end and tells it. Returns the exit code of the run; raises `Failed` at the deadline."""
    with leaving_alone(execution["id"], session.printer):
        if watching.log_to is None:
            ended = _wait(session, execution, watching.deadline)
        else:
            ended = _follow(session, execution, watching, watching.log_to)
    return _tell(session, ended, shows_result=watching.shows_result)


def _wait(session: Session, execution: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
    return wait_until(is_terminal, execution, api=session.api, printer=session.printer, deadline=deadline)


def _follow(session: Session, execution: Mapping[str, Any], watching: Watching, log_to: TextIO) -> dict[str, Any]:
    """Attempt by attempt: each waits in line first, and then writes."""
    api, deadline = session.api, watching.deadline
    attempt = execution["attempt"]
    while True:
        execution = wait_until(has_started, execution, api=api, printer=session.printer, deadline=deadline)
        while attempt <= execution["attempt"]:
            _write_attempt(session, execution["id"], attempt, deadline=deadline, log_to=log_to)
            attempt += 1
        execution = api.get("executions", execution["id"])
        if is_terminal(execution["status"]) and attempt > execution["attempt"]:
            return dict(execution)


def _write_attempt(session: Session, execution_id: int, attempt: int, *, deadline: Deadline, log_to: TextIO) -> None:
    with LogOutput(log_to, colours=session.printer.shows_colours(log_to)) as output:
        for piece in follow_attempt(session.api, execution_id, attempt, stream=None, deadline=deadline):
            output.write(piece)


def _tell(session: Session, execution: Mapping[str, Any], *, shows_result: bool) -> int:
    printer = session.printer
    if not printer.is_for_people:
        printer.document(execution)
    elif shows_result and (execution["status"] == "succeeded" or execution["result"] is not None):
        print_result(session, execution["result"])
    if execution["status"] == "succeeded":
        return ExitCode.OK
    printer.complain(_failure(execution))
    return ExitCode.FAILED


def print_result(session: Session, result: Any) -> None:
    if isinstance(result, str):
        session.printer.line(result)
    else:
        session.printer.document(result)


def _failure(execution: Mapping[str, Any]) -> Failed:
    error, reason = execution["error"] or {}, execution["reason"] or {}
    text = f"Execution {execution['id']} of {execution['action']} {_ENDS[execution['status']]}."
    lines = error_lines(execution["exit_code"], error) if error else []
    if reason.get("text"):
        lines.append(reason["text"])
    if execution["signal"]:
        lines.append(f"signal {execution['signal']}")
    hints = [f"its log:      attune execution logs {execution['id']}"]
    hints += [f"once more:    attune execution rerun {execution['id']}"]
    return Failed(execution["status"], text, details=[Detail("", line) for line in lines], hints=hints)


def error_lines(exit_code: int | None, error: Mapping[str, Any]) -> list[str]:
    kind, message = error.get("type"), (error.get("message") or "").rstrip()
    if kind == "exit_code":
        kind = f"exit code {exit_code}"
    first, *others = f"{kind}: {message}".removesuffix(": ").split("\n")
    traceback = (error.get("traceback") or "").rstrip()
    return [first, *others, *(traceback.split("\n") if traceback else [])]


_ENDS = {
    "failed": "failed",
    "timeout": "took longer than it may",
    "canceled": "was canceled",
    "abandoned": "was abandoned",
}
