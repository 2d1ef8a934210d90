"""The part of the form that holds the criteria: rows, or JSON, with what is wrong at its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.http import QueryDict

from apps.console.rule_form.rows import END, GROUPS, NotInRows, Row, balanced, criteria_of, rows_of
from apps.console.rule_form.words import CONDITIONS
from apps.console.schema_form.fields import as_text
from apps.core.errors import FieldError
from apps.core.types import JsonValue
from apps.runner.jsonvalue import BadValueError, load_json

_TEXTS = ("c.path", "c.operator", "c.pattern", "c.condition")
_AT = {"type": "operator", "pattern": "pattern", "condition": "condition"}


@dataclass
class CriteriaPart:
    """`rows` None: they are typed as JSON, in `text`. `errors` belong to no row."""

    rows: list[Row] | None
    text: str = ""
    errors: list[str] = field(default_factory=list)
    #: Why they cannot be shown as rows, when somebody asked for them.
    note: str = ""
    _places: Mapping[str, Row] = field(default_factory=dict)

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        return CONDITIONS

    @property
    def blank(self) -> Row:
        """What a new row begins with."""
        return Row(path="trigger.")

    @property
    def blank_group(self) -> Row:
        return Row("any")

    @property
    def is_wrong(self) -> bool:
        return bool(self.errors) or any(row.errors for row in self.rows or ())

    @property
    def lines(self) -> int:
        return min(30, max(6, self.text.count("\n") + 2))

    def value(self) -> JsonValue:
        """What is written; look at `is_wrong` afterwards."""
        if self.rows is not None:
            criteria, self._places = criteria_of(self.rows)
            return criteria
        try:
            return load_json(self.text.encode(), keys_may_repeat=False) if self.text.strip() else {}
        except BadValueError as error:
            self.errors.append(str(error))
            return {}

    def tell(self, errors: Iterable[FieldError]) -> None:
        """Puts what is wrong at its row, by the pointers of `value`."""
        for error in errors:
            found = self._row_at(error.pointer)
            if found is None:
                place = error.pointer.removeprefix("/criteria")
                self.errors.append(f"at {place}: {error.detail}" if place else error.detail)
                continue
            pointer, row = found
            name, _, inside = error.pointer[len(pointer) + 1 :].partition("/")
            row.tell(_AT.get(name, "path"), f"at /{inside}: {error.detail}" if inside else error.detail)

    def switched(self) -> "CriteriaPart":
        """The same as JSON, or as rows where they can be."""
        criteria = self.value()
        if self.is_wrong:
            return self
        if self.rows is not None:
            return CriteriaPart(None, as_text(criteria, is_indented=True))
        try:
            return CriteriaPart(rows_of(criteria))
        except NotInRows:
            self.note = "These criteria are more than rows can say."
            return self

    def _row_at(self, pointer: str) -> tuple[str, Row] | None:
        """The innermost one."""
        while pointer:
            if pointer in self._places:
                return pointer, self._places[pointer]
            pointer = pointer.rpartition("/")[0]
        return None


def part_of(criteria: JsonValue) -> CriteriaPart:
    try:
        return CriteriaPart(rows_of(criteria))
    except NotInRows:
        return CriteriaPart(None, as_text(criteria, is_indented=True))


def read_part(posted: QueryDict) -> CriteriaPart:
    if "criteria" in posted:
        return CriteriaPart(None, posted.get("criteria", "").replace("\r\n", "\n"))
    texts = zip(*(posted.getlist(name) for name in _TEXTS), strict=False)
    rows: list[Row] = []
    for kind in posted.getlist("c.kind"):
        if kind in (*GROUPS, END):
            rows.append(Row(kind))
        elif (found := next(texts, None)) is not None:
            path, operator, pattern, condition = (text.replace("\0", "") for text in found)
            rows.append(Row(path=path.strip(), operator=operator, pattern=pattern, condition=condition))
    return CriteriaPart(balanced(rows))
