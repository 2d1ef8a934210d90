"""What an action is told, as bytes: one document in one of three formats. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson
import yaml

from apps.core.types import JsonObject, JsonValue

_NAME = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True)
class Handed:
    """What a process is given besides its public parameters. `masked` are the parts that must not be seen again."""

    parameters: JsonObject = field(default_factory=dict)
    keys: JsonObject = field(default_factory=dict)
    config: JsonObject = field(default_factory=dict)
    masked: tuple[JsonValue, ...] = ()
    #: Why the process lacks keys its action names, for people.
    lacking: tuple[str, ...] = ()


def document_of(parameters: JsonObject, secrets: JsonObject, context: JsonObject) -> JsonObject:
    return {"parameters": parameters, "secrets": secrets, "context": context}


def as_bytes(document: JsonObject, parameter_format: str) -> bytes:
    """`json` and `yaml`: the whole document; `dotenv`: one `NAME='value'` line for each parameter and secret."""
    if parameter_format == "yaml":
        return yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode()
    if parameter_format == "dotenv":
        lines = _assignments({**document["parameters"], **document["secrets"]})
        return "".join(f"{line}\n" for line in lines).encode()
    return orjson.dumps(document)


def _assignments(values: Mapping[str, JsonValue]) -> Iterator[str]:
    for name, value in values.items():
        text = value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
        quoted = text.replace("'", "'\\''")
        yield f"{_NAME.sub('_', name)}='{quoted}'"


def values_to_mask(secret: JsonValue) -> Iterator[bytes]:
    """Every value inside a secret that must not be seen: texts, numbers, and an object's or list's own JSON."""
    if isinstance(secret, dict | list):
        yield orjson.dumps(secret)
        for child in secret.values() if isinstance(secret, dict) else secret:
            yield from values_to_mask(child)
    elif isinstance(secret, str):
        if secret:
            yield secret.encode()
    elif isinstance(secret, int | float) and not isinstance(secret, bool):
        yield orjson.dumps(secret)
