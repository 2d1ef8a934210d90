"""The content kind `rules/`: rules a pack brings. They act as the pack's service account."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.accounts.models import Identity
from apps.actions.definition import Definition, parsed
from apps.actions.models import Action
from apps.core import refs
from apps.core.errors import Conflict, FieldError
from apps.core.types import JsonObject
from apps.packs.content import ReadContext
from apps.packs.documents import PackFile, pointer_steps
from apps.packs.models import Pack
from apps.rules.checks import RuleSpec, mistakes
from apps.rules.models import Rule
from apps.rules.overlap import hold_running
from apps.rules.owners import account_of_pack
from apps.rules.services.rules import keep_version, mark_rules, tell_triggers
from apps.triggers import listening
from apps.triggers.models import TriggerType
from apps.triggers.types import UnknownTrigger, find_type, with_defaults

if TYPE_CHECKING:
    from apps.packs.models import PackVersion

_REF: JsonObject = {"type": "string", "minLength": 1, "maxLength": refs.MAX_LENGTH}
SCHEMA: JsonObject = {
    "type": "object",
    "required": ["name", "trigger", "action"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 150, "pattern": refs.NAME.pattern.replace(r"\Z", "$")},
        "description": {"type": "string", "maxLength": 10_000},
        "enabled": {"type": "boolean"},
        "trigger": {
            "type": "object",
            "required": ["type"],
            "additionalProperties": False,
            "properties": {"type": _REF, "parameters": {"type": "object"}},
        },
        "criteria": {"type": ["object", "array"], "description": "`path: {type, pattern}`, or all:, any:, not:"},
        "action": {
            "type": "object",
            "required": ["ref"],
            "additionalProperties": False,
            "properties": {"ref": _REF, "parameters": {"type": "object", "description": "templates"}},
        },
        "kind": {"enum": [kind.value for kind in Rule.Kind]},
        "overlap": {"enum": [overlap.value for overlap in Rule.Overlap]},
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": 255},
            "maxProperties": 50,
        },
    },
}
HINTS = {
    "name": "letters, digits, `_` and `-`, joined by dots",
    "trigger": "`trigger: {type: core.webhook, parameters: {url: deploy}}`",
    "criteria": "`criteria: {trigger.body.host: {type: eq, pattern: web1}}`",
    "action": '`action: {ref: acme.restart, parameters: {host: "{{ trigger.body.host }}"}}`',
    "kind": "`standard`, or `backstop`: it runs when no other rule matched",
    "overlap": "`allow`, `skip`, `queue` or `cancel_running`",
}


#: In `ReadContext.memo`: an `Installed`.
INSTALLED = "installed for rules"


class Installed:
    """What rules may name of other packs, as it is kept."""

    def trigger(self, ref: str) -> TriggerType | None:
        try:
            return find_type(ref)
        except UnknownTrigger:
            return None

    def parameter_errors(self, trigger_type: TriggerType, full: JsonObject, *, pointer: str) -> list[FieldError]:
        return listening.mistakes(trigger_type, full, pointer=pointer)

    def action(self, ref: str) -> Definition | None:
        action = Action.objects.select_related("definition").filter(ref=ref).first()
        return parsed(action.definition.digest, action.definition.body) if action is not None else None

    def has_rule_made_by_hand(self, ref: str) -> bool:
        return Rule.objects.in_force().filter(ref=ref, source=Rule.Source.MADE).exists()


class RuleFiles:
    folder = "rules"

    def read(self, file: PackFile, context: ReadContext) -> RuleSpec | None:
        body = file.read(SCHEMA, context.errors, hints=HINTS)
        if body is None or not file.can_be_kept(body, context.errors):
            return None
        spec = _spec(body, context)
        before = len(context.errors.errors)
        for path, detail in _mistakes(spec, context):
            file.add(context.errors, path, detail, HINTS.get(path[0], ""))
        return spec if len(context.errors.errors) == before else None

    def write(self, version: "PackVersion", items: Sequence[RuleSpec]) -> None:
        pack_ref = version.pack.ref
        pack = Pack.objects.select_for_update(no_key=True).get(pk=version.pack_id)  # before its rules, as all do
        own = Rule.objects.filter(source=Rule.Source.PACK, pack_ref=pack_ref).select_related("trigger__type", "owner")
        existing = {rule.ref: rule for rule in own.select_for_update(of=("self",), no_key=True).order_by("pk")}
        kept = {refs.join(pack_ref, item.name) for item in items}
        triggers = {rule.trigger_id for ref, rule in existing.items() if ref not in kept and not rule.is_removed}
        own.filter(pk__in=[rule.pk for ref, rule in existing.items() if ref not in kept]).update(
            is_removed=True, is_enabled=False, updated_at=Now()
        )
        owner = account_of_pack(pack_ref) if items else None
        for item in items:
            assert owner is not None
            triggers |= _write(item, existing.get(refs.join(pack_ref, item.name)), owner)
        triggers |= mark_rules(pack)
        if triggers:
            tell_triggers(triggers)


def _spec(body: JsonObject, context: ReadContext) -> RuleSpec:
    said = {name: body[name] for name in ("description", "criteria", "kind", "overlap", "labels") if name in body}
    return RuleSpec(
        name=body["name"],
        pack_ref=context.manifest.ref,
        trigger=body["trigger"]["type"],
        trigger_parameters=body["trigger"].get("parameters", {}),
        action=body["action"]["ref"],
        parameters=body["action"].get("parameters", {}),
        is_enabled=body.get("enabled", True),
        **said,
    )


def _mistakes(spec: RuleSpec, context: ReadContext) -> Iterator[tuple[list[str], str]]:
    if any(other.name == spec.name for other in context.content.get("rules", ())):
        yield ["name"], f"the name {spec.name} is taken by another file of this pack"
    ref = refs.join(spec.pack_ref, spec.name)
    if _installed(context).has_rule_made_by_hand(ref):
        yield ["name"], f"somebody made a rule {ref} by hand; let them remove it first"
    trigger_type = _type(spec.trigger, context)
    if trigger_type is None:
        yield ["trigger", "type"], f"there is no trigger {spec.trigger}; install the pack that brings it first"
    else:
        full = with_defaults(trigger_type, spec.trigger_parameters)
        for error in _installed(context).parameter_errors(trigger_type, full, pointer="/trigger/parameters"):
            yield pointer_steps(error.pointer), error.detail
    own = {refs.join(spec.pack_ref, action.name): action for action in context.content.get("actions", ())}
    definition = own.get(spec.action) or _installed(context).action(spec.action)
    # It may be in another pack, whose ref begins like this one's.
    if definition is None and spec.action.startswith(f"{spec.pack_ref}."):
        yield ["action", "ref"], f"there is no action {spec.action} in this pack"
    for error in mistakes(spec, definition):
        yield pointer_steps(error.pointer), error.detail


def _type(ref: str, context: ReadContext) -> TriggerType | None:
    """Of this pack as it will be, else as it is kept."""
    for item in context.content.get("triggers", ()):
        if item.ref == ref or ref in item.aliases:
            assert isinstance(item, TriggerType)
            return item
    return _installed(context).trigger(ref)


def _installed(context: ReadContext) -> Installed:
    found = context.memo.setdefault(INSTALLED, Installed())
    assert isinstance(found, Installed)
    return found


def _write(spec: RuleSpec, rule: Rule | None, owner: Identity) -> set[int]:
    """The triggers whose rules are others now."""
    ref = refs.join(spec.pack_ref, spec.name)
    trigger = listening.trigger_for(spec.trigger, spec.trigger_parameters)
    if rule is None:
        rule = Rule.objects.filter(ref=ref).select_related("trigger__type", "owner").first() or Rule(ref=ref, version=0)
        if rule.pk is not None and not rule.is_removed:
            raise Conflict(f"There is a rule {ref}, made by hand.")
    values = {
        "name": spec.name, "pack_ref": spec.pack_ref, "description": spec.description, "trigger": trigger,
        "criteria": spec.criteria, "action_ref": spec.action, "parameters": spec.parameters, "kind": spec.kind,
        "overlap": spec.overlap, "dialect": spec.dialect, "labels": spec.labels, "owner": owner,
        "source": Rule.Source.PACK, "is_removed": False,
    }  # fmt: skip
    before, was_unlimited = rule.trigger_id, rule.overlap == Rule.Overlap.ALLOW
    is_changed = rule.version == 0 or any(getattr(rule, name) != value for name, value in values.items())
    is_enabled = spec.is_enabled if rule.enabled_override is None else rule.enabled_override
    if not is_changed and rule.is_enabled == is_enabled:
        return set()
    for name, value in values.items():
        setattr(rule, name, value)
    rule.is_enabled, rule.limits = is_enabled, []
    rule.version += is_changed
    if rule.pk is not None:
        rule.updated_at = Now()
    rule.save()
    if was_unlimited and rule.overlap != Rule.Overlap.ALLOW:
        hold_running(rule.pk)
    if is_changed:
        keep_version(rule, by=None)
    return {trigger.pk, before} - {None}
