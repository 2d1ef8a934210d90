"""What all lists share: how many rows are shown, and that people hear of those that are not."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from apps.cli.output.pages import Column, fields_of
from apps.cli.session import Session

DEFAULT_LIMIT = 50

Limit = Annotated[int, typer.Option("--limit", "-n", metavar="N", help="at most so many")]
All = Annotated[bool, typer.Option("--all", "-a", help="all there are")]


def most_of(limit: int, is_all: bool) -> int | None:
    return None if is_all else limit


def show_list(
    session: Session,
    *path: object,
    columns: Sequence[Column],
    nothing: str,
    filters: Mapping[str, object] | None = None,
    most: int | None = None,
) -> None:
    """The rows of a list: a table of the columns' fields, or whole as JSON or YAML. `most` None is all.

    People are told when there are more than `most`; that costs one row.
    """
    printer, filters = session.printer, filters or {}
    if not printer.is_for_people:
        printer.rows(session.api.items(*path, most=most, **filters), columns, nothing=nothing)
        return
    asked = None if most is None else most + 1
    rows = list(session.api.items(*path, most=asked, fields=fields_of(columns), **filters))
    printer.rows(rows if most is None else rows[:most], columns, nothing=nothing)
    if most is not None and len(rows) > most:
        printer.say(f"… the first {most}; more with --limit N or --all")
