"""An action as people read it: its parameters in words, and lines to copy that run it."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from apps.actions.definition import Definition
from apps.console.schema_form.fields import as_text, facts_of, in_order, types_of
from apps.core.types import JsonObject, JsonValue

#: What stands in an example for a value that only the reader knows.
_SAMPLES: dict[str, JsonValue] = {
    "string": "…", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip
#: Enumerations longer than this are cut in a table.
_MOST_VALUES = 12


@dataclass(frozen=True)
class ParameterRow:
    name: str
    type: str
    facts: list[str]
    default: str
    description: str
    is_required: bool
    is_secret: bool
    is_immutable: bool


def parameter_rows(definition: Definition) -> list[ParameterRow]:
    schema = definition.schema
    return [
        ParameterRow(
            name=name,
            type=" or ".join(sorted(types_of(item))) or "any",
            facts=[*_values(item), *facts_of(item)],
            default=as_text(item["default"]) if "default" in item else "",
            description=str(item.get("description", "")),
            is_required=name in schema.required,
            is_secret=name in schema.secrets,
            is_immutable=name in schema.immutable,
        )
        for name, item in in_order(definition.parameters)
    ]


def cli_line(ref: str, definition: Definition) -> str:
    return " ".join(["attune run", ref, *_words(definition), "--follow"])


def curl_line(ref: str, definition: Definition, *, origin: str) -> str:
    parameters = {
        name: "…" if name in definition.schema.secrets else _sample(item) for name, item in _asked(definition)
    }
    body = orjson.dumps({"action": ref, "parameters": parameters}).decode()
    return (
        f"curl -X POST {shlex.quote(origin + '/api/v1/executions')} \\\n"
        '  -H "Authorization: Bearer $ATTUNE_TOKEN" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(body)}"
    )


def _words(definition: Definition) -> Iterator[str]:
    for name, item in _asked(definition):
        value = _sample(item)
        if name in definition.schema.secrets:
            yield shlex.quote(f"{name}=@{name}.txt")  # from a file: what is typed stays in the shell's history
        elif isinstance(value, str):
            yield shlex.quote(f"{name}={value}")
        else:
            yield shlex.quote(f"{name}:={as_text(value)}")


def _asked(definition: Definition) -> list[tuple[str, JsonObject]]:
    """The parameters without which it does not run; where there are none, the first one."""
    given = [(name, item) for name, item in in_order(definition.parameters) if name not in definition.schema.immutable]
    return [(name, item) for name, item in given if name in definition.schema.required] or given[:1]


def _sample(item: JsonObject) -> JsonValue:
    if "default" in item:
        return item["default"]
    if item.get("enum"):
        return item["enum"][0]
    return next((_SAMPLES.get(name, "…") for name in sorted(types_of(item) - {"null"})), "…")


def _values(item: JsonObject) -> Iterator[str]:
    values = item.get("enum") or []
    yield from (value if isinstance(value, str) and value else as_text(value) for value in values[:_MOST_VALUES])
    if len(values) > _MOST_VALUES:
        yield f"and {len(values) - _MOST_VALUES} more"
