"""Makes, changes and retires policies; a limit is in force at once."""

import logging
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core.errors import Conflict, FieldError, Invalid, NotFound
from apps.core.expressions import TemplateError, compile_template
from apps.core.redis import RedisAway
from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.models import Gate, Policy
from apps.executions.slots.protocol import StaleEpoch

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

#: Gates told of a new limit in one call.
_BATCH = 500


class UnknownPolicy(NotFound):
    """There is no such policy."""

    code = "unknown_policy"


class PolicyOfFile(Conflict):
    """This policy comes from an action's file; only its limit can be overridden."""

    code = "policy_of_file"


def get_policy(identity: "Identity", policy_id: int) -> Policy:
    policy = Policy.objects.visible_to(identity).in_force().filter(pk=policy_id).first()
    if policy is None:
        raise UnknownPolicy(f"There is no policy {policy_id}.")
    return policy


def create_policy(*, name: str, scope: str, subject: str, limit: int, **rest: object) -> Policy:
    """A concurrency policy of the operator. Raises `Invalid` for a contradiction, `Conflict` for a taken name."""
    _check(scope=scope, subject=subject, key=rest.get("key"))
    try:
        with transaction.atomic():
            return Policy.objects.create(
                name=name, scope=scope, subject=subject, source=Policy.Source.OPERATOR, limit=limit, **rest
            )
    except IntegrityError as error:
        raise Conflict(f"There is a policy called {name!r}.") from error


def set_limit(policy: Policy, limit: int | None, **rest: object) -> Policy:
    """Moves the limit of a policy now; 0 pauses. None gives the word back to the action's file.

    `rest` is changed with it, or not at all.
    """
    if policy.source == Policy.Source.ACTION:
        _change(policy, {"limit_override": limit, **rest})
    elif limit is None:
        raise Invalid(errors=[FieldError("/limit", "required", "a policy of the operator needs a limit")])
    else:
        _change(policy, {"limit": limit, **rest})
    return policy


def update_policy(policy: Policy, changes: JsonObject) -> Policy:
    """Changes an operator's policy. Raises `PolicyOfFile` for one of an action's file."""
    if policy.source == Policy.Source.ACTION and set(changes) - {"limit"}:
        raise PolicyOfFile
    _check(scope=policy.scope, subject=policy.subject, key=changes.get("key"))
    rest = {name: value for name, value in changes.items() if name != "limit"}
    if "limit" in changes:
        return set_limit(policy, changes["limit"], **rest)
    if rest:
        _change(policy, rest)
    return policy


def remove_policy(policy: Policy) -> None:
    """Lets everybody through from now on; the row goes when the last execution has forgotten it."""
    if policy.source == Policy.Source.ACTION:
        raise PolicyOfFile
    _change(policy, {"is_removed": True})


def tell_lines(policy: Policy) -> None:
    """The limit in force, to the lines. What is not heard now is sent again by the sweep."""
    limits = [lines.limit_of(policy)]
    gates = list(Gate.objects.filter(policy=policy).order_by("-used_at").values_list("id", flat=True))
    try:
        for start in range(0, max(len(gates), 1), _BATCH):
            lines.set_limits(limits, gates=gates[start : start + _BATCH])
    except (RedisAway, StaleEpoch) as error:
        logger.warning("the new limit of %s is sent by the sweep: %r", policy.name, error)


def _change(policy: Policy, values: JsonObject) -> None:
    with transaction.atomic(durable=True):
        Policy.objects.filter(pk=policy.pk).update(**values, limit_version=F("limit_version") + 1, updated_at=Now())
    policy.refresh_from_db()
    tell_lines(policy)


def _check(*, scope: str, subject: str, key: object) -> None:
    errors = []
    if (scope == Policy.Scope.SYSTEM) != (subject == ""):
        text = "a policy of the whole system has no subject; any other names its action or pack"
        errors.append(FieldError("/subject", "contradiction", text))
    if isinstance(key, str):
        try:
            template = compile_template(key)
            if not template.names:
                errors.append(
                    FieldError("/key", "constant", "the key names no parameter: there would be one line only")
                )
        except TemplateError as error:
            errors.append(FieldError("/key", "bad_template", str(error)))
    if errors:
        raise Invalid("The policy contradicts itself.", errors=errors)
