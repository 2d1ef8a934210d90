"""Draws tables and pages with Rich."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.cli.output.cells import Cell
from apps.cli.output.pages import Column, Facts, Part
from apps.cli.output.terminal import is_terminal, shows_colours

#: Where nobody looks at the lines, nothing is cut: `grep` and `awk` want them whole.
_UNBOUNDED = 100_000


def draw(parts: Sequence[Part], stream: TextIO, environ: Mapping[str, str]) -> None:
    """Writes `parts` below one another; to a terminal within its width and, unless NO_COLOR says otherwise, in
    colours."""
    drawn = io.StringIO()
    console = Console(
        file=drawn,
        force_terminal=shows_colours(stream, environ),
        no_color=not shows_colours(stream, environ),
        width=None if is_terminal(stream) else _UNBOUNDED,
        markup=False,
        highlight=False,
        emoji=False,
    )
    for number, part in enumerate(parts):
        if number:
            console.print()
        if part.title:
            console.print(Text(part.title, style="bold"))
        console.print(_facts(part) if isinstance(part, Facts) else table(part.rows, part.columns))
    stream.writelines(f"{line.rstrip()}\n" for line in drawn.getvalue().removesuffix("\n").split("\n"))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> Table:
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for item in columns:
        drawn.add_column(
            item.title,
            justify="right" if item.is_number else "left",
            no_wrap=not (item.may_shrink or item.may_fold),
        )
    for row in rows:
        drawn.add_row(*(_text(item.read(row), is_cut=not item.may_fold) for item in columns))
    return drawn


def _facts(part: Facts) -> Table:
    drawn = Table.grid(padding=(0, 2, 0, 0))
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column()
    for name, cell in part.facts:
        if cell.text:
            drawn.add_row(name, _text(cell, is_cut=False))
    return drawn


def _text(cell: Cell, *, is_cut: bool) -> Text:
    # A `Text` and not a `str`, whose [brackets] Rich would take for styles.
    if is_cut:
        return Text(cell.text, style=cell.style, no_wrap=True, overflow="ellipsis")
    return Text(cell.text, style=cell.style, overflow="fold")
