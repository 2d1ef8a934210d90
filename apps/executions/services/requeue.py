"""Sends work that was cut off back to its old place in line, as the next attempt."""

from typing import Any, Protocol

from django.utils import timezone

from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.afterwards import afterwards
from apps.executions.models import Execution
from apps.executions.policies.loss import CutOff
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.slots.rebuild import rebuild_here
from apps.executions.states import Status
from apps.executions.transitions import transition


class Run(Protocol):
    """The attempt that was cut off: a row, or what a worker claimed. `token` fences: who was called lost meanwhile
    sends nothing back."""

    @property
    def id(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def token(self) -> int | None: ...
    @property
    def losses(self) -> int: ...
    @property
    def gate_id(self) -> int | None: ...


def requeue(run: Run, cut_off: CutOff, *, reason: JsonObject, facts: JsonObject | None = None) -> None:
    """`running -> requested` with the next attempt. Raises `StaleTransition` when the attempt is over, or somebody
    wants it canceled.

    One that waited at a gate keeps its number, so it stands before everybody who came later; its slot goes over in the
    same call that puts it back. One without a gate is due at once.
    """
    changes: dict[str, Any] = {
        "attempt": run.attempt + 1,
        "losses": run.losses + (cut_off is CutOff.LOST),
        "token": None,
        "worker_id": None,
        "reason": reason,
        "expires_at": None,  # it has waited in line once, and was let in
    }
    if run.gate_id is None:
        changes["not_before"] = timezone.now()
    transition(
        run.id, Status.REQUESTED, expected={Status.RUNNING}, attempt=run.attempt, token=run.token,
        changes=changes, reason=reason, facts=facts,
    )  # fmt: skip
    if run.gate_id is not None:
        _give_back(run)


def _give_back(run: Run) -> None:
    """Out of the slots its last attempt holds and into its place, in one call."""
    waiting = Execution.objects.filter(
        pk=run.id, attempt=run.attempt + 1, status=Status.REQUESTED, number__isnull=False
    )

    def enter() -> None:
        entries = lines.entries_of(waiting)
        try:
            lines.enter(entries, limits=lines.limits_of(entries))
        except StaleEpoch:
            rebuild_here()

    afterwards(enter, what="put it back to its place", execution_id=run.id)
