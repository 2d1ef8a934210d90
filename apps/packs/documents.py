"""A YAML file of a pack, checked against a schema, with every error at its line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.core.errors import ErrorCollector
from apps.core.schema import value_errors
from apps.core.types import JsonObject, JsonValue
from apps.packs import yaml
from apps.runner.jsonvalue import BadValueError, check_value, escape


@dataclass(frozen=True)
class PackFile:
    """`path` is relative to the pack's folder and what messages say; `document` is its well-formed YAML."""

    path: str
    document: yaml.Document

    @classmethod
    def open(cls, folder: Path, path: str, errors: ErrorCollector) -> "PackFile | None":
        try:
            data = (folder / path).read_bytes()
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
            self.add(errors, steps, self._say(steps, error.detail), (hints or {}).get(steps[0] if steps else "", ""))
        return None if found else value

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


def pointer_steps(pointer: str) -> list[str]:
    """The steps of a JSON pointer, unescaped."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
