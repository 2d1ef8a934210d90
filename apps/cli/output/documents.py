"""Writes what the API said as JSON or YAML. Lists are written as they come, a page at a time."""

import json
from collections.abc import Iterable
from typing import Any, TextIO

from apps.cli.output.terminal import harmless, is_terminal


def write_json(value: Any, stream: TextIO) -> None:
    _write(f"{_dumps(value, stream)}\n", stream)


def write_json_list(items: Iterable[Any], stream: TextIO) -> None:
    """The same text as `write_json` of a list."""
    before = "[\n  "
    for item in items:
        _write(before + _dumps(item, stream).replace("\n", "\n  "), stream)
        before = ",\n  "
    _write("[]\n" if before.startswith("[") else "\n]\n", stream)


def write_yaml(value: Any, stream: TextIO) -> None:
    import yaml  # 50 ms that only YAML needs

    _write(yaml.safe_dump(value, sort_keys=False, allow_unicode=_is_utf8(stream), width=120), stream)


def write_yaml_list(items: Iterable[Any], stream: TextIO) -> None:
    is_empty = True
    for item in items:
        write_yaml([item], stream)
        is_empty = False
    if is_empty:
        _write("[]\n", stream)


def _dumps(value: Any, stream: TextIO) -> str:
    return json.dumps(value, indent=2, ensure_ascii=not _is_utf8(stream))


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").replace("-", "").lower() == "utf8"


def _write(text: str, stream: TextIO) -> None:
    stream.write(harmless(text) if is_terminal(stream) else text)
