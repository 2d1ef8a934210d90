"""Writes what a command has to say: data to stdout in the form that was asked for, talk to stderr."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, TextIO

from apps.cli.errors import CliError
from apps.cli.output.pages import Column, Part, Rows
from apps.cli.output.status_line import StatusLine
from apps.cli.output.terminal import harmless, is_terminal, shows_colours


class Format(Enum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class Printer:
    def __init__(self, format_: Format, environ: Mapping[str, str]) -> None:
        self.format = format_
        self._environ = environ

    @property
    def out(self) -> TextIO:
        return sys.stdout

    @property
    def err(self) -> TextIO:
        return sys.stderr

    @property
    def is_for_people(self) -> bool:
        return self.format is Format.TABLE

    def rows(self, rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], *, nothing: str) -> None:
        """A list; `nothing` is said to people when it is empty."""
        if self.format is not Format.TABLE:
            self._documents(rows)
        elif taken := list(rows):
            self.page([Rows(taken, columns)])
        else:
            self.say(nothing)

    def one(self, value: Any, describe: Callable[[], Sequence[Part]]) -> None:
        """One thing: what the API said, or the page that `describe` makes of it for people."""
        if self.format is Format.TABLE:
            self.page(describe())
        else:
            self.document(value)

    def document(self, value: Any) -> None:
        """JSON, unless YAML was asked for."""
        from apps.cli.output import documents

        write = documents.write_yaml if self.format is Format.YAML else documents.write_json
        write(value, self.out)

    def page(self, parts: Sequence[Part]) -> None:
        from apps.cli.output.drawing import draw  # Rich: 100 ms that only tables need

        draw(parts, self.out, self._environ)

    def line(self, text: str) -> None:
        """A line of data."""
        self.out.write(f"{harmless(text) if is_terminal(self.out) else text}\n")

    def say(self, text: str) -> None:
        """A line to people."""
        self.err.write(f"{harmless(text)}\n")
        self.err.flush()

    def status_line(self) -> StatusLine:
        return StatusLine(self.err, self._environ)

    def shows_colours(self, stream: TextIO) -> bool:
        return shows_colours(stream, self._environ)

    def complain(self, error: CliError) -> None:
        """What went wrong, each detail on a line of its own, and what to do."""
        red, dim, reset = ("\x1b[31m", "\x1b[2m", "\x1b[0m") if self.shows_colours(self.err) else ("", "", "")
        self.out.flush()
        self.err.write(f"{red}error:{reset} {error.code}: {harmless(error.message)}\n")
        for detail in error.details:
            self.err.write(f"  {harmless(str(detail))}\n")
        for hint in error.hints:
            self.err.write(f"{dim}  {harmless(hint)}{reset}\n")
        self.err.flush()

    def _documents(self, items: Iterable[Any]) -> None:
        from apps.cli.output import documents

        write = documents.write_yaml_list if self.format is Format.YAML else documents.write_json_list
        write(items, self.out)
