"""Makes, changes and retires policies; a limit is in force at once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.accounts.permissions import Verb, require
from apps.accounts.rights import rights_of
from apps.actions.definition import parsed
from apps.actions.models import Action
from apps.core.errors import Conflict, FieldError, Invalid, NotFound
from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.afterwards import afterwards
from apps.executions.models import Gate, Policy
from apps.executions.policies.rules import completed, declared_by, mistakes, said_by
from apps.packs.models import Pack

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Gates told of a new limit in one call.
_BATCH = 500


class UnknownPolicy(NotFound):
    """There is no such policy."""

    code = "unknown_policy"


class PolicyOfFile(Conflict):
    """This policy comes from a file of a pack; only its limit can be overridden."""

    code = "policy_of_file"


def get_policy(identity: "Identity", policy_id: int, *, to: Verb = Verb.POLICY_VIEW) -> Policy:
    """One that `identity` may see, and do `to` with. Raises `UnknownPolicy`, `Forbidden`."""
    policy = Policy.objects.visible_to(identity).in_force().filter(pk=policy_id).first()
    if policy is None:
        raise UnknownPolicy(f"There is no policy {policy_id}.")
    if not rights_of(identity).everywhere(to):
        require(identity, to, on=policy)
    return policy


def require_policy(identity: "Identity", *, scope: str, subject: str) -> None:
    """Raises `Forbidden` when `identity` may not make rules there."""
    if not rights_of(identity).everywhere(Verb.POLICY_MANAGE):
        require(identity, Verb.POLICY_MANAGE, on=Policy.place_of(scope, subject))


def create_policy(
    *, name: str, scope: str, subject: str = "", kind: str = Policy.Kind.CONCURRENCY, **said: Any
) -> Policy:
    """A policy of the operator. Raises `Invalid` for all that contradicts something, `Conflict` for a taken name."""
    _check(kind, scope=scope, subject=subject, said=said)
    row = Policy(name=name, kind=kind, scope=scope, subject=subject, source=Policy.Source.OPERATOR, **completed(said))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        taken = FieldError("/name", "taken", f"There is a policy called {name!r}.")
        raise Conflict(f"There is a policy called {name!r}.", errors=[taken]) from error
    return row


def set_limit(policy: Policy, limit: int | None) -> Policy:
    """Moves the limit of a policy now; 0 pauses. None gives the word back to the file it comes from."""
    return update_policy(policy, {"limit": limit})


def update_policy(policy: Policy, changes: JsonObject) -> Policy:
    """Changes a policy, in force at once. Of one of a file only the limit can be changed: `PolicyOfFile`.

    Raises `Invalid` for all that contradicts something.
    """
    if policy.source != Policy.Source.OPERATOR:
        if set(changes) - {"limit"}:
            raise PolicyOfFile
        limit = changes.get("limit")
        _check(policy.kind, said={**said_by(policy), "limit": policy.limit if limit is None else limit})
        changes = {"limit_override": limit} if "limit" in changes else {}
    else:
        _check(
            policy.kind, scope=policy.scope, subject=policy.subject, said={**said_by(policy), **changes}, own=policy.pk
        )
    if changes:
        _change(policy, completed(changes))
    return policy


def remove_policy(policy: Policy) -> None:
    """Lets everybody through from now on; the row goes when the last execution has forgotten it."""
    if policy.source != Policy.Source.OPERATOR:
        raise PolicyOfFile
    _change(policy, {"is_removed": True})


def tell_lines(policy: Policy) -> None:
    """The limit in force, to the lines. What is not heard now is sent again by the sweep."""
    if not policy.has_gates:
        return
    limits = [lines.limit_of(policy)]

    def tell() -> None:
        gates = list(Gate.objects.filter(policy=policy).order_by("-used_at").values_list("id", flat=True))
        for start in range(0, max(len(gates), 1), _BATCH):
            lines.set_limits(limits, gates=gates[start : start + _BATCH])

    afterwards(tell, what=f"send the new limit of {policy.name}")


def _change(policy: Policy, values: JsonObject) -> None:
    with transaction.atomic(durable=True):
        Policy.objects.filter(pk=policy.pk).update(**values, limit_version=F("limit_version") + 1, updated_at=Now())
    policy.refresh_from_db()
    tell_lines(policy)


def _check(kind: str, *, said: JsonObject, scope: str = "", subject: str = "", own: int | None = None) -> None:
    """`scope` and `subject` are given where the policy is the operator's."""
    errors = _misplaced(kind, scope, subject, own=own) if scope else []
    errors += mistakes(kind, said, parameters=_parameters_of(scope, subject) if not errors else None)
    if errors:
        raise Invalid("The policy contradicts itself, or what there is.", errors=errors)


def _misplaced(kind: str, scope: str, subject: str, *, own: int | None) -> list[FieldError]:
    if (scope == Policy.Scope.SYSTEM) != (subject == ""):
        text = "a policy of the whole system has no subject; any other names its action or pack"
        return [FieldError("/subject", "contradiction", text)]
    # What it names may have gone since it was made.
    is_new = own is None
    if is_new and scope == Policy.Scope.ACTION and not Action.objects.filter(ref=subject).exists():
        return [FieldError("/subject", "unknown_action", f"there is no action {subject}")]
    if is_new and scope == Policy.Scope.PACK and not Pack.objects.installed().filter(ref=subject).exists():
        return [FieldError("/subject", "unknown_pack", f"there is no pack {subject}")]
    if is_new and kind == Policy.Kind.RETRY:
        others = Policy.objects.in_force().filter(kind=kind, source=Policy.Source.OPERATOR)
        if twin := others.filter(scope=scope, subject=subject).first():
            text = f"the policy {twin.name} says how that is tried again; change it, or remove it first"
            return [FieldError("/subject", "contradiction", text)]
    return []


def _parameters_of(scope: str, subject: str) -> Mapping[str, JsonObject] | None:
    """What a key may name: the parameters of the action, or of all actions of the pack; None where it is not known."""
    actions = Action.objects.select_related("definition")
    if scope == Policy.Scope.ACTION:
        actions = actions.filter(ref=subject)
    elif scope == Policy.Scope.PACK:
        actions = actions.filter(pack__ref=subject)
    else:
        return None
    found = [parsed(action.definition.digest, action.definition.body).parameters for action in actions]
    return declared_by(found) if found else None
