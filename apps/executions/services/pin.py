"""Keeps an execution whatever its age, and lets it go again."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.permissions import Verb, require
from apps.executions.models import Execution, Pin
from apps.executions.services.cancel import UnknownExecution

if TYPE_CHECKING:
    from apps.accounts.models import Identity


@transaction.atomic(durable=True)
def pin_execution(identity: "Identity", execution_id: int, *, reason: str) -> None:
    """From now on nothing of it is removed by age. Pinning again replaces who, when and why.

    Raises `Forbidden`, `UnknownExecution`, also for one that is being removed.
    """
    _lock(identity, execution_id)
    given = {"reason": reason, "pinned_by": identity, "pinned_at": Now()}
    Pin.objects.update_or_create(execution_id=execution_id, defaults=given)


@transaction.atomic(durable=True)
def unpin_execution(identity: "Identity", execution_id: int) -> None:
    """What is past its time goes in the next round. No error for one that is not pinned. Raises `UnknownExecution`."""
    _lock(identity, execution_id)
    Pin.objects.filter(execution_id=execution_id).delete()


def _lock(identity: "Identity", execution_id: int) -> None:
    """Waits for whoever removes it at this moment."""
    rows = Execution.objects.visible_to(identity).select_for_update(no_key=True)
    execution = rows.only("pack_ref", "action_ref", "requested_by").filter(pk=execution_id).first()
    if execution is None:
        raise UnknownExecution(f"There is no execution {execution_id}.")
    require(identity, Verb.EXECUTION_PIN, on=execution)
