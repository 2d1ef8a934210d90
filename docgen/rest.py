"""The reference of the REST API, from the OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from docgen.markdown import code, table

_PREFIX = "/api/v1"


def rest() -> str:
    with GENERATOR_STATS.silence():
        document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    parts = []
    for tag, operations in _by_tag(document).items():
        parts.append(f"## {tag}\n")
        for method, path, operation in operations:
            parts += _operation(method, path, operation)
    parts.append("## Objects\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _object(name, schema)
    return "\n".join(parts)


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Any]]]:
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return dict(sorted(found.items()))


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{method} {path.removeprefix(_PREFIX)}`\n"
    yield operation.get("description", "").strip() + "\n"
    if rows := [_parameter(item) for item in operation.get("parameters", ()) if item["in"] != "path"]:
        yield table(["Query or header", "Type", "Meaning"], rows)
    body: Mapping[str, Any] = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
    if "schema" in body:
        yield f"Body: {_type(body['schema'])}\n"
    yield f"Answers: {_answers(operation['responses'])}\n"


def _parameter(item: Mapping[str, Any]) -> list[str]:
    return [code(item["name"]), _type(item["schema"]), item.get("description", "")]


def _answers(responses: Mapping[str, Any]) -> str:
    good = {status: body for status, body in responses.items() if status < "400"}
    told = [f"**{status}** {_content(body)}".strip() for status, body in sorted(good.items())]
    bad = ", ".join(status for status in sorted(responses) if status not in good)
    return "; ".join(told) + (f". Refusals: {bad}." if bad else ".")


def _content(response: Mapping[str, Any]) -> str:
    """JSON is the rule; other kinds are named."""
    return " or ".join(
        _type(body["schema"]) if kind == "application/json" else code(kind)
        for kind, body in response.get("content", {}).items()
    )


def _object(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if "description" in schema:
        yield f"{schema['description']}\n"
    required = schema.get("required", ())
    rows = [
        [code(field) + ("" if field in required else " (may be absent)"), _type(item), item.get("description", "")]
        for field, item in schema.get("properties", {}).items()
    ]
    yield table(["Field", "Type", "Meaning"], rows) if rows else f"{_type(schema)}\n"


def _type(schema: Mapping[str, Any]) -> str:
    """`text`, `integer or null`, `list of Worker`: a schema in a few words, objects as links to their tables."""
    name = _name_of(schema)
    return f"{name} or null" if schema.get("nullable") and name != "any JSON value" else name


def _name_of(schema: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one per kind of schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if parts := schema.get("allOf") or schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(dict.fromkeys(filter(None, map(_type, parts))))
    if "enum" in schema:
        return ", ".join(code("null" if value is None else value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"object of {_type(inner)}" if isinstance(inner, dict) and inner else "object"
    if schema.get("format") in ("date-time", "uuid", "binary"):
        return {"date-time": "moment", "uuid": "UUID", "binary": "bytes"}[schema["format"]]
    return {"string": "text", None: "any JSON value"}.get(schema.get("type"), str(schema.get("type")))
