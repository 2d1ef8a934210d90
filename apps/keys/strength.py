"""What is said about a value when it is saved: one that cannot be masked everywhere is worth a warning."""

from collections.abc import Iterator

import orjson

from apps.core.types import JsonValue
from apps.runner.variants import weakness_of


def warnings_of(value: JsonValue) -> list[str]:
    """Sentences that never repeat the value."""
    return list(dict.fromkeys(_warnings(value)))


def _warnings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _warnings(child)
        return
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if weakness := weakness_of(text.encode()):
        yield f"A value is {weakness}."
