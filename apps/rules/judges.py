"""The rules of triggers, kept in each process, and read anew when the trigger says that they changed.

The threads of a process share what is kept, and none relies on it between two looks: another may have let go of it, or
have put back what it read before a change.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping

from django.db.models import Q

from apps.rules.evaluation import Judge, compiled
from apps.rules.models import Rule
from apps.triggers.models import Trigger

#: A type and the digest of parameters, as events name their trigger.
TriggerName = tuple[str, str]

_Kept = tuple[int, tuple[Judge, ...]]

#: Triggers whose rules a process keeps; a rule takes a few kilobytes.
_MOST_KEPT = 2_000
#: By trigger: the `rules_version` they are of, and the rules.
_kept: OrderedDict[int, _Kept] = OrderedDict()
_lock = threading.Lock()


def judges_of(triggers: Collection[TriggerName]) -> Mapping[TriggerName, tuple[Judge, ...]]:
    """One query, and one more where rules have changed. Triggers without rules are left out."""
    rows = _triggers(triggers)
    with _lock:
        kept = {pk: entry for pk in rows if (entry := _kept.get(pk))}
    stale = [pk for pk, (_, version) in rows.items() if pk not in kept or kept[pk][0] != version]
    if stale:
        kept |= _read(stale, {pk: rows[pk][1] for pk in stale})
    found = {name: kept[pk][1] for pk, (name, _) in rows.items()}
    _keep(kept)
    return {name: judges for name, judges in found.items() if judges}


def judge_of(rule: Rule) -> Judge:
    return Judge(
        rule_id=rule.pk,
        ref=rule.ref,
        version=rule.version,
        is_enabled=rule.is_active,
        is_backstop=rule.kind == Rule.Kind.BACKSTOP,
        criteria=compiled(rule.criteria, rule.dialect),
    )


def _triggers(names: Collection[TriggerName]) -> dict[int, tuple[TriggerName, int]]:
    refs, digests = {ref for ref, _ in names}, {digest for _, digest in names}
    rows = Trigger.objects.filter(Q(type__ref__in=refs), digest__in=digests)
    found = rows.values_list("pk", "type__ref", "digest", "rules_version")
    return {pk: ((ref, digest), version) for pk, ref, digest, version in found if (ref, digest) in names}


def _read(stale: list[int], versions: Mapping[int, int]) -> dict[int, _Kept]:
    """Rules read after the version may be newer than it; then the next look reads them again."""
    rules: dict[int, list[Judge]] = {pk: [] for pk in stale}
    for rule in Rule.objects.in_force().filter(trigger__in=stale).order_by("ref"):
        rules[rule.trigger_id].append(judge_of(rule))
    return {pk: (versions[pk], tuple(judges)) for pk, judges in rules.items()}


def _keep(used: Mapping[int, _Kept]) -> None:
    with _lock:
        for pk, entry in used.items():
            _kept[pk] = entry
            _kept.move_to_end(pk)
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
