"""What is wrong with a rule before it is kept: everything at once, each with its place. Shared by REST and packs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from apps.actions.definition import Definition
from apps.core.errors import FieldError, Invalid
from apps.core.schema import ObjectSchema
from apps.core.types import JsonObject, JsonValue
from apps.rules.criteria import InvalidCriteria, compile_criteria
from apps.rules.models import Rule
from apps.rules.parameters import InvalidTemplates, compile_parameters

_PLACE = "/action/parameters"


class InvalidRule(Invalid):
    """The rule contradicts itself, or what there is."""

    code = "invalid_rule"


@dataclass(frozen=True, kw_only=True)
class RuleSpec:
    """What somebody says a rule should be. `trigger` is a type, which may be another name for it."""

    name: str
    pack_ref: str = ""
    description: str = ""
    trigger: str
    trigger_parameters: JsonObject = field(default_factory=dict)
    criteria: JsonValue = field(default_factory=dict)
    action: str
    parameters: JsonObject = field(default_factory=dict)
    kind: str = Rule.Kind.STANDARD.value
    overlap: str = Rule.Overlap.ALLOW.value
    dialect: str = Rule.Dialect.ATTUNE.value
    labels: JsonObject = field(default_factory=dict)
    is_enabled: bool = True


def mistakes(spec: RuleSpec, action: Definition | None) -> list[FieldError]:
    """Of criteria, templates and parameters; `action` None: it is not known what it takes."""
    found: list[FieldError] = []
    try:
        compile_criteria(spec.criteria, dialect="stackstorm" if spec.dialect == "stackstorm" else "attune")
    except InvalidCriteria as error:
        found += [item for item in error.errors if isinstance(item, FieldError)]
    try:
        compile_parameters(spec.parameters)
    except InvalidTemplates as error:
        found += [item for item in error.errors if isinstance(item, FieldError)]
    if action is not None:
        found += _unfit(spec.parameters, action.schema)
    return found


def _unfit(parameters: Mapping[str, JsonValue], schema: ObjectSchema) -> Iterator[FieldError]:
    """What can be said before the templates are filled in."""
    literal = {name: value for name, value in parameters.items() if not _has_template(value)}
    templated = {f"{_PLACE}/{name}" for name in parameters if name not in literal}
    for name in sorted(set(parameters) - set(literal) - set(schema.properties)):
        yield FieldError(f"{_PLACE}/{name}", "unknown", f"{name} is not a known name here")
    for error in schema.errors({**schema.defaults, **literal}, pointer=_PLACE):
        if not (error.code == "required" and error.pointer in templated):
            yield error
    for name in sorted(set(literal) & schema.secrets):
        text = f"{name} is secret; a rule shows what it says: let the action ask for a key instead"
        yield FieldError(f"{_PLACE}/{name}", "secret_in_rule", text)


def _has_template(value: JsonValue) -> bool:
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, dict):
        return any(map(_has_template, value.values()))
    return isinstance(value, list) and any(map(_has_template, value))
