"""An action's own `concurrency:` as a policy row, which keeps its id over reloads of the pack."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.actions.definition import ConcurrencyRule, parsed
from apps.actions.models import Action
from apps.executions.models import Policy

if TYPE_CHECKING:
    from apps.packs.models import PackVersion


@transaction.atomic
def follow(version: "PackVersion") -> None:
    """Called in the transaction that made `version` current: adds, changes and retires the policies of its actions."""
    actions = Action.objects.filter(pack=version.pack, definition__body__concurrency__limit__isnull=False)
    rules = {
        action.ref: rule
        for action in actions.select_related("definition")
        if (rule := parsed(action.definition.digest, action.definition.body).concurrency) is not None
    }
    own = Policy.objects.filter(source=Policy.Source.ACTION)
    # Locked: one that was removed and comes back must not be collected meanwhile.
    existing = {policy.subject: policy for policy in own.filter(subject__in=rules).select_for_update(no_key=True)}
    for ref, rule in rules.items():
        _write(ref, rule, existing.get(ref), pack_ref=version.pack.ref)
    gone = own.in_force().filter(pack_ref=version.pack.ref).exclude(subject__in=rules)
    gone.update(is_removed=True, limit_version=F("limit_version") + 1, updated_at=Now())


def _write(ref: str, rule: ConcurrencyRule, existing: Policy | None, *, pack_ref: str) -> None:
    values = {
        "limit": rule.limit,
        "key": rule.key,
        "when_full": rule.when_full,
        "max_waiting": rule.max_waiting,
        "expires_s": rule.expires_s,
        "is_removed": False,
        "pack_ref": pack_ref,
    }
    if existing is None:
        Policy.objects.create(name=ref, scope=Policy.Scope.ACTION, subject=ref, source=Policy.Source.ACTION, **values)
    elif any(getattr(existing, name) != value for name, value in values.items()):
        Policy.objects.filter(pk=existing.pk).update(**values, limit_version=F("limit_version") + 1, updated_at=Now())
