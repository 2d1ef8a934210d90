"""Answers the shell: what may come next on the line that is being typed.

The scripts in `scripts.py` call `attune` with the line up to the cursor in `_ATTUNE_COMPLETE_LINE`, and read one
completion a line: the value, a tab, and what it is. The command itself has no words then, so `script/attune` passes
everything on as it is.
"""

import shlex
from typing import Any

from typer._click.shell_completion import _resolve_context, _resolve_incomplete
from typer.core import TyperGroup

from apps.cli.output.terminal import harmless

#: Columns for what a value is; the list of the shell shall stay one.
_HELP_LENGTH = 60


def complete(command: Any, line: str) -> list[str]:
    """Lines for the shell. Whatever goes wrong ends in none: a shell shows nothing then, or its files."""
    try:
        *words, typed = _split(line)[1:]
        ctx = _resolve_context(command, {}, "attune", words)
        if isinstance(ctx.command, TyperGroup) and [*ctx._protected_args, *ctx.args]:
            return []  # behind a noun or verb that does not exist
        place, incomplete = _resolve_incomplete(ctx, words, typed)
        items = place.shell_complete(ctx, incomplete)
    except Exception:  # noqa: BLE001 - a traceback in the middle of a line that is being typed helps nobody
        return []
    before = typed[: len(typed) - len(incomplete)]  # `--status=` of `--status=fai`
    return [_line(before, item) for item in items if _is_word(item.value) and item.value.startswith(incomplete)]


def _split(line: str) -> list[str]:
    """The words as the shell would have them; the last one is what stands before the cursor, perhaps nothing."""
    lexer = shlex.shlex(f"{line}x", posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # a quote is open
        words.append(lexer.token)
    return [*words[:-1], words[-1][:-1]]


def _is_word(value: str) -> bool:
    """One that needs no quotes."""
    return value.isprintable() and " " not in value


def _line(before: str, item: Any) -> str:
    about = harmless(" ".join((item.help or "").split()))
    short = about if len(about) <= _HELP_LENGTH else f"{about[: _HELP_LENGTH - 1]}…"
    return f"{before}{item.value}\t{short}" if short else f"{before}{item.value}"
