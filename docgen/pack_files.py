"""The fields of a pack's files, from the JSON Schemas they are checked with."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.actions.files import SCHEMA as ACTION
from apps.executions.policies.pack_files import SCHEMA as POLICY
from apps.packs.manifest import SCHEMA as PACK
from apps.packs.role_files import SCHEMA as ROLE
from apps.rules.pack_files import SCHEMA as RULE
from apps.runtimes.definition import SCHEMA as RUNTIME
from apps.triggers.pack_files import SCHEMA as TRIGGER
from docgen.markdown import code, table


def pack_files() -> str:
    parts = []
    for title, schema in (
        ("pack.yaml", PACK),
        ("actions/NAME.yaml", ACTION),
        ("policies/NAME.yaml", POLICY),
        ("roles/NAME.yaml", ROLE),
        ("rules/NAME.yaml", RULE),
        ("runtimes/NAME.yaml", RUNTIME),
        ("triggers/NAME.yaml", TRIGGER),
    ):
        parts += [f"## `{title}`\n", table(["Field", "May hold"], _rows(schema, ""))]
    return "\n".join(parts)


def _rows(schema: Mapping[str, Any], prefix: str) -> Iterator[list[str]]:
    required = schema.get("required", ())
    for name, item in schema["properties"].items():
        must = " (required)" if name in required else ""
        yield [code(prefix + name) + must, _said(item)]
        if "properties" in item:
            yield from _rows(item, f"{prefix}{name}.")


def _said(item: Mapping[str, Any]) -> str:
    limits = [
        text.format(item[word])
        for word, text in (
            ("minimum", "at least {}"),
            ("exclusiveMinimum", "more than {}"),
            ("maximum", "at most {}"),
            ("minItems", "at least {} items"),
            ("maxItems", "at most {} items"),
            ("maxProperties", "at most {} entries"),
            ("maxLength", "at most {} characters"),
        )
        if word in item
    ]
    told = ", ".join([_type(item), *limits])
    return f"{told}; {item['description']}" if "description" in item else told


def _type(item: Mapping[str, Any]) -> str:
    if "enum" in item:
        return ", ".join(code(value) for value in item["enum"] if value is not None)
    if item.get("type") == "array":
        return f"a list of {_type(item['items'])}"
    names = {"string": "text", "object": "a mapping", "boolean": "`true` or `false`", "integer": "a whole number"}
    if isinstance(item["type"], list):
        return " or ".join(_type({"type": name, "items": {"type": "object"}}) for name in item["type"])
    return names.get(item["type"], str(item["type"]))
