"""Tokens of what runs, for actions that ask for one (`api:`): they may at most what who asked for the execution may,
and are gone when the attempt is over."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from apps.accounts.models import ExecutionLimits, Identity
from apps.accounts.services.tokens import end_execution_tokens, issue_execution_token, keep_limits, sweep_tokens
from apps.actions.definition import Definition
from apps.core.errors import Forbidden
from apps.executions.models import Execution
from apps.executions.states import TERMINAL
from apps.executions.transitions import Claimed

if TYPE_CHECKING:
    from apps.executions.transitions import Ticket

#: After the time limit there is TERM, the grace before KILL, and the writing of the end.
_GRACE = timedelta(seconds=60)


class NobodyAsked(Forbidden):
    """Who asked for this is gone or switched off, so it gets no token and does not run."""

    code = "requester_gone"


def api_token_for(claimed: Claimed, definition: Definition) -> str:
    """The text of a new token; empty for an action that asks for none. Raises `NobodyAsked`."""
    if not definition.api:
        return ""
    with transaction.atomic():
        # Locked: an attempt that is called lost meanwhile gets none behind its end.
        mine = Execution.objects.select_for_update(no_key=True).filter(pk=claimed.id, token=claimed.token)
        requester = mine.values_list("requested_by", flat=True).first()
        identity = Identity.objects.filter(is_active=True, pk=requester or 0).first()
        if identity is None:
            raise NobodyAsked
        return issue_execution_token(
            identity, execution_id=claimed.id, attempt=claimed.attempt, grants=definition.api,
            lifetime=timedelta(seconds=claimed.timeout_s) + _GRACE,
        )  # fmt: skip


def end_api_tokens(execution_id: int, definition: Definition, *, attempt: int) -> None:
    if definition.api:
        end_execution_tokens(execution_id, attempt=attempt)


def bind_to_token(identity: Identity, requested: "Iterable[tuple[Definition, Ticket]]") -> None:
    """Inside the request: what is asked for with a limited token gets none that may do more."""
    keep_limits(identity, [ticket.id for definition, ticket in requested if definition.api])


def sweep_api_tokens() -> None:
    """What was kept for executions that are over."""
    sweep_tokens()
    over = Execution.objects.filter(pk__in=ExecutionLimits.objects.values("pk"), status__in=TERMINAL)
    ExecutionLimits.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:500])).delete()
