"""Takes apart the words behind an action: `k=v`, `k:=json`, `k=@file`, `k:=@file`, and values without a name."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from apps.cli.errors import UsageError

_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)(:?=)(.*)", re.DOTALL)
#: A file larger than this cannot be a parameter; the API takes 64 KiB in all.
_MAX_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Word:
    """`name` is None for a value that is given by position. `is_json` says that `text` is JSON and needs no cast."""

    name: str | None
    text: str
    is_json: bool = False


def read_word(word: str) -> Word:
    """Reads files that are named, `@-` is stdin. Raises `UsageError`.

    What does not begin like a name and `=` is a value by position, so `https://host/?a=b` is one; `-- a=b` cannot
    say so of a word that does begin like this: give it its name.
    """
    match = _NAMED.fullmatch(word)
    if match is None:
        return Word(None, word)
    name, sign, text = match.groups()
    if text.startswith("@"):
        text = _read_file(text[1:], name)
    return Word(name, text, is_json=sign == ":=")


def _read_file(path: str, name: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MAX_FILE_BYTES + 1) if path == "-" else _read(Path(path).expanduser())
    except OSError as error:
        raise UsageError(f"{name}: {path or 'the file'} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_FILE_BYTES:
        raise UsageError(f"{name}: {path} is larger than {_MAX_FILE_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: {path} is not text in UTF-8; encode it first, as with base64") from error


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_FILE_BYTES + 1)
