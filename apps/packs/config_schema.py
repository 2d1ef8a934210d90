"""`config.schema.yaml`: what a pack wants to be told by an operator, as properties like an action's parameters.

StackStorm's files are read as they are: there `required: true` and `secret: true` stand at any depth. A property that
holds a secret anywhere inside is secret as a whole, so that no part of it is ever shown.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.core.errors import ErrorCollector
from apps.core.schema import schema_error, value_errors, without_marks
from apps.core.types import JsonObject
from apps.packs.documents import PackFile

FILES = ("config.schema.yaml", "config.schema.yml")
SCHEMA: JsonObject = {
    "type": "object",
    "maxProperties": 200,
    "additionalProperties": {
        "type": "object",
        "properties": {
            "required": {"type": "boolean"},
            "secret": {"type": "boolean"},
            "description": {"type": "string"},
        },
    },
}
#: Words whose values are schemas by name, and words whose value is a schema.
_BY_NAME = ("properties", "patternProperties")
_SINGLE = ("items", "additionalProperties", "additionalItems")


def read_config_schema(folder: Path, errors: ErrorCollector) -> JsonObject:
    """The properties declared in the pack's folder, by name; none without a file. What is wrong goes to `errors`."""
    name = next((name for name in FILES if (folder / name).is_file()), None)
    file = PackFile.open(folder, name, errors) if name else None
    body = file.read(SCHEMA, errors) if file else None
    if file is None or not body:
        return {}
    declared = {name: _declared(item) for name, item in body.items()}
    for name, item in declared.items():
        _check(file, name, item, errors)
    return declared if file.can_be_kept(declared, errors) else {}


def _check(file: PackFile, name: str, item: JsonObject, errors: ErrorCollector) -> None:
    plain = without_marks(item)
    if problem := schema_error(plain):
        file.add(errors, [name], f"{name}: not a JSON Schema: {problem}")
    elif item.get("secret") and item.get("default") is not None:
        file.add(errors, [name, "default"], f"{name} is secret; a default in a file is no secret", "leave it out")
    elif item.get("default") is not None and value_errors(plain, item["default"]):
        file.add(errors, [name, "default"], f"{name}: the default does not fit its own schema")


def _declared(item: JsonObject) -> JsonObject:
    """A property with its marks on top, and plain JSON Schema below."""
    declared: JsonObject = _plain(item)
    required = item.get("required")
    marks: JsonObject = {"required": required} if isinstance(required, bool) else {}
    if marks and "required" in declared:  # the mark says it of the property, the list of what is in it
        declared["allOf"] = [*declared.get("allOf", ()), {"required": declared.pop("required")}]
    if any(_secrets(item)):
        marks["secret"] = True
    return {**declared, **marks}


def _plain(schema: Any) -> Any:
    """Without `secret`, and with `required` as the standard has it: a list of the names of properties."""
    if not isinstance(schema, dict):
        return schema
    plain = {word: value for word, value in schema.items() if word != "secret" and not _is_mark(word, value)}
    for word in _BY_NAME:
        if isinstance(plain.get(word), dict):
            plain[word] = {name: _plain(item) for name, item in plain[word].items()}
    for word in _SINGLE:
        if word in plain:
            plain[word] = _plain(plain[word])
    properties = schema.get("properties")
    if isinstance(properties, dict):
        named = [name for name, item in properties.items() if isinstance(item, dict) and item.get("required") is True]
        listed = plain.get("required", [])
        if named and isinstance(listed, list):
            plain["required"] = [*listed, *named]
    return plain


def _is_mark(word: str, value: object) -> bool:
    return word == "required" and isinstance(value, bool)


def _secrets(schema: Any) -> Iterator[bool]:
    if not isinstance(schema, dict):
        return
    yield schema.get("secret") is True
    for word in _BY_NAME:
        children = schema.get(word)
        for item in children.values() if isinstance(children, dict) else ():
            yield from _secrets(item)
    for word in _SINGLE:
        yield from _secrets(schema.get(word))
