"""A YAML file of a pack, checked against a schema, with every error at its line."""

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.core.errors import ErrorCollector
from apps.core.schema import value_errors
from apps.core.types import JsonObject, JsonValue
from apps.packs import yaml
from apps.runner.jsonvalue import BadValueError, check_value, escape

#: A pipe does not hold us up.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class PackFile:
    """`path` is relative to the pack's folder and what messages say; `document` is its well-formed YAML."""

    path: str
    document: yaml.Document

    @classmethod
    def open(cls, folder: Path, path: str, errors: ErrorCollector) -> "PackFile | None":
        """The folder may be somebody else's: no link is followed, nothing is waited for, and not all is read."""
        try:
            data = _content(folder / path)
        except OSError as error:
            errors.add(path, 0, f"cannot be read: {error.strerror}")
            return None
        document = yaml.parse(data, path, errors)
        return cls(path, document) if document else None

    def read(
        self, schema: JsonObject, errors: ErrorCollector, *, hints: Mapping[str, str] | None = None
    ) -> JsonObject | None:
        """The file as JSON under `schema`, or None with all that is wrong.

        `hints`: field name → what to write instead.
        """
        value = self.document.value(schema)
        found = value_errors(schema, value)
        for error in found:
            steps = pointer_steps(error.pointer)
            hint = (hints or {}).get(steps[0] if steps else "", "")
            self.add(errors, steps, self._say(steps, _readable(error.detail) if hint else error.detail), hint)
        return None if found else value

    def sound_parts(self, schema: JsonObject) -> JsonObject:
        """Of a file that breaks its schema: the fields that are right by themselves, to look at further."""
        value = self.document.value(schema)
        fields: JsonObject = schema["properties"]
        if not isinstance(value, dict):
            return {}
        return {name: item for name, item in value.items() if name in fields and not value_errors(fields[name], item)}

    def can_be_kept(self, value: JsonValue, errors: ErrorCollector) -> bool:
        """Whether the database can hold `value`, once text that looks like a number has become text."""
        try:
            check_value(value)
        except BadValueError as error:
            steps = pointer_steps(error.pointer)
            self.add(errors, steps, self._say(steps, f"{error.reason} cannot be kept"))
            return False
        return True

    def add(self, errors: ErrorCollector, path: yaml.Path, detail: str, hint: str = "") -> None:
        pointer = "".join(f"/{escape(str(step))}" for step in path)
        errors.add(self.path, self.document.line(path), detail, hint, pointer)

    @staticmethod
    def _say(steps: list[str], detail: str) -> str:
        place = ".".join(steps)
        return f"{place}: {detail}" if place else detail


def _readable(detail: str) -> str:
    """A hint says what a pattern wants better than the pattern does."""
    value, found, _ = detail.partition(' does not match "')
    return f"{value} is not of the right form" if found else detail


def pointer_steps(pointer: str) -> list[str]:
    """The steps of a JSON pointer, unescaped."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _content(path: Path) -> bytes:
    """Up to one byte more than a file may have. Raises `OSError` for what is no regular file."""
    with open(os.open(path, _FLAGS), "rb") as file:  # noqa: PTH123 - it is a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return file.read(yaml.MAX_BYTES + 1)
