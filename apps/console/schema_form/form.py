"""The form as a whole: its fields with what they hold, the values read from a request, and errors put where they
belong."""

from collections.abc import Collection, Iterable, Mapping

from django.http import QueryDict

from apps.console.schema_form.fields import Field, Kind, as_text, in_order, kind_of, types_of
from apps.console.schema_form.reading import NotGivenError, read
from apps.core.errors import FieldError, FileError
from apps.core.schema import ObjectSchema
from apps.core.types import JsonObject, JsonValue
from apps.runner.jsonvalue import BadValueError, escape


class SchemaForm:
    """`values` fill the fields, defaults the others; `kept` are secrets that are there already, `kept_from` where.

    A secret never goes into a page: after an error elsewhere it has to be typed again, and its field says so.
    """

    def __init__(
        self,
        schema: ObjectSchema,
        *,
        values: Mapping[str, JsonValue] | None = None,
        kept: Collection[str] = (),
        kept_from: str = "",
        pointer: str = "/parameters",
    ) -> None:
        self.pointer = pointer
        filled = {**schema.defaults, **(values or {})}
        self.fields = [
            _field(number, name, item, schema=schema, values=filled, kept_from=kept_from if name in kept else "")
            for number, (name, item) in enumerate(in_order(schema.properties))
        ]
        #: what went wrong at no field of this form
        self.errors: list[str] = []
        self._typed_secrets: list[Field] = []

    @property
    def wrong(self) -> list[Field]:
        return [field for field in self.fields if field.errors]

    @property
    def is_valid(self) -> bool:
        return not self.errors and not self.wrong

    def read(self, posted: QueryDict) -> JsonObject:
        """What was given, as JSON values; the fields keep what was typed. Look at `is_valid` afterwards."""
        given: JsonObject = {}
        for field in self.fields:
            text = _posted(field, posted)
            if field.kind is Kind.FIXED or text is None:
                continue
            self._keep(field, text)
            try:
                given[field.name] = read(field, text)
            except NotGivenError:
                continue
            except BadValueError as error:
                field.errors.append(str(error))
        if not self.is_valid:
            self.ask_secrets_again()
        return given

    def tell(self, errors: Iterable[FieldError | FileError]) -> None:
        """Puts a service's errors at their fields by their pointers; the others stand above the form."""
        fields = {f"{self.pointer}/{escape(field.name)}": field for field in self.fields}
        for error in errors:
            if not isinstance(error, FieldError):
                self.errors.append(str(error))
                continue
            head = "/".join(error.pointer.split("/")[: self.pointer.count("/") + 2])
            inside = error.pointer[len(head) :]
            if head in fields:
                fields[head].errors.append(f"at {inside}: {error.detail}" if inside else error.detail)
            else:
                self.errors.append(error.detail)
        self.ask_secrets_again()

    def _keep(self, field: Field, text: str) -> None:
        if field.kind is Kind.SECRET:
            if text:
                self._typed_secrets.append(field)
        elif field.kind is Kind.SWITCH:
            field.is_on = text == "true"
        else:
            field.text = text
            if field.kind is Kind.TEXT and "\n" in text:
                field.kind = Kind.LINES

    def ask_secrets_again(self) -> None:
        """To be called when the form is shown again for an error of another part of the page."""
        for field in self._typed_secrets:
            field.errors.append("Type it again: a secret is never shown or kept in a page.")
        self._typed_secrets = []


def _field(
    number: int,
    name: str,
    item: JsonObject,
    *,
    schema: ObjectSchema,
    values: Mapping[str, JsonValue],
    kept_from: str,
) -> Field:
    is_required = name in schema.required
    kind = kind_of(item, is_required=is_required)
    field = Field(number=number, name=name, kind=kind, schema=item, is_required=is_required, kept_from=kept_from)
    if kind is Kind.FIXED:
        field.text = as_text(item.get("default"), is_indented=True)
    elif kind is not Kind.SECRET and name in values:
        _fill(field, values[name])
    return field


def _fill(field: Field, value: JsonValue) -> None:
    if field.kind is Kind.SWITCH and isinstance(value, bool):
        field.is_on = value
    elif field.kind in (Kind.TEXT, Kind.LINES) and isinstance(value, str):
        field.text = value
        if "\n" in value:
            field.kind = Kind.LINES
    elif value is None and "null" not in types_of(field.schema):
        pass
    elif field.kind in (Kind.JSON, Kind.CHOICE, Kind.NUMBER):
        field.text = as_text(value, is_indented=field.kind is Kind.JSON)


def _posted(field: Field, posted: QueryDict) -> str | None:
    """None for a field that was not in the page that was sent."""
    text = posted.get(field.input)
    if text is None and field.kind is Kind.SWITCH and f"{field.input}.shown" in posted:
        return "false"
    return text if isinstance(text, str) else None
