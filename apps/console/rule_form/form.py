"""The form as a whole: what it shows, what somebody wrote into it, and the service's errors at their fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.http import QueryDict

from apps.accounts.permissions import Verb, may
from apps.accounts.services.granting import NotYoursToGive
from apps.accounts.services.identities import UnknownIdentity
from apps.actions.definition import parsed
from apps.actions.models import Action
from apps.console.rule_form.criteria import CriteriaPart, part_of, read_part
from apps.console.rule_form.parameters import TemplateFields, fields_for
from apps.console.run_options import RunOptions, options_with, read_options
from apps.console.schema_form import SchemaForm
from apps.core.errors import AttuneError, FieldError, FileError
from apps.core.schema import ObjectSchema
from apps.core.types import JsonObject, JsonValue
from apps.rules.checks import RuleSpec
from apps.rules.models import Rule
from apps.triggers.models import TriggerType
from apps.triggers.types import UnknownTrigger, find_type

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Name, label, most characters.
_TEXTS = {"name": 150, "pack": 100, "description": 2000, "trigger": 255, "action": 255, "owner": 150}
_CHOICES = {"kind": Rule.Kind, "overlap": Rule.Overlap}
#: Pointers of the service, and the fields they mean.
_FIELDS = {"/name": "name", "/pack": "pack", "/trigger/type": "trigger", "/action/ref": "action"}
_CRITERIA = "/criteria"
_TRIGGER_PARAMETERS = "/trigger/parameters"
_ACTION_PARAMETERS = "/action/parameters"


@dataclass(frozen=True)
class TriggerPart:
    """What is asked of a trigger. `form` None: there is no such trigger, or it is not the reader's to see.

    `paths` are what its payload is known to hold, to begin criteria with.
    """

    form: SchemaForm | None = None
    description: str = ""
    paths: tuple[str, ...] = ()


def trigger_part(ref: str, *, reader: "Identity", values: Mapping[str, JsonValue]) -> TriggerPart:
    try:
        found = find_type(ref)
    except UnknownTrigger:
        return TriggerPart()
    if not may(reader, Verb.TRIGGER_VIEW, on=found):
        return TriggerPart()
    form = SchemaForm(ObjectSchema(_declared(found)), values=values, pointer=_TRIGGER_PARAMETERS)
    paths = tuple(f"trigger.{name}" for name in found.payload_schema.get("properties", {}))
    return TriggerPart(form, found.description, paths)


def action_fields(ref: str, *, reader: "Identity", values: Mapping[str, JsonValue]) -> tuple[TemplateFields, bool]:
    """Of an action that `reader` may see, and whether there is one."""
    action = Action.objects.visible_to(reader).select_related("definition").filter(ref=ref).first()
    declared = parsed(action.definition.digest, action.definition.body).parameters if action is not None else {}
    return fields_for(declared, values), action is not None


@dataclass
class RuleForm:
    """`rule` None: it is not made yet. `errors` by field; `problems` belong to none."""

    rule: Rule | None
    texts: dict[str, str]
    is_enabled: bool
    criteria: CriteriaPart
    trigger: TriggerPart
    parameters: TemplateFields
    is_action_known: bool
    options: RunOptions
    errors: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def trigger_form(self) -> SchemaForm | None:
        return self.trigger.form

    @property
    def choices(self) -> Mapping[str, list[tuple[str, str]]]:
        return {"kind": _KINDS, "overlap": _OVERLAPS}

    @property
    def is_wrong(self) -> bool:
        parts = (self.errors, self.problems, self.options.labels_error, self.criteria.is_wrong)
        is_trigger_wrong = self.trigger_form is not None and not self.trigger_form.is_valid
        return any(parts) or is_trigger_wrong or any(item.errors for item in self.parameters)

    def tell(self, error: AttuneError) -> None:
        """What a service said, each at its field."""
        if isinstance(error, UnknownIdentity | NotYoursToGive):
            self.errors.setdefault("owner", []).append(error.detail)
        elif not error.errors:
            self.problems.append(error.detail)
        self.place(error.errors)

    def place(self, errors: Iterable[FieldError | FileError]) -> None:
        told = [item for item in errors if isinstance(item, FieldError)]
        self.criteria.tell(item for item in told if item.pointer.startswith(_CRITERIA))
        left = [item for item in told if not item.pointer.startswith(_CRITERIA)]
        if self.trigger_form is not None:
            self.trigger_form.tell(item for item in left if item.pointer.startswith(_TRIGGER_PARAMETERS))
            left = [item for item in left if not item.pointer.startswith(_TRIGGER_PARAMETERS)]
        for item in self.parameters.tell(left):
            name = _FIELDS.get(item.pointer)
            if name is not None:
                self.errors.setdefault(name, []).append(item.detail)
            else:
                self.problems.append(f"{item.pointer}: {item.detail}" if item.pointer else item.detail)


def blank_form(reader: "Identity", given: QueryDict) -> RuleForm:
    """Of a new rule; `given` may say its trigger, its action and its pack."""
    texts = {name: _text(given, name) for name in _TEXTS} | {"kind": "standard", "overlap": "allow"}
    parameters, is_known = action_fields(texts["action"], reader=reader, values={})
    return RuleForm(
        rule=None,
        texts=texts,
        is_enabled=True,
        criteria=CriteriaPart([]),
        trigger=trigger_part(texts["trigger"], reader=reader, values={}),
        parameters=parameters,
        is_action_known=is_known,
        options=RunOptions(),
    )


def form_of(rule: Rule, reader: "Identity") -> RuleForm:
    """As the rule is. Its owner is left out: who changes what it does owns it, unless somebody else is named."""
    parameters, is_known = action_fields(rule.action_ref, reader=reader, values=rule.parameters)
    return RuleForm(
        rule=rule,
        texts={
            "name": rule.name, "pack": rule.pack_ref, "description": rule.description, "action": rule.action_ref,
            "trigger": rule.trigger.type.ref, "owner": "", "kind": rule.kind, "overlap": rule.overlap,
        },
        is_enabled=rule.is_enabled,
        criteria=part_of(rule.criteria),
        trigger=trigger_part(rule.trigger.type.ref, reader=reader, values=rule.trigger.parameters),
        parameters=parameters,
        is_action_known=is_known,
        options=options_with(rule.labels),
    )  # fmt: skip


def read_form(posted: QueryDict, reader: "Identity", *, rule: Rule | None = None) -> tuple[RuleForm, RuleSpec]:
    """What somebody wrote, and the rule it says; the form says whether it could be read at all."""
    texts = {name: _text(posted, name) for name in (*_TEXTS, *_CHOICES)}
    if rule is not None:
        texts |= {"name": rule.name, "pack": rule.pack_ref}
    earlier = rule.parameters if rule is not None and rule.action_ref == texts["action"] else {}
    parameters, is_known = action_fields(texts["action"], reader=reader, values=earlier)
    form = RuleForm(
        rule=rule,
        texts=texts,
        is_enabled="is_enabled" in posted,
        criteria=read_part(posted),
        trigger=trigger_part(texts["trigger"], reader=reader, values={}),
        parameters=parameters,
        is_action_known=is_known,
        options=read_options(posted),
    )
    _check_texts(form)
    return form, _spec(form, posted)


def changes_of(spec: RuleSpec, rule: RuleSpec) -> JsonObject:
    """What the one says otherwise than the other."""
    return {name: value for name, value in vars(spec).items() if value != getattr(rule, name)}


_KINDS = [
    (Rule.Kind.STANDARD.value, "whenever its criteria hold"),
    (Rule.Kind.BACKSTOP.value, "when they hold and no other rule of the trigger matched"),
]
_OVERLAPS = [
    (Rule.Overlap.ALLOW.value, "run at the same time"),
    (Rule.Overlap.SKIP.value, "skip the new one"),
    (Rule.Overlap.QUEUE.value, "wait until the last one has ended"),
    (Rule.Overlap.CANCEL_RUNNING.value, "cancel the running one"),
]


def _declared(trigger_type: TriggerType) -> Mapping[str, JsonObject]:
    """Property by property, as forms want it."""
    schema = trigger_type.parameters_schema
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    return {
        name: {**(item if isinstance(item, dict) else {}), "required": name in required}
        for name, item in properties.items()
    }


def _text(given: QueryDict, name: str) -> str:
    return given.get(name, "").replace("\0", "").replace("\r\n", "\n").strip()


def _check_texts(form: RuleForm) -> None:
    for name, most in _TEXTS.items():
        if len(form.texts[name]) > most:
            form.errors.setdefault(name, []).append(f"At most {most} characters.")
    for name in ("name", "trigger", "action"):
        if not form.texts[name]:
            form.errors.setdefault(name, []).append("This is needed.")
    for name, choices in _CHOICES.items():
        if form.texts[name] not in choices.values:
            form.errors.setdefault(name, []).append("One of those that are offered is expected.")


def _spec(form: RuleForm, posted: QueryDict) -> RuleSpec:
    texts = form.texts
    return RuleSpec(
        name=texts["name"],
        pack_ref=texts["pack"],
        description=texts["description"],
        trigger=texts["trigger"],
        trigger_parameters=form.trigger_form.read(posted) if form.trigger_form is not None else {},
        criteria=form.criteria.value(),
        action=texts["action"],
        parameters=form.parameters.read(posted),
        kind=texts["kind"],
        overlap=texts["overlap"],
        dialect=form.rule.dialect if form.rule is not None else Rule.Dialect.ATTUNE.value,
        labels=form.options.labels,
        is_enabled=form.is_enabled,
    )
