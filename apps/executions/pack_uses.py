"""Executions that are not at their end: they keep their version of a pack, and are told before it is removed."""

from collections.abc import Iterator

from apps.executions.models import Execution
from apps.packs.uses import MOST_TOLD, Use


def uses_by_executions(pack_ref: str, action_ref: str | None) -> Iterator[Use]:
    rows = Execution.objects.live().filter(pack_ref=pack_ref).order_by("pk")
    if action_ref is not None:
        rows = rows.filter(action_ref=action_ref)
    for execution_id, ref, status in rows.values_list("pk", "action_ref", "status")[: MOST_TOLD + 1]:
        yield Use("execution", str(execution_id), f"of {ref} is {status}")


def held_digests(pack_ref: str) -> set[str]:
    rows = Execution.objects.live().filter(pack_ref=pack_ref).order_by()
    return set(rows.values_list("pack_digest", flat=True).distinct())
