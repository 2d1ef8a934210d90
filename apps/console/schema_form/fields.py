"""How one declared property is asked for: which kind of field, with which bounds, and what it says about itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from apps.core.types import JsonObject, JsonValue


class Kind(StrEnum):
    TEXT = "text"
    LINES = "lines"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105  a kind, no password
    JSON = "json"
    #: fixed by the action: shown, never sent
    FIXED = "fixed"


#: A text that may be longer than this is given several lines.
_LONG_CHARS = 200
_MULTILINE_FORMATS = frozenset({"multiline", "textarea"})


@dataclass(frozen=True)
class Choice:
    """`value` is JSON text, so that `1` and `"1"` stay apart; the empty one stands for nothing given."""

    value: str
    text: str


@dataclass(kw_only=True)
class Field:
    """`text` is what the field holds: for a secret always nothing, for what is no text its JSON."""

    name: str
    number: int
    kind: Kind
    schema: JsonObject
    is_required: bool
    text: str = ""
    is_on: bool = False
    #: where a secret that need not be typed again comes from
    kept_from: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def input(self) -> str:
        return f"p.{self.name}"

    @property
    def id(self) -> str:
        return f"p{self.number}"

    @property
    def help(self) -> str:
        return str(self.schema.get("description", ""))

    @property
    def must_be_typed(self) -> bool:
        return self.is_required and not self.kept_from

    @property
    def minimum(self) -> str:
        return _bound(self.schema, "minimum", "exclusiveMinimum")

    @property
    def maximum(self) -> str:
        return _bound(self.schema, "maximum", "exclusiveMaximum")

    @property
    def step(self) -> str:
        return "1" if "integer" in types_of(self.schema) and "number" not in types_of(self.schema) else "any"

    @property
    def rows(self) -> int:
        return min(14, max(3, self.text.count("\n") + 1))

    @property
    def choices(self) -> list[Choice]:
        values = self.schema.get("enum", [True, False])
        choices = [Choice(as_text(value), _said(value)) for value in values]
        if "default" in self.schema and self.text:
            return choices
        return [Choice("", "Choose…" if self.is_required else "(not given)"), *choices]

    @property
    def facts(self) -> list[str]:
        """What may be given, in words."""
        facts = facts_of(self.schema)
        if self.kind is Kind.JSON:
            form = "" if takes_plain_text(self.schema) else "JSON: "
            facts.append(form + (" or ".join(sorted(types_of(self.schema))) or "any value"))
        if self.kind is Kind.NUMBER and isinstance(self.schema.get("default"), int | float):
            facts.append(f"empty: {as_text(self.schema['default'])}")
        return facts

    @property
    def described_by(self) -> str:
        """Ids of what explains the field, for screen readers."""
        parts = {"help": self.help or self.facts, "kept": self.kept_from, "error": self.errors}
        return " ".join(f"{self.id}-{name}" for name, is_there in parts.items() if is_there)


def kind_of(schema: JsonObject, *, is_required: bool) -> Kind:  # noqa: PLR0911  one per kind
    types = types_of(schema) - {"null"}
    if schema.get("immutable") is True:
        return Kind.FIXED
    if schema.get("secret") is True:
        return Kind.SECRET
    if schema.get("enum"):
        return Kind.CHOICE
    if types == {"boolean"}:
        # A switch cannot say "not given".
        return Kind.SWITCH if is_required or isinstance(schema.get("default"), bool) else Kind.CHOICE
    if types and types <= {"integer", "number"}:
        return Kind.NUMBER
    if types == {"string"}:
        return Kind.LINES if _has_many_lines(schema) else Kind.TEXT
    return Kind.JSON


def in_order(properties: Mapping[str, JsonObject]) -> list[tuple[str, JsonObject]]:
    """By position, then what is required, then by name; what is fixed last. The database does not keep the file's
    order."""

    def rank(item: tuple[str, JsonObject]) -> tuple[bool, float, bool, str]:
        name, schema = item
        position = schema.get("position")
        place = position if isinstance(position, int) else float("inf")
        return schema.get("immutable") is True, place, schema.get("required") is not True, name

    return sorted(properties.items(), key=rank)


def takes_plain_text(schema: Mapping[str, Any]) -> bool:
    """Whether what is no JSON is a text, as `mon-fri` where a number is taken too; not what may be a broken list."""
    types = types_of(schema)
    return "string" in types and not types & {"array", "object"}


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """The declared types; empty where anything is taken."""
    declared = schema.get("type", ())
    return frozenset({declared} if isinstance(declared, str) else declared)


def facts_of(schema: JsonObject) -> list[str]:
    """The bounds of a value, in words."""
    return list(_facts(schema))


def as_text(value: JsonValue, *, is_indented: bool = False) -> str:
    """JSON as it is shown in fields."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if is_indented else 0).decode()


def _bound(schema: JsonObject, *words: str) -> str:
    return next((as_text(schema[word]) for word in words if word in schema), "")


def _has_many_lines(schema: JsonObject) -> bool:
    longest, default = schema.get("maxLength"), schema.get("default")
    return (
        (isinstance(longest, int | float) and longest > _LONG_CHARS)
        or schema.get("format") in _MULTILINE_FORMATS
        or "contentMediaType" in schema
        or (isinstance(default, str) and ("\n" in default or len(default) > _LONG_CHARS))
    )


def _said(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "null"
    if value == "":
        return "(empty)"
    return value if isinstance(value, str) else as_text(value)


def _facts(schema: JsonObject) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"{as_text(low)} to {as_text(high)}"
    elif low is not None:
        yield f"{as_text(low)} or more"
    elif high is not None:
        yield f"{as_text(high)} or less"
    if "exclusiveMinimum" in schema:
        yield f"more than {as_text(schema['exclusiveMinimum'])}"
    if "exclusiveMaximum" in schema:
        yield f"less than {as_text(schema['exclusiveMaximum'])}"
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"
    if isinstance(schema.get("format"), str) and schema["format"] not in _MULTILINE_FORMATS:
        yield str(schema["format"])
