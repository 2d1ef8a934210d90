"""Which policies hold for an action, and what they come to together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from apps.actions.definition import RetryRule
from apps.core.fixed_query import FixedQuery
from apps.executions.models import Policy

#: Narrowest first.
_SCOPES = {Policy.Scope.ACTION: 0, Policy.Scope.PACK: 1, Policy.Scope.SYSTEM: 2}


_IN_FORCE = FixedQuery(
    lambda action, pack: (
        Policy.objects.in_force()
        .filter(
            Q(scope=Policy.Scope.ACTION, subject=action)
            | Q(scope=Policy.Scope.PACK, subject=pack)
            | Q(scope=Policy.Scope.SYSTEM)
        )
        .order_by()
    ),
    action="text",
    pack="text",
)


@dataclass(frozen=True)
class Applicable:
    """`gates` in the order in which they are passed; `timeout_s` and `retry` where some policy says something."""

    gates: Sequence[Policy] = ()
    timeout_s: float | None = None
    retry: RetryRule | None = None


def policies_for(action_ref: str, pack_ref: str) -> Applicable:
    """What is in force for an action now. One query."""
    return together(_IN_FORCE(action=action_ref, pack=pack_ref))


def together(policies: Iterable[Policy]) -> Applicable:
    """Limits add up, the least timeout holds, and the most specific retry."""
    given = list(policies)
    timeouts = [policy.timeout_s for policy in given if policy.timeout_s is not None]
    retries = [policy.retry for policy in sorted(given, key=_specificity) if policy.retry is not None]
    return Applicable(
        gates=sorted((policy for policy in given if policy.has_gates), key=_way),
        timeout_s=min(timeouts, default=None),
        retry=RetryRule.from_json(retries[0]) if retries else None,
    )


def _way(policy: Policy) -> tuple[bool, int, bool, int]:
    """The order of gates is the same for everybody, so holding the inner slots while waiting cannot lock up."""
    return policy.key is None, _SCOPES[Policy.Scope(policy.scope)], policy.is_rate, policy.pk


def _specificity(policy: Policy) -> tuple[int, bool, int]:
    """An operator's word counts more than a file's, of two such the newer."""
    return _SCOPES[Policy.Scope(policy.scope)], policy.source != Policy.Source.OPERATOR, -policy.pk
