"""From evidence to violations of the promise. Pure.

Where the evidence leaves a doubt, Attune has it: a violation told here happened.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chaos.evidence import Accepted, Evidence, Row, Step
from chaos.notes import Note
from chaos.plan import Expected

#: After so many losses an execution may end `abandoned`.
MAX_LOSSES = 3
TERMINAL = frozenset({"succeeded", "failed", "timeout", "canceled", "abandoned"})


class Rule(StrEnum):
    """What can be violated."""

    LOST = "lost"
    INVENTED = "invented"
    NOT_ENDED = "not ended"
    STARTED_TWICE = "started twice"
    OVERLAP = "overlap"
    OVERTAKEN = "overtaken"
    STARTED_AFTER_CANCEL = "started after cancel"
    WRONG_END = "wrong end"
    STALLED = "stalled"
    BAD_ANSWER = "bad answer"
    PROCESS_LEFT = "process left"
    SLOT_LEFT = "slot left"
    GROWN = "grown"
    EVENT_LOST = "event lost"
    EVENT_TWICE = "event twice"


@dataclass(frozen=True)
class Violation:
    rule: Rule
    text: str


def check(evidence: Evidence) -> list[Violation]:
    """Everything but limits and lines, which are `order.check_limits`."""
    return [
        violation
        for part in (_accounts, _events, _starts, _ends, _cancels, _answers)
        for violation in part(evidence)
    ]  # fmt: skip


def _accounts(evidence: Evidence) -> Iterator[Violation]:
    """None lost, none invented, all ended."""
    accepted, rows = {item.execution for item in evidence.accepted}, {row.execution for row in evidence.rows}
    noted = {note.execution for note in evidence.notes}
    for execution in sorted(accepted - rows):
        yield Violation(Rule.LOST, f"{execution} was accepted and is not there")
    for execution in sorted(rows - accepted):
        yield Violation(Rule.INVENTED, f"{execution} is there and nobody asked for it")
    for execution in sorted(noted - rows):
        yield Violation(Rule.INVENTED, f"{execution} ran and is not there")
    twice = Counter(item.execution for item in evidence.accepted)
    for execution, count in twice.items():
        if count > 1:
            yield Violation(Rule.LOST, f"{execution} was the answer to {count} different requests")
    for row in evidence.rows:
        if row.status not in TERMINAL:
            yield Violation(Rule.NOT_ENDED, f"{row.execution} ({row.action}) is {row.status}")


def _events(evidence: Evidence) -> Iterator[Violation]:
    """Each met its rule once, and started one execution."""
    for event, count in Counter(item.event for item in evidence.told).items():
        if count > 1:
            yield Violation(Rule.EVENT_LOST, f"event {event} was the answer to {count} different requests")
    for item in evidence.told:
        if len(item.executions) > 1:
            yield Violation(Rule.EVENT_TWICE, f"event {item.event} has {len(item.executions)} enforcements")
        elif item.accepted is None:
            yield Violation(Rule.EVENT_LOST, f"event {item.event} was accepted and started nothing")


def _starts(evidence: Evidence) -> Iterator[Violation]:
    attempts = {row.execution: row.attempt for row in evidence.rows}
    starts = Counter((note.execution, note.attempt) for note in evidence.notes if note.what == "start")
    for (execution, attempt), count in sorted(starts.items()):
        if count > 1:
            yield Violation(Rule.STARTED_TWICE, f"attempt {attempt} of {execution} started {count} times")
        if attempt > attempts.get(execution, attempt):
            text = f"attempt {attempt} of {execution} started; it has only {attempts[execution]}"
            yield Violation(Rule.INVENTED, text)


def _ends(evidence: Evidence) -> Iterator[Violation]:
    """The status says what the processes wrote, and is what was asked for."""
    accepted = {item.execution: item for item in evidence.accepted}
    noted = notes_by_attempt(evidence.notes)
    for row in evidence.rows:
        item = accepted.get(row.execution)
        if item is None or row.status not in TERMINAL:
            continue
        wrote = {note.what for note in noted.get((row.execution, row.attempt), ())}
        if reason := _contradiction(row, wrote) or _surprise(row, item, evidence):
            yield Violation(Rule.WRONG_END, f"{row.execution} ({row.action}) is {row.status}, but {reason}")


def _contradiction(row: Row, wrote: Collection[str]) -> str:
    has_started, has_ended = "start" in wrote, "end" in wrote
    if row.status == "succeeded" and not (has_started and has_ended):
        return f"attempt {row.attempt} did not run to its end"
    if row.status == "failed" and not has_ended:
        return f"attempt {row.attempt} did not fail by itself: {row.error}"
    if row.status == "timeout" and (not has_started or has_ended):
        return f"attempt {row.attempt} " + ("ended by itself" if has_ended else "never began")
    return ""


def _surprise(row: Row, item: Accepted, evidence: Evidence) -> str:
    kind = item.order.kind
    if row.status == kind.expected:
        if kind.expected is Expected.FAILED and row.retries != 2:
            return f"it was tried again {row.retries} times instead of 2"
        return ""
    if row.status == "canceled" and item.order.cancel_after_s is not None:
        return "" if row.execution in evidence.canceled else "its cancel was never answered with 202"
    if row.status == "abandoned" and (row.losses >= MAX_LOSSES or not kind.goes_back):
        return ""
    return f"was to end {kind.expected} ({row.losses} losses, {row.error or 'no error'})"


def _cancels(evidence: Evidence) -> Iterator[Violation]:
    """Canceled while waiting: that attempt never starts."""
    started = {(note.execution, note.attempt) for note in evidence.notes if note.what == "start"}
    for row in evidence.rows:
        if row.status != "canceled" or (row.execution, row.attempt) not in started:
            continue
        if not _ran(evidence.histories.get(row.execution, ()), row.attempt):
            yield Violation(
                Rule.STARTED_AFTER_CANCEL,
                f"{row.execution} was canceled while it waited, and attempt {row.attempt} ran",
            )


def _ran(history: Sequence[Step], attempt: int) -> bool:
    return any(step.attempt == attempt and step.status in ("running", "canceling") for step in history)


def _answers(evidence: Evidence) -> Iterator[Violation]:
    for answer in evidence.bad_answers:
        yield Violation(Rule.BAD_ANSWER, f"{answer.status} {answer.text}")


def notes_by_attempt(notes: Sequence[Note]) -> Mapping[tuple[int, int], Sequence[Note]]:
    found = defaultdict[tuple[int, int], list[Note]](list)
    for note in notes:
        found[note.execution, note.attempt].append(note)
    return found
