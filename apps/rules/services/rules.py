"""Makes, changes, switches and removes rules. A rule acts as its owner, so nobody writes one that may more."""

import logging
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb, may, require
from apps.accounts.services.granting import require_no_less
from apps.accounts.services.identities import get_identity
from apps.actions.definition import Definition, parsed
from apps.actions.models import Action
from apps.actions.services.lookup import ActionDisabled, UnknownAction, get_action, get_runnable_action
from apps.core import refs, streaming
from apps.core.errors import Conflict, FieldError, Forbidden, NotFound
from apps.core.types import JsonObject
from apps.packs.models import Pack
from apps.packs.services.manage import PackDisabled
from apps.rules.checks import InvalidRule, RuleSpec, mistakes
from apps.rules.models import Rule, RuleVersion
from apps.rules.overlap import hold_running
from apps.rules.owners import limits_of
from apps.triggers import listening
from apps.triggers.listening import InvalidTriggerParameters
from apps.triggers.models import Trigger
from apps.triggers.types import UnknownTrigger, find_type

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)


class UnknownRule(NotFound):
    """There is no such rule."""

    code = "unknown_rule"


class RuleTaken(Conflict):
    """There is a rule of this ref already."""

    code = "rule_taken"


class RuleOfPack(Conflict):
    """This rule comes from a file of a pack; it can only be switched on and off here."""

    code = "rule_of_pack"


def get_rule(identity: "Identity", ref: str, *, to: Verb = Verb.RULE_VIEW) -> Rule:
    """One that `identity` may see, and do `to` with. Raises `UnknownRule`, `Forbidden`."""
    rows = Rule.objects.visible_to(identity).in_force().select_related("trigger__type", "owner")
    rule = rows.filter(ref=ref).first()
    if rule is None:
        raise UnknownRule(f"There is no rule {ref}.")
    require(identity, to, on=rule)
    return rule


def rule_id_of(ref: str) -> int:
    """0 where there is none. By the number of a rule, PostgreSQL knows whether it matched often or hardly ever."""
    return Rule.objects.filter(ref=ref).order_by().values_list("pk", flat=True).first() or 0


def sees_rule(identity: "Identity", ref: str) -> bool:
    """Also one that is removed."""
    return "\0" not in ref and Rule.objects.visible_to(identity).filter(ref=ref).exists()


def create_rule(identity: "Identity", spec: RuleSpec, *, owner: str | None = None) -> Rule:
    """A rule made by hand, which acts as `identity`, or as `owner`, who may no more than `identity`.

    Raises `Forbidden`, `RuleTaken`, and `InvalidRule` with a pointer for each mistake.
    """
    ref = refs.join(spec.pack_ref, spec.name) if spec.pack_ref else spec.name
    require(identity, Verb.RULE_MANAGE, on=Place(pack=spec.pack_ref or None, ref=ref))
    owned_by = _owner(identity, owner)
    with transaction.atomic():
        is_pack_enabled = _is_enabled(spec.pack_ref)  # first, as by who switches or installs it
        trigger = _checked(identity, owned_by, spec, is_new=True)
        rule = _claimed(ref)
        _assign(rule, spec, trigger, owner=owned_by, limits=limits_of(identity))
        rule.is_pack_enabled = is_pack_enabled
        _save(rule, by=identity)
        tell_triggers([trigger.pk])
    logger.info("rule %s made by %s", ref, identity.username)
    return rule


def update_rule(identity: "Identity", rule: Rule, changes: JsonObject, *, owner: str | None = None) -> Rule:
    """`changes` by the fields of `RuleSpec`. Whoever changes what a rule does is its owner from then on, unless
    `owner` says somebody else. Raises what making one raises, and `RuleOfPack`."""
    require(identity, Verb.RULE_MANAGE, on=rule)
    if rule.source == Rule.Source.PACK and (set(changes) - {"is_enabled"} or owner is not None):
        raise RuleOfPack
    with transaction.atomic():
        locked = Rule.objects.select_related("trigger__type", "owner").select_for_update(of=("self",), no_key=True)
        rule = locked.get(pk=rule.pk)
        spec = replace(spec_of(rule), **changes)
        before, was_unlimited = rule.trigger_id, rule.overlap == Rule.Overlap.ALLOW
        if set(changes) - _HARMLESS or owner is not None:
            owned_by = _owner(identity, owner)
            trigger = _checked(identity, owned_by, spec)
            _assign(rule, spec, trigger, owner=owned_by, limits=limits_of(identity))
        else:
            _assign(rule, spec, rule.trigger, owner=rule.owner, limits=rule.limits)
        if "is_enabled" in changes and rule.source == Rule.Source.PACK:
            rule.enabled_override = spec.is_enabled
        if set(changes) - {"is_enabled"} or owner is not None:
            rule.version += 1
            _save(rule, by=identity)
        else:
            _save(rule, by=None)
        if was_unlimited and rule.overlap != Rule.Overlap.ALLOW:
            hold_running(rule.pk)
        tell_triggers({before, rule.trigger_id})
    return rule


def remove_rule(identity: "Identity", rule: Rule) -> None:
    """What it has done stays to be seen; its ref is free again."""
    require(identity, Verb.RULE_MANAGE, on=rule)
    if rule.source == Rule.Source.PACK:
        raise RuleOfPack
    with transaction.atomic():
        Rule.objects.filter(pk=rule.pk).update(is_removed=True, is_enabled=False, updated_at=Now())
        tell_triggers([rule.trigger_id])
    logger.info("rule %s removed by %s", rule.ref, identity.username)


def follow_pack(pack: Pack) -> None:
    """In the transaction in which it is switched on or off, and locked: its rules act only while it is enabled."""
    if triggers := mark_rules(pack):
        tell_triggers(triggers)


def mark_rules(pack: Pack) -> set[int]:
    """As `follow_pack`; gives the triggers that are to be told, by a caller who has others to tell too."""
    rows = Rule.objects.filter(pack_ref=pack.ref).exclude(is_pack_enabled=pack.is_enabled)
    # Locked before their triggers are read: somebody may just be changing which these are.
    locked = list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", "trigger", "is_removed"))
    Rule.objects.filter(pk__in=[pk for pk, _, _ in locked]).update(is_pack_enabled=pack.is_enabled)
    return {trigger for _, trigger, is_removed in locked if not is_removed}


def tell_triggers(triggers: Collection[int]) -> None:
    """In the transaction in which rules of these triggers changed; once, since it locks them in one order."""
    listening.lock(triggers)  # before their rules are read: nobody else changes others of them unseen
    listened = set(Rule.objects.active().filter(trigger__in=triggers).values_list("trigger", flat=True))
    listening.set_listened({trigger: trigger in listened for trigger in sorted(triggers)})
    streaming.tell("rule")


def spec_of(rule: Rule) -> RuleSpec:
    """What the rule says now."""
    return RuleSpec(
        name=rule.name, pack_ref=rule.pack_ref, description=rule.description, trigger=rule.trigger.type.ref,
        trigger_parameters=rule.trigger.parameters, criteria=rule.criteria, action=rule.action_ref,
        parameters=rule.parameters, kind=rule.kind, overlap=rule.overlap, dialect=rule.dialect, labels=rule.labels,
        is_enabled=rule.is_enabled,
    )  # fmt: skip


def body_of(rule: Rule) -> JsonObject:
    """As a version keeps it."""
    return {
        "name": rule.name,
        "description": rule.description,
        "trigger": {"type": rule.trigger.type.ref, "parameters": rule.trigger.parameters},
        "criteria": rule.criteria,
        "action": {"ref": rule.action_ref, "parameters": rule.parameters},
        "kind": rule.kind,
        "overlap": rule.overlap,
        "dialect": rule.dialect,
        "labels": rule.labels,
        "owner": rule.owner.username,
    }


def keep_version(rule: Rule, *, by: "Identity | None") -> None:
    RuleVersion.objects.create(
        rule=rule, version=rule.version, body=body_of(rule), owner=rule.owner, limits=rule.limits, by=by
    )


#: Changes of these make nobody the owner: they do not change what the rule does, or whether it may.
_HARMLESS = frozenset({"description", "is_enabled"})


def _owner(identity: "Identity", name: str | None) -> "Identity":
    if name is None or name == identity.username:
        return identity
    owner = get_identity(identity, name)
    require_no_less(identity, owner)
    return owner


def _checked(identity: "Identity", owner: "Identity", spec: RuleSpec, *, is_new: bool = False) -> Trigger:
    """The trigger to listen to. Raises `InvalidRule` with everything that is wrong."""
    errors = _misplaced(identity, spec) if is_new else []
    trigger: Trigger | None = None
    try:
        _require_type(identity, spec.trigger)
        trigger = listening.trigger_for(spec.trigger, spec.trigger_parameters, pointer="/trigger/parameters")
    except UnknownTrigger as error:
        errors.append(FieldError("/trigger/type", error.code, error.detail))
    except InvalidTriggerParameters as error:
        errors += [item for item in error.errors if isinstance(item, FieldError)]
    definition: Definition | None = None
    try:
        definition = _definition(identity, owner, spec.action)
    except (UnknownAction, Forbidden) as error:
        errors.append(FieldError("/action/ref", error.code, error.detail))
    errors += mistakes(spec, definition)
    if errors or trigger is None:
        raise InvalidRule(errors=errors)
    return trigger


def _misplaced(identity: "Identity", spec: RuleSpec) -> list[FieldError]:
    if not refs.is_name(spec.name):
        return [FieldError("/name", "invalid", "letters, digits, `_` and `-`, joined by dots")]
    if spec.pack_ref and not Pack.objects.visible_to(identity).filter(ref=spec.pack_ref).exists():
        return [FieldError("/pack", "unknown_pack", f"There is no pack {spec.pack_ref}.")]
    return []


def _require_type(identity: "Identity", ref: str) -> None:
    if not may(identity, Verb.TRIGGER_VIEW, on=find_type(ref)):
        raise UnknownTrigger(f"There is no trigger {ref}.", trigger=ref)


def _definition(identity: "Identity", owner: "Identity", ref: str) -> Definition:
    """Of an action that both who writes the rule and who owns it may run; it may be switched off for now."""
    found: Action | None = None
    for who in {identity.pk: identity, owner.pk: owner}.values():
        try:
            found = get_runnable_action(who, ref)
        except (ActionDisabled, PackDisabled):
            found = get_action(identity, ref)
    assert found is not None
    return parsed(found.definition.digest, found.definition.body)


def _is_enabled(pack_ref: str) -> bool:
    """The pack, which stays so until this transaction ends."""
    rows = Pack.objects.select_for_update(no_key=True).filter(ref=pack_ref).values_list("is_enabled", flat=True)
    return not pack_ref or bool(rows.first())


def _claimed(ref: str) -> Rule:
    """A new row, or that of a rule that was removed: what it did stays with its ref."""
    earlier = Rule.objects.filter(ref=ref).select_for_update(no_key=True).first()
    if earlier is None:
        return Rule(ref=ref)
    if not earlier.is_removed:
        text = f"There is a rule {ref} already."
        raise RuleTaken(text, errors=[FieldError("/name", "taken", text)])
    earlier.is_removed, earlier.version = False, earlier.version + 1
    earlier.source, earlier.enabled_override = Rule.Source.MADE, None
    return earlier


def _assign(rule: Rule, spec: RuleSpec, trigger: Trigger, *, owner: "Identity", limits: list[list[str]]) -> None:
    values: dict[str, Any] = {
        "name": spec.name, "pack_ref": spec.pack_ref, "description": spec.description, "trigger": trigger,
        "criteria": spec.criteria, "action_ref": spec.action, "parameters": spec.parameters, "kind": spec.kind,
        "overlap": spec.overlap, "dialect": spec.dialect, "labels": spec.labels, "is_enabled": spec.is_enabled,
        "owner": owner, "limits": limits,
    }  # fmt: skip
    for name, value in values.items():
        setattr(rule, name, value)


def _save(rule: Rule, *, by: "Identity | None") -> None:
    """`by` None: nothing that a version keeps has changed."""
    is_new = rule.pk is None
    if not is_new:
        rule.updated_at = Now()
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError as error:
        raise RuleTaken(f"There is a rule {rule.ref} already.") from error
    if by is not None:
        keep_version(rule, by=by)
    rule.refresh_from_db(fields=["created_at", "updated_at"])
