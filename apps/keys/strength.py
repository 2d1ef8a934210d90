"""What is said about a value when it is saved: one that cannot be masked everywhere is worth a warning."""

from collections.abc import Iterator

import orjson

from apps.core.types import JsonValue
from apps.runner.variants import MIN_BYTES

#: Words that stand in logs anyway, and that whoever guesses tries first.
COMMON = frozenset(
    {
        "admin", "administrator", "attune", "changeme", "default", "disabled", "enabled", "example", "false", "guest",
        "letmein", "localhost", "none", "null", "password", "passw0rd", "postgres", "production", "qwerty", "root",
        "secret", "staging", "success", "test", "true", "unknown", "username", "welcome", "123456", "1234567",
        "12345678", "123456789", "1234567890", "password1", "password123",
    }
)  # fmt: skip


def warnings_of(value: JsonValue) -> list[str]:
    """Sentences that never repeat the value."""
    return list(dict.fromkeys(_warnings(value)))


def _warnings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _warnings(child)
        return
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if text.lower() in COMMON:
        yield "A value is a common word: it is easily guessed, and where it stands inside other text it may be seen."
    elif len(text.encode()) < MIN_BYTES:
        yield f"A value is shorter than {MIN_BYTES} bytes: it is masked only where it stands alone."
