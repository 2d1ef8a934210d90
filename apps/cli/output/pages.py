"""What a command shows to people, as data: columns of a list, and the parts of a page about one thing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.cli.output.cells import Cell, plain


@dataclass(frozen=True)
class Column:
    """`fields` are what `read` needs of the API's row; only these are asked for."""

    title: str
    read: Callable[[Mapping[str, Any]], Cell]
    fields: tuple[str, ...]
    is_number: bool = False
    #: gives way when the terminal is too narrow
    may_shrink: bool = False
    #: goes on in the next line instead
    may_fold: bool = False


def column(
    title: str,
    field: str,
    read: Callable[[Any], Cell] = plain,
    *,
    is_number: bool = False,
    may_shrink: bool = False,
    may_fold: bool = False,
) -> Column:
    """The usual one, of a single field."""
    return Column(
        title, lambda row: read(row[field]), (field,), is_number=is_number, may_shrink=may_shrink, may_fold=may_fold
    )


def fields_of(columns: Sequence[Column]) -> str:
    """As the API's `fields` wants it."""
    return ",".join(dict.fromkeys(field for item in columns for field in item.fields))


@dataclass(frozen=True)
class Facts:
    """Names and values, one a line; empty values are left out."""

    facts: Sequence[tuple[str, Cell]]
    title: str = ""


@dataclass(frozen=True)
class Rows:
    """A table within a page."""

    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[Column]
    title: str = ""


Part = Facts | Rows
