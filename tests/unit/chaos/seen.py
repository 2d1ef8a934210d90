"""Makes evidence by hand: moments are seconds, short to write and to read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from chaos.evidence import Accepted, Evidence, Row
from chaos.notes import Note
from chaos.plan import Order


def us(seconds: float) -> int:
    return round(seconds * 1e6)


def accepted(
    execution: int, action: str, *, at: float, key: str = "k0", asked: float | None = None, cancel: bool = False
) -> Accepted:
    order = Order(execution, at, action, key, 0.0, 0, 0, cancel_after_s=0.0 if cancel else None)
    return Accepted(execution, order, us(at - 0.01 if asked is None else asked), us(at))


def row(execution: int, action: str, status: str = "succeeded", *, ended: float | None = None, **more: object) -> Row:
    made = Row(execution, f"chaos.{action}", status, 1, 0, 0, "", 0, None if ended is None else us(ended))
    return replace(made, **more)  # type: ignore[arg-type]  # fields of Row


def note(
    execution: int, what: Literal["start", "end", "gone"], at: float, *, attempt: int = 1, pid: int | None = None
) -> Note:
    return Note(execution, attempt, 1000 + execution if pid is None else pid, what, us(at))


def ran(execution: int, start: float, end: float, *, attempt: int = 1) -> list[Note]:
    return [note(execution, "start", start, attempt=attempt), note(execution, "end", end, attempt=attempt)]


def good_run(action: str, spans: Sequence[tuple[float, float]]) -> Evidence:
    """Accepted one after the other in the first second, run as `spans` say, all succeeded."""
    numbers = range(1, len(spans) + 1)
    return Evidence(
        accepted=[accepted(number, action, at=number * 0.1) for number in numbers],
        rows=[row(number, action, ended=spans[number - 1][1] + 0.01) for number in numbers],
        notes=[item for number in numbers for item in ran(number, *spans[number - 1])],
    )
