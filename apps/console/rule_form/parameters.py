"""The parameters of a rule's action: each a template, or a value as the action's schema wants it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.http import QueryDict

from apps.console.schema_form.fields import Kind, as_text, facts_of, in_order, kind_of, types_of
from apps.core.errors import FieldError
from apps.core.types import JsonObject, JsonValue
from apps.runner.jsonvalue import BadValueError, escape, load_json

_PLACE = "/action/parameters"
_MARKS = ("{{", "{%", "{#")


@dataclass
class TemplateField:
    """`text` is a template, a text, or JSON where the parameter is no text."""

    name: str
    number: int
    kind: Kind
    schema: JsonObject
    is_required: bool
    is_known: bool = True
    #: The rule gives a text without anything in it, which may be another than the default.
    is_blank: bool = False
    text: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def input(self) -> str:
        return f"a.{self.name}"

    @property
    def id(self) -> str:
        return f"a{self.number}"

    @property
    def help(self) -> str:
        return str(self.schema.get("description", ""))

    @property
    def type(self) -> str:
        return " or ".join(sorted(types_of(self.schema))) or "any"

    @property
    def facts(self) -> list[str]:
        default = [f"empty: {as_text(self.schema['default'])[:100]}"] if "default" in self.schema else []
        return [self.type, *facts_of(self.schema), *default]

    @property
    def rows(self) -> int:
        return min(10, self.text.count("\n") + 1)

    def value(self) -> JsonValue:
        """Raises `BadValueError`."""
        choices = self.schema.get("enum", ())
        if self.kind in (Kind.TEXT, Kind.LINES, Kind.SECRET) or self.text in choices:
            return self.text
        try:
            return load_json(self.text.encode(), keys_may_repeat=False)
        except BadValueError as error:
            if any(mark in self.text for mark in _MARKS) or self.kind is Kind.CHOICE or self.type == "any":
                return self.text
            raise BadValueError(f"a template is expected, or JSON: {self.type} ({error})") from None


class TemplateFields(list[TemplateField]):
    """One for each parameter the action declares, and for each that the rule gives besides."""

    def read(self, posted: QueryDict) -> JsonObject:
        """What was given; the fields keep what was typed, and what is wrong."""
        given: JsonObject = {}
        for item in self:
            before, item.text = item.text, posted.get(item.input, "").replace("\r\n", "\n").replace("\0", "")
            if not item.text.strip():
                if item.is_blank and item.text == before:
                    given[item.name] = item.text
                continue
            try:
                given[item.name] = item.value()
            except BadValueError as error:
                item.errors.append(str(error))
        return given

    def tell(self, errors: Iterable[FieldError]) -> list[FieldError]:
        """Puts what is wrong at its field; gives back what belongs to none."""
        left = []
        places = {f"{_PLACE}/{escape(item.name)}": item for item in self}
        for error in errors:
            place = "/".join(error.pointer.split("/")[:4])
            inside = error.pointer[len(place) :]
            if place in places:
                places[place].errors.append(f"at {inside}: {error.detail}" if inside else error.detail)
            else:
                left.append(error)
        return left


def fields_for(declared: Mapping[str, JsonObject], values: Mapping[str, JsonValue]) -> TemplateFields:
    """`values` are the rule's; those that are not declared have fields too, so that they can be emptied."""
    known = [(name, schema) for name, schema in in_order(declared) if schema.get("immutable") is not True]
    extra = [(name, JsonObject()) for name in values if name not in dict(known)]
    fields = TemplateFields()
    for number, (name, schema) in enumerate([*known, *extra]):
        is_required = schema.get("required") is True
        item = TemplateField(name, number, kind_of(schema, is_required=is_required), schema, is_required)
        item.is_known = name in declared
        if name in values:
            item.text = _shown(values[name], item)
            item.is_blank = item.is_known and isinstance(values[name], str) and not item.text.strip()
        fields.append(item)
    return fields


def _shown(value: JsonValue, item: TemplateField) -> str:
    if not isinstance(value, str):
        return as_text(value, is_indented=True)
    item.text = value
    try:
        is_same = item.value() == value
    except BadValueError:
        is_same = False
    return value if is_same else as_text(value)
