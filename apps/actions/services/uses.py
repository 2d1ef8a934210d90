"""Actions of other packs that are started in a runtime of a pack: told before they lose it."""

from collections.abc import Iterator

from apps.actions.models import Action
from apps.packs.uses import MOST_TOLD, Use
from apps.runtimes.models import Runtime


def uses_by_actions(pack_ref: str, action_ref: str | None) -> Iterator[Use]:
    runtimes = list(Runtime.objects.filter(pack_ref=pack_ref).values_list("name", flat=True)) if not action_ref else []
    rows = Action.objects.filter(runtime__in=runtimes).exclude(pack__ref=pack_ref).order_by("ref")
    for ref, runtime in rows.values_list("ref", "runtime")[: MOST_TOLD + 1]:
        yield Use("action", ref, f"is started in its runtime {runtime}", runtime)
