"""Waits for an execution: a line on stderr says how it stands, and Ctrl-C leaves it alone."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apps.cli import clock
from apps.cli.errors import Failed, Unreachable
from apps.cli.executions.attempts import attempt_text
from apps.cli.executions.states import TERMINAL, WAITING
from apps.cli.output.cells import duration_text
from apps.cli.output.printer import Printer
from apps.cli.output.status_line import StatusLine, bar

if TYPE_CHECKING:
    from apps.cli.api import Api

#: Seconds between two looks: short at first, since most runs are short.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 0.1, 1.0, 1.3
#: Seconds for which an Attune that does not answer is asked again: time for a restart.
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Deadline:
    """How long to wait at the longest; None is for ever."""

    timeout_s: float | None
    begun_at: float

    @classmethod
    def after(cls, timeout_s: float | None) -> "Deadline":
        return cls(timeout_s, time.monotonic())

    @property
    def left_s(self) -> float:
        return float("inf") if self.timeout_s is None else self.begun_at + self.timeout_s - time.monotonic()

    def check(self, execution_id: int) -> None:
        """Raises `Failed` when the time is over. The execution goes on."""
        if self.left_s <= 0:
            text = f"Execution {execution_id} has not ended within {duration_text(self.timeout_s or 0)}; it goes on."
            raise Failed("wait_timeout", text, hints=how_to_look(execution_id))


def wait_until(
    is_reached: Callable[[str], bool], execution: Mapping[str, Any], *, api: "Api", printer: Printer, deadline: Deadline
) -> dict[str, Any]:
    """The execution once its status is one that `is_reached`.

    An Attune that does not answer is asked again for a minute. Raises `Failed` at the deadline, `Unreachable`.
    """
    pauses, longest = _pauses(), 0
    with printer.status_line() as line:
        while not is_reached(execution["status"]):
            deadline.check(execution["id"])
            longest = max(longest, _position(execution))
            _show(line, execution, longest=longest)
            time.sleep(max(0.0, min(next(pauses), deadline.left_s)))
            execution = _look(api, execution["id"], line)
    return dict(execution)


def is_terminal(status: str) -> bool:
    return status in TERMINAL


def has_started(status: str) -> bool:
    """Also one that ended without a start."""
    return status not in WAITING


@contextmanager
def leaving_alone(execution_id: int, printer: Printer) -> Iterator[None]:
    """Ctrl-C ends the looking and not the execution; it is said how to look again."""
    try:
        yield
    except KeyboardInterrupt:
        printer.say(f"execution {execution_id} goes on")
        for hint in how_to_look(execution_id):
            printer.say(f"  {hint}")
        raise


def how_to_look(execution_id: int) -> list[str]:
    return [
        f"to look again: attune execution watch {execution_id}",
        f"to end it:     attune execution cancel {execution_id}",
    ]


def describe_standing(execution: Mapping[str, Any]) -> str:
    """`execution 17 requested: position 3 at examples.deploy, where 1 of 1 run, about 20.0s`"""
    text = f"execution {execution['id']} {execution['status']}"
    if execution["attempt"] > 1:
        text += f", attempt {attempt_text(execution)}"
    reason = execution["reason"] or {}
    if reason.get("text"):
        text += f": {reason['text']}"
    if reason.get("estimate_s"):
        text += f", about {duration_text(reason['estimate_s'])}"
    return text


def _show(line: StatusLine, execution: Mapping[str, Any], *, longest: int) -> None:
    """With a bar while it stands in a line of which `longest` is the farthest place that was seen."""
    standing, position = describe_standing(execution), _position(execution)
    done = f"{bar(100 * (longest - position) // longest)}  " if position and longest > 1 else ""
    line.show(f"{done}{standing}  {_elapsed(execution)}", milestone=standing)


def _position(execution: Mapping[str, Any]) -> int:
    """Its place in line; 0 where it stands in none."""
    return int((execution["reason"] or {}).get("position") or 0)


def _elapsed(execution: Mapping[str, Any]) -> str:
    """Since its start, or else its request, by this machine's clock, which may go a little wrong; never negative."""
    since, limit = execution["started_at"], execution["timeout_s"]
    passed = (clock.now() - datetime.fromisoformat(since or execution["created_at"])).total_seconds()
    text = duration_text(max(0.0, passed))
    return f"{text} of at most {duration_text(limit)}" if since and limit else text


def _look(api: "Api", execution_id: int, line: StatusLine) -> dict[str, Any]:
    give_up_at = time.monotonic() + _PATIENCE_S
    while True:
        try:
            found: dict[str, Any] = api.get("executions", execution_id)
            return found
        except Unreachable:
            if time.monotonic() > give_up_at:
                raise
            text = "Attune does not answer; asking again"
            line.show(text, milestone=text)
            time.sleep(_LONGEST_PAUSE_S)


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)
