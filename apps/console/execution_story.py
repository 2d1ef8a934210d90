"""An execution's history as a reader wants it: every state with its reason, and how long it lasted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.executions.models import History


@dataclass(frozen=True)
class Step:
    """`lasted_s` is None for the state it is in now."""

    status: str
    attempt: int
    is_first_of_attempt: bool
    at: datetime
    lasted_s: float | None
    worker: str
    text: str
    code: str


def story_of(rows: Sequence[History]) -> list[Step]:
    """`rows` with their workers, oldest first; the steps as well."""
    steps = []
    for index, row in enumerate(rows):
        following = rows[index + 1] if index + 1 < len(rows) else None
        reason = row.reason or {}
        steps.append(
            Step(
                status=row.status,
                attempt=row.attempt,
                is_first_of_attempt=index > 0 and rows[index - 1].attempt != row.attempt,
                at=row.at,
                lasted_s=(following.at - row.at).total_seconds() if following else None,
                worker=row.worker.name if row.worker else "",
                text=str(reason.get("text", "")),
                code=str(reason.get("code", "")),
            )
        )
    return steps
