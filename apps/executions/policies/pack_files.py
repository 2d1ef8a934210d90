"""The content kind `policies/`: rules a pack brings for its own actions. Their rows keep their ids over reloads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.db.models.functions import Now

from apps.actions.definition import Definition
from apps.actions.files import LIMIT, RETRY
from apps.core import refs
from apps.core.types import JsonObject
from apps.executions.models import Policy
from apps.executions.models.policy import LONGEST_WINDOW_S, SHORTEST_WINDOW_S
from apps.executions.policies.rules import FIELDS, completed, declared_by, mistakes
from apps.packs.content import ReadContext
from apps.packs.documents import PackFile, pointer_steps

if TYPE_CHECKING:
    from apps.packs.models import PackVersion

SCHEMA: JsonObject = {
    "type": "object",
    "required": ["name", "kind"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 150, "pattern": refs.NAME.pattern.replace(r"\Z", "$")},
        "kind": {"enum": [kind.value for kind in Policy.Kind]},
        "action": {
            "type": "string",
            "minLength": 1,
            "maxLength": 150,
            "description": "the name of an action of this pack; left out, it holds for all of them",
        },
        **LIMIT,
        "window_s": {"type": "number", "minimum": SHORTEST_WINDOW_S, "maximum": LONGEST_WINDOW_S},
        "retry": RETRY,
        "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 31_536_000},
    },
}

HINTS = {
    "name": "letters, digits, `_` and `-`, joined by dots",
    "kind": "`concurrency` (limit), `rate` (limit, window_s), `retry` (retry) or `timeout` (timeout_s)",
    "limit": "a whole number, 0 pauses",
    "window_s": f"seconds from {SHORTEST_WINDOW_S:g} to {LONGEST_WINDOW_S:g}: `window_s: 60`",
    "retry": "`retry: {max_attempts: 3, backoff: exponential, delay_s: 1}`",
    "timeout_s": "seconds, more than 0: `timeout_s: 300`",
}


@dataclass(frozen=True)
class PolicyFile:
    """`action` is a name inside the pack; None: it holds for the whole pack."""

    name: str
    kind: str
    action: str | None
    said: JsonObject


class PolicyFiles:
    folder = "policies"

    def read(self, file: PackFile, context: ReadContext) -> PolicyFile | None:
        body = file.read(SCHEMA, context.errors, hints=HINTS)
        if body is None or not file.can_be_kept(body, context.errors):
            return None
        said = {name: value for name, value in body.items() if name not in ("name", "kind", "action")}
        item = PolicyFile(body["name"], body["kind"], body.get("action"), said)
        before = len(context.errors.errors)
        for path, detail, hint in _mistakes(item, context):
            file.add(context.errors, path, detail, hint)
        return item if len(context.errors.errors) == before else None

    def write(self, version: "PackVersion", items: Sequence[PolicyFile]) -> None:
        ref = version.pack.ref
        own = Policy.objects.filter(source=Policy.Source.PACK, pack_ref=ref)
        # Locked: one that was removed and comes back must not be collected meanwhile.
        found = own.order_by("is_removed", "pk").reverse().select_for_update(no_key=True)
        existing = {(policy.name, policy.kind): policy for policy in found}
        columns = {(refs.join(ref, item.name), item.kind): _columns(item, ref) for item in items}
        gone = [policy.pk for key, policy in existing.items() if key not in columns]
        own.in_force().filter(pk__in=gone).update(**_changed(is_removed=True))
        for (name, kind), values in columns.items():
            policy = existing.get((name, kind))
            if policy is None:
                Policy.objects.create(name=name, kind=kind, source=Policy.Source.PACK, pack_ref=ref, **values)
            elif any(getattr(policy, column) != value for column, value in values.items()):
                Policy.objects.filter(pk=policy.pk).update(**_changed(**values))


def _changed(**values: Any) -> dict[str, Any]:
    return {**values, "limit_version": F("limit_version") + 1, "updated_at": Now()}


def _columns(item: PolicyFile, pack_ref: str) -> JsonObject:
    """All that a file may say, so that what is left out is taken back."""
    needed, allowed = FIELDS[item.kind]
    said = {name: item.said.get(name) for name in (*needed, *allowed)}
    if "when_full" in said:
        said["when_full"] = said["when_full"] or Policy.WhenFull.QUEUE.value
    scope, subject = (
        (Policy.Scope.PACK, pack_ref)
        if item.action is None
        else (Policy.Scope.ACTION, refs.join(pack_ref, item.action))
    )
    return {**completed(said), "scope": scope.value, "subject": subject, "is_removed": False}


def _mistakes(item: PolicyFile, context: ReadContext) -> Iterator[tuple[Sequence[str | int], str, str]]:
    earlier: list[PolicyFile] = context.content.get("policies", [])
    if any(other.name == item.name for other in earlier):
        yield ["name"], f"the name {item.name} is taken by another file of this pack", "names are unique in a pack"
    if item.kind == Policy.Kind.RETRY:
        twin = next((other for other in earlier if (other.kind, other.action) == (item.kind, item.action)), None)
        if twin is not None:
            whose = "the whole pack" if item.action is None else item.action
            yield ["kind"], f"{twin.name} says how {whose} is tried again already", "leave one of them out"
    actions: dict[str, Definition] = {action.name: action for action in context.content.get("actions", ())}
    if item.action is not None and item.action not in actions and not _is_broken(item.action, context):
        known = ", ".join(sorted(actions))
        yield ["action"], f"there is no action {item.action} in this pack", f"one of: {known}" if known else ""
    for error in mistakes(item.kind, item.said, parameters=_parameters(item, actions)):
        yield pointer_steps(error.pointer), error.detail, HINTS.get(error.pointer[1:], "")


def _is_broken(action: str, context: ReadContext) -> bool:
    """Its own file has been complained of."""
    return any(context.has_file(f"actions/{action}{suffix}") for suffix in (".yaml", ".yml"))


def _parameters(item: PolicyFile, actions: Mapping[str, Definition]) -> Mapping[str, JsonObject] | None:
    if item.action is None:
        return declared_by(action.parameters for action in actions.values()) if actions else None
    return actions[item.action].parameters if item.action in actions else None
