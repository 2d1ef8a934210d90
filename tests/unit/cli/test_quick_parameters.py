"""Parameters read without Pydantic are what Typer would have read."""

from typing import Annotated, Any

import pytest
import typer
from typer.core import TyperCommand
from typer.testing import CliRunner

from apps.cli.quick_parameters import QuickCommand


def read(kind: type[TyperCommand], words: list[str]) -> tuple[int, dict[str, Any]]:
    """The exit code and what the command was called with."""
    app, seen = typer.Typer(add_completion=False, rich_markup_mode=None), dict[str, Any]()

    @app.command(cls=kind)
    def called(
        number: Annotated[int | None, typer.Argument()] = None,
        names: Annotated[list[str] | None, typer.Argument()] = None,
        *,
        text: Annotated[str | None, typer.Option("--text")] = None,
        many: Annotated[list[str] | None, typer.Option("--many")] = None,
        limit: Annotated[int, typer.Option("--limit")] = 50,
        flag: Annotated[bool, typer.Option("--flag")] = False,
    ) -> None:
        seen.update(number=number, names=names, text=text, many=many, limit=limit, flag=flag)

    return CliRunner().invoke(app, words).exit_code, seen


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["5"],
        ["005", "a", "b"],
        ["--limit", "-5"],
        ["--limit", " 5 "],
        ["--limit", "5.0"],
        ["--limit", "1_000"],
        ["--limit", "x"],
        ["five"],
        ["--text", "", "--flag"],
        ["--many", "a", "--many", "b=c"],
    ],
)
def test_values_are_what_typer_reads(words: list[str]) -> None:
    assert read(QuickCommand, words) == read(TyperCommand, words)
