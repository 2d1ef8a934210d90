"""For who waits for what an event leads to."""

from apps.rules.models import Enforcement
from apps.triggers.models import Event


def executions_of(event_id: int) -> list[int] | None:
    """The executions that rules started for it, in their order; None while there may still be more."""
    if Event.objects.filter(pk=event_id, processed_at=None).exists():
        return None
    rows = list(Enforcement.objects.filter(event=event_id).order_by("pk").values_list("status", "execution_id"))
    if any(status == Enforcement.Status.PENDING for status, _ in rows):
        return None
    return [execution_id for _, execution_id in rows if execution_id is not None]
