"""Rules of other packs, or made by hand, that name an action or a trigger of a pack: told before it is removed."""

from collections.abc import Iterator

from django.db.models import Q

from apps.actions.models import Action
from apps.packs.uses import MOST_TOLD, Use
from apps.rules.models import Rule


def uses_by_rules(pack_ref: str, action_ref: str | None) -> Iterator[Use]:
    rows = Rule.objects.in_force().order_by("ref")
    if action_ref is not None:
        rows = rows.filter(action_ref=action_ref)
    else:
        actions = Action.objects.filter(pack__ref=pack_ref).values("ref")
        # One made by hand in the pack may run another pack's action, and would stay without its pack.
        in_it = Q(pack_ref=pack_ref, source=Rule.Source.MADE)
        rows = rows.filter(in_it | Q(action_ref__in=actions) | Q(trigger__type__pack_ref=pack_ref))
        rows = rows.exclude(source=Rule.Source.PACK, pack_ref=pack_ref)
    for ref, action, trigger in rows.values_list("ref", "action_ref", "trigger__type__ref")[: MOST_TOLD + 1]:
        yield Use("rule", ref, f"runs {action} on {trigger}")
