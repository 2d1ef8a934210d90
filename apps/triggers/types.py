"""Finds trigger types, and holds parameters and payloads against their schemas."""

import hashlib
from collections.abc import Iterable, Mapping

from apps.actions.definition import canonical
from apps.core.errors import FieldError, NotFound
from apps.core.fixed_query import FixedQuery
from apps.core.schema import value_errors
from apps.core.types import JsonObject, JsonValue
from apps.runner.jsonvalue import escape
from apps.triggers.models import TriggerType

_BY_REF = FixedQuery(lambda ref: TriggerType.objects.in_force().filter(ref=ref).order_by(), ref="text")


class UnknownTrigger(NotFound):
    """There is no such trigger type."""

    code = "unknown_trigger"


def find_type(ref: str) -> TriggerType:
    """By its ref or another name for it. Raises `UnknownTrigger`."""
    return find_types([ref])[ref]


def find_types(refs: Iterable[str]) -> Mapping[str, TriggerType]:
    """By what was asked for, which may be another name. Raises `UnknownTrigger` naming the first there is not."""
    wanted = list(dict.fromkeys(refs))
    for ref in wanted:
        if "\0" in ref:  # PostgreSQL does not even look for it
            raise UnknownTrigger("There is no trigger with such a name.")
    in_force = TriggerType.objects.in_force
    known = _BY_REF(ref=wanted[0]) if len(wanted) == 1 else in_force().filter(ref__in=wanted).order_by()
    found = {row.ref: row for row in known}
    for ref in wanted:
        row = found.get(ref) or in_force().filter(aliases__contains=[ref]).order_by("pk").first()
        if row is None:
            raise UnknownTrigger(f"There is no trigger {ref}.", trigger=ref)
        found[ref] = row
    return found


def own_ref(name: str) -> str:
    """The ref of the type that has `name`, perhaps as another name for it; `name` where there is none any more."""
    rows = TriggerType.objects.called(name).values_list("ref", flat=True).order_by("is_removed", "pk")
    refs = list(rows)
    return name if name in refs or not refs else refs[0]


def with_defaults(trigger_type: TriggerType, parameters: Mapping[str, JsonValue]) -> JsonObject:
    declared = trigger_type.parameters_schema.get("properties", {})
    said = {name: schema["default"] for name, schema in declared.items() if "default" in schema}
    return {**said, **parameters}


def parameter_errors(trigger_type: TriggerType, parameters: JsonObject, *, pointer: str) -> list[FieldError]:
    if trigger_type.parameters_schema:
        return _errors(trigger_type.parameters_schema, parameters, pointer)
    text = f"{trigger_type.ref} has no parameters"
    return [FieldError(f"{pointer}/{escape(name)}", "unknown", text) for name in parameters]


def payload_errors(trigger_type: TriggerType, payload: JsonValue, *, pointer: str) -> list[FieldError]:
    return _errors(trigger_type.payload_schema, payload, pointer) if trigger_type.payload_schema else []


def digest_of(parameters: JsonObject) -> str:
    return hashlib.sha256(canonical(parameters)).hexdigest()


def _errors(schema: JsonObject, value: JsonValue, pointer: str) -> list[FieldError]:
    found = value_errors(schema, value)
    return [FieldError(f"{pointer}{error.pointer}", error.code, error.detail) for error in found]
