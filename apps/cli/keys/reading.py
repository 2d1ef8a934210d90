"""Where the value of a key comes from: the command line, a file, stdin, or somebody who types it unseen."""

import getpass
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from apps.cli.errors import UsageError


@dataclass(frozen=True)
class Source:
    """What was typed about it: exactly one of the three."""

    value: str | None
    file: Path | None
    is_stdin: bool
    is_json: bool


def read_value(source: Source, stdin: TextIO) -> Any:
    """The value. Raises `UsageError`, whose text never has anything of it."""
    given = [source.value is not None, source.file is not None, source.is_stdin]
    if sum(given) != 1:
        raise UsageError("Give the value as VALUE, with --file or with --stdin: one of them.")
    text = _text(source, stdin)
    if not source.is_json:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise UsageError("The value is not JSON.") from None


def _text(source: Source, stdin: TextIO) -> str:
    if source.value is not None:
        return source.value
    if source.file is not None:
        return _without_newline(_contents(source.file))
    if stdin.isatty():
        return getpass.getpass("value: ")
    try:
        return _without_newline(stdin.read())
    except UnicodeDecodeError:
        raise UsageError("stdin: not text in UTF-8; encode it, for example as base64") from None


def _contents(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not text in UTF-8; encode it, for example as base64") from None


def _without_newline(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
