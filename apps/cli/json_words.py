"""JSON on a command line: as it stands, from a file (`@FILE`), or from stdin (`@-`); files may be YAML."""

import sys
from pathlib import Path
from typing import Any

from apps.cli.errors import UsageError
from apps.cli.parameters.casting import NotCastable, strict_json


def json_object(text: str, *, option: str) -> dict[str, Any]:
    """Raises `UsageError` for anything but an object."""
    value = json_value(text, option=option)
    if not isinstance(value, dict):
        raise UsageError(f'{option}: JSON like {{"a": 1}} is expected, or @FILE.')
    return value


def json_value(text: str, *, option: str) -> Any:
    """Raises `UsageError`."""
    if text.startswith("@"):
        return document(text[1:], option=option)
    try:
        return strict_json(text)
    except NotCastable as error:
        raise UsageError(f"{option}: {error}.") from error


def document(name: str, *, option: str) -> Any:
    """What is in a file, JSON or YAML; `-` is stdin."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{option}: {name} cannot be read: {reason}.") from error
    try:
        return strict_json(text)
    except NotCastable:
        return _yaml(text, name, option)


def _yaml(text: str, name: str, option: str) -> Any:
    import yaml  # 20 ms that only files need

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        raise UsageError(f"{option}: {name} is neither JSON nor YAML{where}.") from error
