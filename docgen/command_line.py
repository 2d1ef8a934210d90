"""The reference of the command line, from its commands: words, options and help texts."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from apps.cli.main import root
from docgen.markdown import code, table

#: Click's mark before a paragraph that keeps its lines.
_KEEPS_LINES = "\b\n"


def command_line() -> str:
    group: Any = typer.main.get_command(root)
    return "\n".join([_head("attune", 2), *_body(group), *_commands(group, "attune", depth=2)])


def _commands(group: Any, name: str, *, depth: int) -> Iterator[str]:
    for word in group.list_commands(None):
        command = group.commands[word]
        path = f"{name} {word}"
        yield _head(path, depth)
        yield from _body(command, path)
        if hasattr(command, "commands"):
            yield from _commands(command, path, depth=depth + 1)


def _head(path: str, depth: int) -> str:
    return f"{'#' * depth} `{path}`\n"


def _body(command: Any, path: str | None = None) -> Iterator[str]:
    yield from _paragraphs(command.help or "")
    parameters = [item for item in command.params if not getattr(item, "hidden", False) and item.name != "help"]
    if path and not hasattr(command, "commands"):
        yield f"```text\n{_usage(path, parameters)}\n```\n"
    if rows := [_row(item) for item in parameters if getattr(item, "help", None)]:
        yield table(["Word or option", "What it does"], rows)


def _usage(path: str, parameters: Sequence[Any]) -> str:
    words = [_word(item) for item in parameters if not item.opts[0].startswith("-")]
    return " ".join([path, *words, "[OPTIONS]"])


def _word(argument: Any) -> str:
    word = (argument.metavar or argument.name.upper()) + ("…" if argument.nargs == -1 else "")
    return word if argument.required else f"[{word}]"


def _row(parameter: Any) -> list[str]:
    if not parameter.opts[0].startswith("-"):
        return [code(_word(parameter)), parameter.help]
    value = f" {parameter.metavar}" if parameter.metavar else ""
    names = ", ".join(code(name + value) for name in parameter.opts)
    default = f" (default {code(parameter.default)})" if parameter.default not in (None, False, ()) else ""
    return [names, parameter.help + default]


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith(_KEEPS_LINES):
            yield f"```text\n{textwrap.dedent(paragraph.removeprefix(_KEEPS_LINES))}\n```\n"
        else:
            yield " ".join(_as_code(word) for word in paragraph.split()) + "\n"


def _as_code(word: str) -> str:
    """What a help text cannot mark: options, variables and examples of words."""
    return re.sub(r"^(--?[a-z][a-z-]*|[A-Z_]+[=_][A-Z@_]+|~/\S+?)([.,;:)]*)$", r"`\1`\2", word)
